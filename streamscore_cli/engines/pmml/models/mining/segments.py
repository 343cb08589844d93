"""The segments of an ensemble for one batch: which are active in which row, what they predict; nothing is combined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.batch import Batch, Computes
from streamscore_cli.engines.pmml.values.column import Faults, among, any_of, merged
from streamscore_cli.engines.pmml.values.prediction import Prediction


class OnMissing(StrEnum):
    """What a segment without a prediction does to the ensemble's."""

    CONTINUE = "continue"
    SKIP = "skipSegment"
    RETURN_MISSING = "returnMissing"


@dataclass(frozen=True, slots=True)
class Missing:
    """What segments without a prediction do; where they are skipped, `threshold` is the largest share of them."""

    treatment: OnMissing
    threshold: float = 1.0

    def too_many(self, found: Gathered, segments: tuple[Segment, ...]) -> NDArray[np.bool_]:
        """Return the rows in which segments of more than the threshold's share of all weights are skipped."""
        shares = np.array([one.weight for one in segments])[:, None] * found.active
        with np.errstate(invalid="ignore", divide="ignore"):
            skipped = np.add.reduce(np.where(np.isnan(found.values), shares, 0.0), axis=0)
            beyond: NDArray[np.bool_] = skipped / np.add.reduce(shares, axis=0) > self.threshold
        return beyond


@dataclass(frozen=True, slots=True)
class Segment:
    """A model by its number, and where it is active (None: everywhere)."""

    model: int
    predicate: Computes | None
    weight: float = 1.0

    def active(self, batch: Batch) -> tuple[NDArray[np.bool_], Faults | None]:
        """Return the rows in which the segment takes part."""
        if self.predicate is None:
            return np.ones(batch.length, dtype=bool), None
        values, faults = self.predicate.evaluate(batch)
        return values == 1, faults


@dataclass(frozen=True, slots=True)
class Gathered:
    """All segments' predictions: `values` (segments, rows), NaN where inactive or missing; `active` likewise."""

    predictions: tuple[Prediction, ...]
    values: NDArray[np.float64]
    active: NDArray[np.bool_]
    faults: Faults | None

    @property
    def lacking(self) -> NDArray[np.bool_]:
        """Return the rows in which an active segment has no prediction, or no segment is active."""
        return any_of(self.active & np.isnan(self.values)) | ~any_of(self.active)


def gather(segments: tuple[Segment, ...], batch: Batch, *, stops: bool = False) -> Gathered:
    """Return what the segments predict; an inactive segment fails no row.

    If it `stops` at the first segment without a prediction, those after it fail no row either.
    """
    predictions, actives = [], []
    faults: Faults | None = None
    values = np.full((len(segments), batch.length), math.nan)
    open_rows = np.ones(batch.length, dtype=bool)
    for place, segment in enumerate(segments):
        active, failed = segment.active(batch)
        prediction = batch.prediction(segment.model)
        found, more = prediction.value
        values[place] = found if segment.predicate is None else np.where(active, found, math.nan)
        more = more if segment.predicate is None else among(more, active)
        if stops:
            failed, more = among(failed, open_rows), among(more, open_rows)
            open_rows &= ~(active & np.isnan(values[place]))
        faults = merged((faults, failed, more))
        predictions.append(prediction)
        actives.append(active)
    return Gathered(tuple(predictions), values, np.stack(actives), faults)
