"""A tree's tests as a binary tree of comparisons, of cells that may be missing if that leads either way; no scores."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.view import Deck
from streamscore_cli.engines.pmml.models.tree.tree import AT_MOST, EQUAL, Tests
from streamscore_cli.engines.pmml.values.column import Cells

_MOST_PER_TEST = 2
_NEITHER = 2


@dataclass(frozen=True, slots=True)
class Among:
    """Cells of a column; `words`: they are codes."""

    slot: int
    cells: tuple[float, ...]
    words: bool


_Fork = tuple[int, float, Among | None]


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A binary tree: its forks, parents before children, and where it starts.

    `leads` (forks, 2): where `x <= threshold` leads and where it does not, the place of a fork or ~node. `missing`: by
    fork, which of them a missing x takes; None where x must not be missing. `sets`: by fork, what x is to be one of,
    for forks that compare otherwise.
    """

    start: int
    features: NDArray[np.int32]
    thresholds: Cells
    leads: NDArray[np.int32]
    missing: NDArray[np.int8] | None
    sets: Mapping[int, Among]

    def __len__(self) -> int:
        """Return the number of forks."""
        return len(self.features)


def unfold(tests: Tests, deck: Deck, *, gaps: bool) -> Unfolded | None:
    """Return the tree that rows walk through; None if it is much larger than its tests, or `gaps` lead elsewhere.

    `gaps`: cells may be missing.
    """
    if np.isnan(tests.operand).any() or tests.sets[:, -1:].any():
        return None
    settle = _settler(tests, gaps=gaps)
    start = settle(tests.start)
    if start < 0:
        return _packed(start, [], [], [] if gaps else None)
    compared, ways = _comparisons(tests, deck), _ways(tests, settle, gaps=gaps)
    forks: list[_Fork] = []
    leads: list[list[int]] = []
    missing: list[int] = []
    waiting = deque([start])
    most = _MOST_PER_TEST * len(tests.yes)
    while waiting and len(forks) <= most:
        place = waiting.popleft()
        pair, other, differs = ways(place)
        for side, lead in enumerate(pair):
            if lead >= 0:
                waiting.append(lead)
                pair[side] = len(forks) + len(waiting)
        forks.append(compared(place) if differs else (compared(place)[0], math.inf, None))
        leads.append(pair)
        missing.append(other)
    if waiting or (gaps and _NEITHER in missing):
        return None
    return _packed(0, forks, leads, missing if gaps else None)


def _packed(start: int, forks: list[_Fork], leads: list[list[int]], missing: list[int] | None) -> Unfolded:
    return Unfolded(
        start,
        np.array([feature for feature, _, _ in forks], dtype=np.int32),
        np.array([threshold for _, threshold, _ in forks], dtype=np.float64),
        np.array(leads, dtype=np.int32).reshape(-1, 2),
        None if missing is None else np.array(missing, dtype=np.int8),
        {place: among for place, (_, _, among) in enumerate(forks) if among is not None},
    )


def _settler(tests: Tests, *, gaps: bool) -> Callable[[int], int]:
    """Return what leads on past tests whose answer changes nothing."""
    yes, no, unknown = tests.yes.tolist(), tests.no.tolist(), tests.unknown.tolist()

    def settle(place: int) -> int:
        while place >= 0 and yes[place] == no[place] and (not gaps or yes[place] == unknown[place]):
            place = yes[place]
        return place

    return settle


def _ways(tests: Tests, settle: Callable[[int], int], *, gaps: bool) -> Callable[[int], tuple[list[int], int, bool]]:
    """Return what says of a test its two ways, which of them a missing cell takes, and if other cells differ at all."""
    yes, no, unknown = tests.yes.tolist(), tests.no.tolist(), tests.unknown.tolist()

    def ways(place: int) -> tuple[list[int], int, bool]:
        pair, other = [settle(yes[place]), settle(no[place])], settle(unknown[place])
        if gaps and pair[0] == pair[1] != other:
            return [pair[0], other], 1, False
        return pair, pair.index(other) if other in pair else _NEITHER, True

    return ways


def _comparisons(tests: Tests, deck: Deck) -> Callable[[int], _Fork]:
    """Return what makes of a test's place a feature, and a threshold or a set."""
    kinds, features, operands = tests.kind.tolist(), tests.feature.tolist(), tests.operand.tolist()
    sets = [tuple(np.flatnonzero(row[:-1]).astype(np.float64).tolist()) for row in tests.sets]

    def compared(place: int) -> _Fork:
        slot, operand = tests.slots[features[place]], operands[place]
        feature = deck.column(slot)
        if kinds[place] == AT_MOST:
            return feature, operand, None
        if kinds[place] == EQUAL:
            return feature, math.nan, Among(slot, (operand,), words=False)
        return feature, math.nan, Among(slot, sets[int(operand)], words=True)

    return compared
