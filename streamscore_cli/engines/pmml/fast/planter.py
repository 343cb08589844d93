"""From binary trees to a grove: numbers the leaves, fills the tables of the tops, lays out the rest; walks nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.grove import Cuts, Grove, Rest
from streamscore_cli.engines.pmml.fast.ladder import ladder_of
from streamscore_cli.engines.pmml.fast.unfold import Unfolded
from streamscore_cli.engines.pmml.fast.view import Deck
from streamscore_cli.engines.pmml.values.column import Cells

_NARROW, _WIDE = 32, 64
_LEAVES_AS_OBJECTS = 4_000
_IN_SET = 0.5

Places = NDArray[np.intp]
Leads = list[list[int]]
_Mark = tuple[float | tuple[float, ...], int, int, int]


def grove_of(trees: Sequence[Unfolded], deck: Deck) -> Grove:
    """Return the trees as a grove; sets below the tops become features of their own."""
    widest = max(map(len, trees)) + 1
    return _Planter(trees, deck, _WIDE if _NARROW < widest <= _WIDE else _NARROW).grove()


class _Planter:
    """Collects what the trees have, one after the other.

    `marks`: by feature, (threshold or cells, tree, bits that stay, bits that stay where the cell is missing).
    """

    def __init__(self, trees: Sequence[Unfolded], deck: Deck, bits: int) -> None:
        self._trees = trees
        self._bits = bits
        self._cut = bits - 1
        self._gaps = all(tree.missing is not None for tree in trees)
        self._marks: list[list[_Mark]] = [[] for _ in range(len(deck))]
        self._deck = deck

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
        small = rest is None and not any(tree.sets for tree in self._trees) and sizes.sum() <= _LEAVES_AS_OBJECTS
        cuts = [self._cuts(feature, marks) for feature, marks in enumerate(self._marks) if marks]
        ladder = ladder_of([(cut.feature, cut.thresholds) for cut in cuts])
        laddered = set() if ladder is None else set(ladder.features.tolist())
        return Grove(
            tuple(sorted(cuts, key=lambda cut: cut.feature not in laddered)),
            ladder,
            offsets,
            np.concatenate(owners),
            np.concatenate(nodes),
            rest,
            tuple(_nest(tree, int(first)) for tree, first in zip(self._trees, offsets, strict=True)) if small else (),
            self._gaps,
        )

    def _top(self, number: int, tree: Unfolded) -> list[int]:
        """Mark what the tree's first forks clear; return where its exits lead, from left to right."""
        leads: Leads = tree.leads[: self._cut].tolist()
        sizes, starts = _spread(leads)
        exits = [tree.start] * (len(leads) + 1)
        full = (1 << self._bits) - 1
        features, thresholds = tree.features[: self._cut].tolist(), tree.thresholds[: self._cut].tolist()
        missing = [0] * len(leads) if tree.missing is None else tree.missing.tolist()
        for place, pair in enumerate(leads):
            start, size = starts[place], _size(sizes, pair[0])
            kept = full & ~(((1 << size) - 1) << start)
            operand = tree.sets[place].cells if place in tree.sets else thresholds[place]
            self._marks[features[place]].append((operand, number, kept, kept if missing[place] else full))
            for lead, at in zip(pair, (start, start + size), strict=True):
                if not 0 <= lead < len(leads):
                    exits[at] = lead
        return exits

    def _cuts(self, feature: int, marks: list[_Mark]) -> Cuts:
        kind = np.uint64 if self._bits == _WIDE else np.uint32
        full = (1 << self._bits) - 1
        orders = [(float(mark[0]), *mark[1:3]) for mark in marks if not isinstance(mark[0], tuple)]
        sets = [(np.array(mark[0]), *mark[1:3]) for mark in marks if isinstance(mark[0], tuple)]
        given = np.array([threshold for threshold, _, _ in orders])
        ends = [np.concatenate((np.nextafter(cells, -np.inf), cells)) for cells, _, _ in sets]
        thresholds = np.unique(np.concatenate([given, *ends, [np.inf] if self._gaps else []]))
        table = np.full((len(thresholds) + 1, len(self._trees)), full, dtype=kind)
        for place, (_, number, kept) in zip((thresholds.searchsorted(given) + 1).tolist(), orders, strict=True):
            table[place, number] &= kind(kept)
        table = np.bitwise_and.accumulate(table, axis=0)
        for cells, number, kept in sets:  # a cell is where its threshold is the first that is not below it
            outside = np.ones(len(table), dtype=bool)
            outside[thresholds.searchsorted(cells)] = False
            table[outside, number] &= kind(kept)
        if self._gaps:  # only NaN, which sorts behind infinity, comes to the last row
            table[-1] = full
            for _, number, _, kept in marks:
                table[-1, number] &= kind(kept)
        return Cuts(feature, thresholds, table)

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
        compared = [self._deep(tree) for tree in self._trees]
        missing = [tree.missing[self._cut :] for tree in self._trees if tree.missing is not None]
        rest = Rest(
            np.array(entries, dtype=np.intp),
            np.concatenate([*(features for features, _ in compared), ends]).astype(np.intp),
            np.concatenate([*(thresholds for _, thresholds in compared), ends + np.inf]),
            np.concatenate(laid),
            count,
            max(_depth(tree, self._cut) for tree in self._trees),
            None if not self._gaps else np.concatenate([*missing, ends]).astype(bool),
        )
        return rest, nodes

    def _deep(self, tree: Unfolded) -> tuple[NDArray[np.int32], Cells]:
        """Return the features and thresholds of a tree's forks below its top."""
        features, thresholds = tree.features[self._cut :].copy(), tree.thresholds[self._cut :].copy()
        for place, among in tree.sets.items():
            if place >= self._cut:
                features[place - self._cut] = self._deck.among(among.slot, among.cells, words=among.words)
                thresholds[place - self._cut] = _IN_SET
        return features, thresholds


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
    below = tree.leads[cut:].ravel()
    forks: NDArray[np.int32] = np.setdiff1d(np.arange(cut, len(tree), dtype=np.int32), below)  # that tops lead to
    depth = 0
    while len(forks):
        leads = tree.leads[forks].ravel()
        forks = leads[leads >= 0]
        depth += 1
    return depth


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
