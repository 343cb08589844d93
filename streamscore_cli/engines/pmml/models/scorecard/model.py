"""Scorecards, scored: points by characteristic and the ranks of reasons; how a document says them is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compiler import Expression
from streamscore_cli.engines.pmml.values.batch import Batch, Computes
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, among, merged
from streamscore_cli.engines.pmml.values.prediction import Prediction

Places = NDArray[np.intp]
REASON = "reasonCode"


@dataclass(frozen=True, slots=True)
class Attribute:
    """Points for the rows for which a predicate holds: a number, or what an expression says; `reason` is a place."""

    predicate: Computes
    points: float | Expression
    reason: int


@dataclass(frozen=True, slots=True)
class Characteristic:
    """Attributes, of which the first that holds counts, and the points it is compared with."""

    name: str
    attributes: tuple[Attribute, ...]
    baseline: float

    def evaluate(self, batch: Batch) -> tuple[Column, Places]:
        """Return the points and the places of the reasons; a row fails where no attribute holds or has points."""
        points = np.full(batch.length, math.nan)
        reasons = np.zeros(batch.length, dtype=np.intp)
        waiting = np.ones(batch.length, dtype=bool)
        faults: Faults | None = None
        for attribute in self.attributes:
            holds, found = attribute.predicate.evaluate(batch)
            faults = merged((faults, among(found, waiting)))
            taken = waiting & (holds == 1)
            waiting &= ~taken
            reasons[taken] = attribute.reason
            faults = merged((faults, _award(attribute.points, taken, points, batch)))
        reason = f"no attribute of the characteristic {self.name!r} holds or has points"
        return Column(points, merged((faults, batch.faults(np.isnan(points), reason)))), reasons


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Characteristics and the score to begin with.

    `codes`: the cells of the reasons; `sign`: 1 where points below the baseline are reasons, -1 where those above are;
    `ranks`: how many reasons are told, 0 where none are.
    """

    characteristics: tuple[Characteristic, ...]
    initial: float
    codes: tuple[float, ...]
    sign: float
    ranks: int

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        score = np.full(batch.length, self.initial)
        faults: Faults | None = None
        differences: list[Cells] = []
        reasons: list[Places] = []
        for one in self.characteristics:
            (points, found), places = one.evaluate(batch)
            faults = merged((faults, found))
            score = score + points
            differences.append(self.sign * (one.baseline - points))
            reasons.append(places)
        if not self.ranks:
            return Prediction(Column(score, faults))
        told = self._told(differences, reasons, batch.length)
        extras = {
            REASON if rank == 0 else f"{REASON}{rank + 1}": Column(told[rank], faults) for rank in range(self.ranks)
        }
        return Prediction(Column(score, faults), extras=extras)

    def _told(self, differences: list[Cells], reasons: list[Places], length: int) -> NDArray[np.float64]:
        """Return the cells of the reasons, largest sum of differences first, of equal ones the first met."""
        rows = np.arange(length)
        sums = np.zeros((len(self.codes), length))
        first = np.full((len(self.codes), length), len(differences))
        for place in reversed(range(len(differences))):
            first[reasons[place], rows] = place
        for place, difference in enumerate(differences):
            sums[reasons[place], rows] += difference
        absent = (first == len(differences)) | ~(sums >= 0)
        order = np.lexsort((first, np.where(absent, math.inf, -sums)), axis=0)
        cells = np.where(absent, math.nan, np.array(self.codes)[:, None])
        told = np.full((max(self.ranks, len(self.codes)), length), math.nan)
        told[: len(self.codes)] = np.take_along_axis(cells, order, axis=0)
        return told


def _award(points: float | Expression, taken: NDArray[np.bool_], result: Cells, batch: Batch) -> Faults | None:
    if isinstance(points, float):
        result[taken] = points
        return None
    values, faults = points.evaluate(batch)
    result[taken] = values[taken]
    return among(faults, taken)
