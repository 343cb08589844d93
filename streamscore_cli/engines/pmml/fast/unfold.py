"""A tree's tests as a binary tree of comparisons, of cells that may be missing if that leads either way; no scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
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
    ways = _ways(tests, gaps=gaps)
    if ways.start < 0:
        return _packed(ways, np.empty(0, np.intp), np.empty((0, 2), np.int32), tests, deck)
    levels, leads = [np.array([ways.start])], []
    count = 1
    while len(levels[-1]):
        pairs = ways.pairs[levels[-1]]
        below = pairs >= 0
        levels.append(pairs[below])
        pairs[below] = np.arange(count, count + len(levels[-1]))
        leads.append(pairs)
        count += len(levels[-1])
        if count > _MOST_PER_TEST * len(tests.yes) + 1:
            return None
    places = np.concatenate(levels)
    if gaps and (ways.missing[places] == _NEITHER).any():
        return None
    return _packed(ways, places, np.concatenate(leads), tests, deck)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Where tests lead, past those whose answer changes nothing; `start` is where a walk begins.

    By test: `pairs` (tests, 2), where `x <= threshold` leads and where it does not; `missing`, which of them a missing
    cell takes; `alike`, if all other cells go the first way. `gaps`: cells may be missing.
    """

    start: int
    pairs: NDArray[np.int32]
    missing: NDArray[np.int8]
    alike: NDArray[np.bool_]
    gaps: bool


def _ways(tests: Tests, *, gaps: bool) -> _Ways:
    idle = tests.yes == tests.no
    if gaps:
        idle &= tests.yes == tests.unknown
    ends = _ends(tests.yes, idle)

    def settled(leads: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.where(leads >= 0, ends[np.maximum(leads, 0)], leads) if len(ends) else leads

    then, otherwise, unknown = settled(tests.yes), settled(tests.no), settled(tests.unknown)
    alike = (then == otherwise) & (then != unknown) & gaps
    otherwise = np.where(alike, unknown, otherwise)
    missing = np.where(unknown == then, 0, np.where(unknown == otherwise, 1, _NEITHER)).astype(np.int8)
    start = int(settled(np.array([tests.start], np.int32))[0])
    return _Ways(start, np.stack([then, otherwise], axis=1), missing, alike, gaps)


def _ends(leads: NDArray[np.int32], idle: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return by test itself, or where one comes who is led on from it and from every idle one behind it."""
    ends = np.where(idle, leads, np.arange(len(leads), dtype=np.int32))
    while True:
        further = np.where(ends >= 0, ends[np.maximum(ends, 0)], ends)
        if np.array_equal(further, ends):
            return ends
        ends = further


def _packed(ways: _Ways, places: NDArray[np.intp], leads: NDArray[np.int32], tests: Tests, deck: Deck) -> Unfolded:
    """Return the tree whose forks are the tests at `places`."""
    slots = tests.feature[places]
    features = np.empty(len(places), np.int32)
    for slot in np.flatnonzero(np.bincount(slots)).tolist():
        features[slots == slot] = deck.column(tests.slots[slot])
    kinds, operands = tests.kind[places], tests.operand[places]
    thresholds = np.where(kinds == AT_MOST, operands, math.nan)
    alike = ways.alike[places]
    thresholds[alike] = math.inf
    sets = {}
    for place in np.flatnonzero((kinds != AT_MOST) & ~alike).tolist():
        slot, operand = tests.slots[int(slots[place])], float(operands[place])
        words = bool(kinds[place] != EQUAL)
        sets[place] = Among(slot, _members(tests, int(operand)) if words else (operand,), words)
    missing = ways.missing[places] if ways.gaps else None
    return Unfolded(min(ways.start, 0), features, thresholds, leads, missing, sets)


def _members(tests: Tests, number: int) -> tuple[float, ...]:
    """Return the cells of a set of words."""
    return tuple(np.flatnonzero(tests.sets[number][:-1]).astype(np.float64).tolist())
