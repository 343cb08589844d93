"""From binary trees to a grove: numbers the leaves, fills the tables of the tops, lays out the rest; walks nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.grove import Cuts, Grove, Rest
from streamscore_cli.engines.pmml.fast.unfold import Unfolded

_NARROW, _WIDE = 32, 64
_LEAVES_AS_OBJECTS = 4_000

Places = NDArray[np.intp]
Leads = list[list[int]]


def grove_of(trees: Sequence[Unfolded], features: int) -> Grove:
    """Return the trees as a grove over so many features."""
    widest = max(map(len, trees)) + 1
    return _Planter(trees, features, _WIDE if _NARROW < widest <= _WIDE else _NARROW).grove()


class _Planter:
    """Collects what the trees have, one after the other.

    `marks`: by feature, (threshold, tree, bits that stay).
    """

    def __init__(self, trees: Sequence[Unfolded], features: int, bits: int) -> None:
        self._trees = trees
        self._bits = bits
        self._cut = bits - 1
        self._marks: list[list[tuple[float, int, int]]] = [[] for _ in range(features)]

    def grove(self) -> Grove:
        """Return the grove."""
        exits = [self._top(number, tree) for number, tree in enumerate(self._trees)]
        sizes = np.array([len(one) for one in exits])
        offsets = np.cumsum(sizes) - sizes
        owners = [np.repeat(np.arange(len(exits)), sizes)]
        nodes = [np.array([~lead if lead < 0 else -1 for one in exits for lead in one])]
        rest = None
        if max(map(len, self._trees)) > self._cut:
            rest, deep = self._rest(exits)
            owners.append(np.repeat(np.arange(len(deep)), [len(one) for one in deep]))
            nodes += deep
        small = rest is None and sizes.sum() <= _LEAVES_AS_OBJECTS
        return Grove(
            tuple(self._cuts(feature, marks) for feature, marks in enumerate(self._marks) if marks),
            offsets,
            np.concatenate(owners),
            np.concatenate(nodes),
            rest,
            tuple(_nest(tree, int(first)) for tree, first in zip(self._trees, offsets, strict=True)) if small else (),
        )

    def _top(self, number: int, tree: Unfolded) -> list[int]:
        """Mark what the tree's first forks clear; return where its exits lead, from left to right."""
        leads: Leads = tree.leads[: self._cut].tolist()
        sizes, starts = _spread(leads)
        exits = [tree.start] * (len(leads) + 1)
        full = (1 << self._bits) - 1
        features, thresholds = tree.features[: self._cut].tolist(), tree.thresholds[: self._cut].tolist()
        for place, pair in enumerate(leads):
            start, size = starts[place], _size(sizes, pair[0])
            self._marks[features[place]].append((thresholds[place], number, full & ~(((1 << size) - 1) << start)))
            for lead, at in zip(pair, (start, start + size), strict=True):
                if not 0 <= lead < len(leads):
                    exits[at] = lead
        return exits

    def _cuts(self, feature: int, marks: list[tuple[float, int, int]]) -> Cuts:
        kind = np.uint64 if self._bits == _WIDE else np.uint32
        given = np.array([threshold for threshold, _, _ in marks])
        thresholds = np.unique(given)
        table = np.full((len(thresholds) + 1, len(self._trees)), (1 << self._bits) - 1, dtype=kind)
        for place, (_, number, kept) in zip((thresholds.searchsorted(given) + 1).tolist(), marks, strict=True):
            table[place, number] &= kind(kept)
        return Cuts(feature, thresholds, np.bitwise_and.accumulate(table, axis=0))

    def _rest(self, exits: list[list[int]]) -> tuple[Rest, list[Places]]:
        """Lay out the forks below the tops; return them, and by tree the nodes of the leaves there."""
        below = [max(0, len(tree) - self._cut) for tree in self._trees]
        firsts = (np.cumsum(below) - below - self._cut).tolist()
        count = end = sum(below)
        laid: list[Places] = []
        nodes: list[Places] = []
        for tree, first in zip(self._trees, firsts, strict=True):
            leads = tree.leads[self._cut :].ravel().astype(np.intp)
            leaves = leads < 0
            nodes.append(~leads[leaves])
            leads += first
            leads[leaves] = np.arange(end, end + len(nodes[-1]))
            end += len(nodes[-1])
            laid.append(leads)
        laid.append(np.repeat(np.arange(count, end), 2))
        entries = [first + lead if lead >= 0 else -1 for one, first in zip(exits, firsts, strict=True) for lead in one]
        ends = np.zeros(end - count)
        rest = Rest(
            np.array(entries, dtype=np.intp),
            np.concatenate([*(tree.features[self._cut :] for tree in self._trees), ends]).astype(np.intp),
            np.concatenate([*(tree.thresholds[self._cut :] for tree in self._trees), ends + np.inf]),
            np.concatenate(laid),
            count,
            max(_depth(tree, self._cut) for tree in self._trees),
        )
        return rest, nodes


def _spread(leads: Leads, first: int = 0) -> tuple[list[int], list[int]]:
    """Return how many leaves are below each fork, and the number of the first of them; from left to right."""
    sizes, starts = [0] * len(leads), [first] * len(leads)
    for place in range(len(leads) - 1, -1, -1):
        sizes[place] = _size(sizes, leads[place][0]) + _size(sizes, leads[place][1])
    for place, pair in enumerate(leads):
        start = starts[place]
        for lead, at in zip(pair, (start, start + _size(sizes, pair[0])), strict=True):
            if 0 <= lead < len(leads):
                starts[lead] = at
    return sizes, starts


def _size(sizes: list[int], lead: int) -> int:
    return sizes[lead] if 0 <= lead < len(sizes) else 1


def _depth(tree: Unfolded, cut: int) -> int:
    """Return how many forks there are at most, one below the other, below a top."""
    leads = tree.leads.tolist()
    levels = [0] * len(leads)
    for place in range(len(leads) - 1, cut - 1, -1):
        levels[place] = 1 + max([levels[lead] for lead in leads[place] if lead >= 0], default=0)
    return max(levels[cut:], default=0)


def _nest(tree: Unfolded, first: int) -> object:
    """Return a tree as tuples in tuples; its leaves are numbered from `first`, from left to right."""
    leads: Leads = tree.leads.tolist()
    features, thresholds = tree.features.tolist(), tree.thresholds.tolist()
    sizes, starts = _spread(leads, first)
    nests: list[object] = [first] * (len(leads) or 1)
    for place in range(len(leads) - 1, -1, -1):
        then, otherwise = leads[place]
        left = nests[then] if then >= 0 else starts[place]
        right = nests[otherwise] if otherwise >= 0 else starts[place] + _size(sizes, then)
        nests[place] = (features[place], thresholds[place], left, right)
    return nests[0]
