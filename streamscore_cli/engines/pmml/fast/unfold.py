"""A tree's tests as a binary tree of comparisons of cells that are never missing; it scores nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.view import Deck
from streamscore_cli.engines.pmml.models.tree.tree import AT_MOST, EQUAL, Tests
from streamscore_cli.engines.pmml.values.column import Cells

_MOST_PER_TEST = 2


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A binary tree: its forks, parents before children, and where it starts.

    `leads` (forks, 2): where `x <= threshold` leads and where it does not, the place of a fork or ~node.
    """

    start: int
    features: NDArray[np.int32]
    thresholds: Cells
    leads: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of forks."""
        return len(self.features)


def unfold(tests: Tests, deck: Deck) -> Unfolded | None:
    """Return the tree that rows without missing cells walk through; None if it is much larger than its tests."""
    if np.isnan(tests.operand).any() or tests.sets[:, -1:].any():
        return None
    settle = _settler(tests)
    start = settle(tests.start)
    if start < 0:
        return _packed(start, [], [])
    compared = _comparisons(tests, deck)
    yes, no = tests.yes.tolist(), tests.no.tolist()
    forks: list[tuple[int, float]] = []
    leads: list[list[int]] = []
    waiting = deque([start])
    most = _MOST_PER_TEST * len(yes)
    while waiting and len(forks) <= most:
        place = waiting.popleft()
        pair = [settle(yes[place]), settle(no[place])]
        for side, lead in enumerate(pair):
            if lead >= 0:
                waiting.append(lead)
                pair[side] = len(forks) + len(waiting)
        forks.append(compared(place))
        leads.append(pair)
    return None if waiting else _packed(0, forks, leads)


def _packed(start: int, forks: list[tuple[int, float]], leads: list[list[int]]) -> Unfolded:
    return Unfolded(
        start,
        np.array([feature for feature, _ in forks], dtype=np.int32),
        np.array([threshold for _, threshold in forks], dtype=np.float64),
        np.array(leads, dtype=np.int32).reshape(-1, 2),
    )


def _settler(tests: Tests) -> Callable[[int], int]:
    """Return what leads on past tests whose answer changes nothing."""
    yes, no = tests.yes.tolist(), tests.no.tolist()

    def settle(place: int) -> int:
        while place >= 0 and yes[place] == no[place]:
            place = yes[place]
        return place

    return settle


def _comparisons(tests: Tests, deck: Deck) -> Callable[[int], tuple[int, float]]:
    """Return what makes of a test's place a feature and a threshold."""
    kinds, features, operands = tests.kind.tolist(), tests.feature.tolist(), tests.operand.tolist()
    sets = [tuple(np.flatnonzero(row[:-1]).astype(np.float64).tolist()) for row in tests.sets]

    def compared(place: int) -> tuple[int, float]:
        slot, operand = tests.slots[features[place]], operands[place]
        if kinds[place] == AT_MOST:
            return deck.column(slot), operand
        cells = (operand,) if kinds[place] == EQUAL else sets[int(operand)]
        return deck.among(slot, cells), 0.5

    return compared
