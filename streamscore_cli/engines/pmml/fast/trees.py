"""Trees and ensembles of trees that predict by a grove; what they answer is what their general counterparts do."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.grove import FEW_PAIRS, Grove, Leaves
from streamscore_cli.engines.pmml.fast.panel import Panel, panel_of
from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.fast.planter import grove_of
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.fast.unfold import Unfolded, unfold
from streamscore_cli.engines.pmml.fast.view import Deck, View
from streamscore_cli.engines.pmml.fields.targets import Narrowed
from streamscore_cli.engines.pmml.models.mining.classify import ClassificationEnsemble, Poll, tied
from streamscore_cli.engines.pmml.models.mining.regress import Combine, RegressionEnsemble
from streamscore_cli.engines.pmml.models.tree.tree import Tree
from streamscore_cli.engines.pmml.values.batch import Batch, Predicts
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells, Column
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix, Prediction
from streamscore_cli.engines.pmml.values.sums import in_order

_SUMMED_AT_ONCE = 400_000
_WEIGHTED = {Combine.WEIGHTED_AVERAGE, Combine.WEIGHTED_SUM}
_COMBINES = {Combine.SUM, Combine.AVERAGE} | _WEIGHTED
_POLLED_BY_WEIGHT = {Poll.WEIGHTED_MAJORITY_VOTE, Poll.WEIGHTED_AVERAGE}
_VOTES = {Poll.MAJORITY_VOTE, Poll.WEIGHTED_MAJORITY_VOTE}


@dataclass(frozen=True, slots=True)
class FastTree:
    """One tree; `scores`, `ended` and `distributions` are by leaf. `slow` predicts where cells are missing."""

    slow: Tree
    view: View
    grove: Grove
    panel: Panel | None
    scores: Cells
    ended: Cells
    distributions: tuple[tuple[str, Matrix], ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        cells = self.view.cells(batch, gaps=self.grove.gaps)
        if cells is None:
            return self.slow.predict(batch)
        panel = self.panel
        if panel is None or batch.length <= FEW_PAIRS or (self.grove.gaps and np.isnan(cells).any()):
            leaves = self.grove.leaves(cells)[0]
        else:
            leaves = panel.leaves(cells)
        distributions = {feature: matrix.take(leaves, axis=0) for feature, matrix in self.distributions}
        return Prediction(Column(self.scores.take(leaves)), distributions, (self.ended.take(leaves),))


@dataclass(frozen=True, slots=True)
class FastPoll:
    """Trees that vote or whose probabilities are averaged; `ballots` (leaves, labels) have the weights in them.

    `in_order`: of equals the first in the order of the labels wins, as every leaf names all of them in this order.
    """

    slow: ClassificationEnsemble
    view: View
    grove: Grove
    ballots: NDArray[Any]
    count: float
    labels: Cells
    in_order: bool

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        cells = self.view.cells(batch, gaps=self.grove.gaps)
        if cells is None:
            return self.slow.predict(batch)
        total = summed(self.ballots, self.grove.leaves(cells))
        shares = total / self.count
        shares = rounded(shares) if self.slow.single else shares
        best = total.argmax(axis=1)
        value = self.labels.take(best)
        if not self.in_order and isinstance(batch, PlainBatch):
            rows = np.flatnonzero(tied(total, best))
            if len(rows):
                value[rows] = self.slow.predict(batch.only(rows)).value.values
        return Prediction(Column(value), {PROBABILITY: shares})


@dataclass(frozen=True, slots=True)
class FastSum:
    """Trees whose values are summed, or (`count` is not NaN) averaged; `terms` (leaves, 1) have the weights in them."""

    slow: RegressionEnsemble
    view: View
    grove: Grove
    terms: NDArray[Any]
    count: float

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        cells = self.view.cells(batch, gaps=self.grove.gaps)
        if cells is None:
            return self.slow.predict(batch)
        leaves = self.grove.leaves(cells)
        total = summed(self.terms, leaves)[:, 0]
        if not math.isnan(self.count):
            total = total / self.count
            total = rounded(total) if self.slow.single else total
        return Prediction(Column(total))


def summed(table: NDArray[Any], leaves: Leaves) -> Matrix:
    """Return (rows, width) the sums of the table's rows at `leaves` (trees, rows), the first tree's first.

    The sums are made in the table's precision, whatever it is.
    """
    trees, rows = leaves.shape
    width = table.shape[1]
    step = max(1, _SUMMED_AT_ONCE // (trees * width))
    if rows > step:
        return np.concatenate([summed(table, leaves[:, first : first + step]) for first in range(0, rows, step)])
    return in_order(table.take(leaves, axis=0)).astype(np.float64, copy=False)


def fast_tree(tree: Tree, site: Site) -> Predicts:
    """Return the tree with a grove, or as it is."""
    planted = _planted([tree], site)
    if planted is None:
        return tree
    view, grove = planted
    nodes = np.where(grove.nodes < 0, len(tree.scores) - 1, grove.nodes)
    ended = np.where(nodes == len(tree.scores) - 1, math.nan, nodes)
    distributions = tuple((feature, matrix[nodes]) for feature, matrix in tree.distributions)
    return FastTree(tree, view, grove, panel_of(grove, site.singles), tree.scores[nodes], ended, distributions)


def fast_poll(ensemble: ClassificationEnsemble, models: tuple[Predicts, ...], site: Site) -> Predicts:
    """Return the ensemble with a grove, or as it is."""
    trees = _trees([(one.model, one.predicate) for one in ensemble.segments], models)
    planted = None if trees is None else _planted(trees, site)
    if trees is None or planted is None:
        return ensemble
    view, grove = planted
    weights = _weights(ensemble, weighted=ensemble.poll in _POLLED_BY_WEIGHT)
    tables = []
    for tree, weight, columns in zip(trees, weights, ensemble.places, strict=True):
        ballots = _ballots(tree, ensemble, columns)
        if ballots is None:
            return ensemble
        tables.append(0.0 + ballots * weight)
    table = _by_leaf(grove, tables, single=ensemble.single)
    count = _total(weights, table)
    if not np.isfinite(table).all() or not 0 < count < math.inf:
        return ensemble
    every = tuple(range(len(ensemble.labels)))
    in_order = ensemble.poll not in _VOTES and all(
        tree.orders is None and columns == every for tree, columns in zip(trees, ensemble.places, strict=True)
    )
    return FastPoll(ensemble, view, grove, table, count, np.array(ensemble.labels), in_order)


def fast_sum(ensemble: RegressionEnsemble, models: tuple[Predicts, ...], site: Site) -> Predicts:
    """Return the ensemble with a grove, or as it is."""
    trees = _trees([(one.model, one.predicate) for one in ensemble.segments], models)
    planted = None if trees is None or ensemble.combine not in _COMBINES else _planted(trees, site)
    if trees is None or planted is None:
        return ensemble
    view, grove = planted
    weights = _weights(ensemble, weighted=ensemble.combine in _WEIGHTED)
    fit = rounded if ensemble.single else np.asarray
    scores = [(fit(tree.scores) * weight)[:, None] for tree, weight in zip(trees, weights, strict=True)]
    terms = _by_leaf(grove, scores, single=ensemble.single)
    count = _total(weights, terms)
    mean = ensemble.combine in {Combine.AVERAGE, Combine.WEIGHTED_AVERAGE}
    if not np.isfinite(terms).all() or (mean and not 0 < count < math.inf):
        return ensemble
    return FastSum(ensemble, view, grove, terms, count if mean else math.nan)


def _weights(ensemble: ClassificationEnsemble | RegressionEnsemble, *, weighted: bool) -> list[float]:
    weights = np.array([one.weight if weighted else 1.0 for one in ensemble.segments])
    listed: list[float] = (rounded(weights) if ensemble.single else weights).tolist()
    return listed


def _total(weights: list[float], table: NDArray[Any]) -> float:
    """Return the sum of the weights in the table's precision, the first tree's first."""
    return float(np.add.accumulate(np.array(weights, dtype=table.dtype))[-1])


def _trees(segments: list[tuple[int, object]], models: tuple[Predicts, ...]) -> list[Tree] | None:
    found = [_tree(models[number]) for number, predicate in segments if predicate is None]
    trees = [one for one in found if one is not None]
    return trees if len(trees) == len(segments) else None


def _tree(model: Predicts) -> Tree | None:
    """Return the tree that a model is, with the scores that it gives."""
    if isinstance(model, Narrowed) and isinstance(model.model, Tree):
        return replace(model.model, scores=rounded(model.model.scores))
    return model if isinstance(model, Tree) else None


def _planted(trees: list[Tree], site: Site) -> tuple[View, Grove] | None:
    """Return the trees as a grove: one for cells that may be missing, if it can be."""
    for gaps in (True, False):
        deck = Deck(site.places, site.rows, site.words)
        unfolded: list[Unfolded] = []
        for tree in trees:
            one = unfold(tree.tests, deck, gaps=gaps)
            if one is None:
                break
            unfolded.append(one)
        else:
            grove = grove_of(unfolded, deck)
            return deck.view(), grove
    return None


def _ballots(tree: Tree, ensemble: ClassificationEnsemble, columns: tuple[int, ...]) -> Matrix | None:
    if ensemble.poll in _VOTES:
        votes: Matrix = np.equal(tree.scores[:, None], np.array(ensemble.labels)).astype(np.float64)
        votes[np.isnan(tree.scores)] = math.nan
        return votes
    given = dict(tree.distributions).get(PROBABILITY)
    if given is None:
        return None
    ballots = np.zeros((len(given), len(ensemble.labels)))
    ballots[:, list(columns)] = given
    ballots[np.isnan(tree.scores)] = math.nan
    return ballots


def _by_leaf(grove: Grove, tables: list[Matrix], *, single: bool) -> NDArray[Any]:
    """Return the rows of the trees' tables (nodes, width) in the order of the leaves."""
    starts = np.cumsum([0] + [len(table) for table in tables])[:-1]
    found = np.concatenate(tables)[starts[grove.trees] + np.maximum(grove.nodes, 0)]
    table = np.where(grove.nodes[:, None] < 0, 0.0, found)
    with np.errstate(over="ignore", under="ignore"):
        return table.astype(np.float32) if single else table
