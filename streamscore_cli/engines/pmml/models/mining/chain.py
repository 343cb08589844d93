"""Chains and selections: the ensemble's answer is that of one of its segments."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.models.mining.segments import Segment, gather
from streamscore_cli.engines.pmml.values.batch import Batch, Computes, Predicts
from streamscore_cli.engines.pmml.values.column import Column, Flags, among, merged
from streamscore_cli.engines.pmml.values.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Last:
    """The answer of one segment; those before it are computed when it asks for their outputs."""

    model: int

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        return batch.prediction(self.model)


@dataclass(frozen=True, slots=True)
class Whole:
    """Where every active segment has a prediction: 1, else 0; what comes after the first without one is not asked.

    `outputs`: by segment, the slots of its output fields, which are computed whether or not there is a prediction.
    """

    segments: tuple[Segment, ...]
    outputs: tuple[tuple[int, ...], ...]

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        whole = np.ones(batch.length, dtype=bool)
        faults = None
        for segment, slots in zip(self.segments, self.outputs, strict=True):
            active, failed = segment.active(batch)
            values, more = batch.prediction(segment.model).value
            met = merged((more, *(batch.column(slot).faults for slot in slots)))
            faults = merged((faults, among(failed, whole), among(met, active & whole)))
            whole &= ~(active & np.isnan(values))
        return Column(whole.astype(np.float64), faults)


@dataclass(frozen=True, slots=True)
class Unbroken:
    """The answer of a chain where each of its segments has a prediction, elsewhere none; `whole` is a slot."""

    model: Predicts
    whole: int

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        prediction = self.model.predict(batch)
        whole, faults = batch.column(self.whole)
        if whole.all():
            return prediction
        kept = whole == 1
        value, failed = prediction.value
        return Prediction(
            Column(np.where(kept, value, math.nan), merged((faults, among(failed, kept)))),
            {name: np.where(kept[:, None], matrix, math.nan) for name, matrix in prediction.distributions.items()},
            tuple(np.where(kept, cells, math.nan) for cells in prediction.entities),
            {name: _where(kept, column) for name, column in prediction.extras.items()},
        )


def _where(kept: Flags, column: Column) -> Column:
    return Column(np.where(kept, column.values, math.nan), among(column.faults, kept))


@dataclass(frozen=True, slots=True)
class Kept:
    """A column in the rows where another one is 1, elsewhere missing."""

    slot: int
    where: int

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        return _where(batch.column(self.where).values == 1, batch.column(self.slot))


@dataclass(frozen=True, slots=True)
class First:
    """The answer of the first segment that is active in a row; `features` are those that all segments give.

    With `skip` a segment without a prediction counts as inactive.
    """

    segments: tuple[Segment, ...]
    places: tuple[tuple[int, ...], ...]
    labels: tuple[float, ...]
    features: tuple[str, ...]
    skip: bool = False

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        found = gather(self.segments, batch)
        active = found.active & ~np.isnan(found.values) if self.skip else found.active
        chosen = np.where(active.any(axis=0), np.argmax(active, axis=0), -1)
        value = np.full(batch.length, math.nan)
        shares = {name: np.full((batch.length, len(self.labels)), math.nan) for name in self.features}
        faults = None
        for place, (segment, prediction) in enumerate(zip(self.segments, found.predictions, strict=True)):
            rows = chosen == place
            value = np.where(rows, prediction.value.values, value)
            tested = (chosen >= place) | (chosen < 0)
            asked = None if segment.predicate is None else segment.predicate.evaluate(batch).faults
            needed = rows | (tested & found.active[place]) if self.skip else rows
            faults = merged((faults, among(asked, tested), among(prediction.value.faults, needed)))
            for name, matrix in shares.items():
                given = np.zeros((batch.length, len(self.labels)))
                given[:, list(self.places[place])] = prediction.distributions[name]
                matrix[rows] = given[rows]
        entity = np.where(chosen < 0, math.nan, chosen)
        return Prediction(Column(value, faults), shares, (entity,))


@dataclass(frozen=True, slots=True)
class Gated:
    """A segment's output in the rows where the segment takes part, elsewhere another column's, or missing."""

    slot: int
    predicate: Computes
    otherwise: int | None = None

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        test, output = self.predicate.evaluate(batch), batch.column(self.slot)
        active = test.values == 1
        other = Column(batch.constant(math.nan)) if self.otherwise is None else batch.column(self.otherwise)
        values = np.where(active, output.values, other.values)
        return Column(values, merged((test.faults, among(output.faults, active), among(other.faults, ~active))))


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The output of the first segment that is active in a row; None is the slot of a segment without it."""

    segments: tuple[Segment, ...]
    slots: tuple[int | None, ...]
    skip: bool = False

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values = np.full(batch.length, math.nan)
        waiting = np.ones(batch.length, dtype=bool)
        faults = None
        for segment, slot in zip(self.segments, self.slots, strict=True):
            active, failed = segment.active(batch)
            faults = merged((faults, among(failed, waiting)))
            if self.skip:
                active &= ~np.isnan(batch.prediction(segment.model).value.values)
            rows = active & waiting
            if slot is not None:
                output = batch.column(slot)
                values = np.where(rows, output.values, values)
                faults = merged((faults, among(output.faults, rows)))
            waiting &= ~active
        return Column(values, faults)
