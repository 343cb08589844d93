"""Ensembles of classifications: votes and averaged probabilities; of equals the label that was met first wins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.models.mining.segments import Gathered, Missing, OnMissing, Segment, gather
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Column, Flags, any_of, merged
from streamscore_cli.engines.pmml.values.prediction import ORDER, PROBABILITY, Matrix, Prediction


class Poll(StrEnum):
    """How the answers of the segments become one."""

    MAJORITY_VOTE = "majorityVote"
    WEIGHTED_MAJORITY_VOTE = "weightedMajorityVote"
    AVERAGE = "average"
    WEIGHTED_AVERAGE = "weightedAverage"


_VOTES = {Poll.MAJORITY_VOTE, Poll.WEIGHTED_MAJORITY_VOTE}
_WEIGHTED = {Poll.WEIGHTED_MAJORITY_VOTE, Poll.WEIGHTED_AVERAGE}


@dataclass(frozen=True, slots=True)
class ClassificationEnsemble:
    """Segments, all classifications; `places` says where each segment's labels are among the ensemble's."""

    segments: tuple[Segment, ...]
    places: tuple[tuple[int, ...], ...]
    labels: tuple[float, ...]
    poll: Poll
    on_missing: Missing
    single: bool

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction for every row."""
        found = gather(self.segments, batch, stops=self.on_missing.treatment is OnMissing.RETURN_MISSING)
        there = ~np.isnan(found.values)
        weights = self._weights()
        total = np.zeros((batch.length, len(self.labels)))
        count = np.zeros(batch.length)
        for place, weight in enumerate(weights):
            ballot = np.where(there[place][:, None], self._ballot(found, place), 0.0)
            total = self._fit(total + self._fit(ballot * weight))
            count = self._fit(count + np.where(there[place], weight, 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = self._fit(total / count[:, None])
        mute = batch.faults(any_of(np.isnan(total), axis=1), "a segment's answer has no probabilities to average")
        gone = self._gone(found, there, total)
        shares[gone] = math.nan
        value = np.where(gone, math.nan, np.array(self.labels)[self._winners(found, total)])
        return Prediction(Column(value, merged((found.faults, mute))), {PROBABILITY: shares})

    def _winners(self, found: Gathered, total: Matrix) -> NDArray[np.intp]:
        best: NDArray[np.intp] = np.argmax(total, axis=1)
        rows = np.flatnonzero(tied(total, best))
        if len(rows):
            most = total[rows] == total[rows, best[rows]][:, None]
            best[rows] = np.argmin(np.where(most, self._met(found, rows), math.inf), axis=1)
        return best

    def _met(self, found: Gathered, rows: NDArray[np.intp]) -> Matrix:
        """Return when each label was met first in the segments' answers, as a number that only orders them."""
        width = len(self.labels)
        met = np.full((len(rows), width), math.inf)
        for place, prediction in enumerate(found.predictions):
            if self.poll in _VOTES:
                turns = np.where(found.values[place][rows, None] == np.array(self.labels), 0.0, math.nan)
            else:
                turns = np.full((len(rows), width), math.nan)
                given = prediction.distributions.get(ORDER)
                own = self.places[place]
                turns[:, list(own)] = np.arange(len(own)) if given is None else given[rows]
                turns[np.isnan(found.values[place][rows])] = math.nan
            met = np.fmin(met, turns + place * width)
        return met

    def _weights(self) -> tuple[float, ...]:
        return tuple(one.weight if self.poll in _WEIGHTED else 1.0 for one in self.segments)

    def _ballot(self, found: Gathered, place: int) -> Matrix:
        if self.poll in _VOTES:
            votes: Matrix = np.equal(found.values[place][:, None], np.array(self.labels)).astype(np.float64)
            return votes
        given = found.predictions[place].distributions[PROBABILITY]
        ballot = np.zeros((len(given), len(self.labels)))
        ballot[:, list(self.places[place])] = given
        return ballot

    def _gone(self, found: Gathered, there: Flags, total: Matrix) -> Flags:
        none = ~any_of(there)
        if self.on_missing.treatment is OnMissing.SKIP:
            return none | self.on_missing.too_many(found, self.segments)
        if self.on_missing.treatment is OnMissing.CONTINUE and self.poll in _VOTES:
            absent = np.add.reduce((found.active & ~there) * np.array(self._weights())[:, None], axis=0)
            none |= absent > total.max(axis=1)
            return none
        return found.lacking

    def _fit(self, values: Matrix) -> Matrix:
        return rounded(values) if self.single else values


def tied(total: Matrix, best: NDArray[np.intp]) -> Flags:
    """Return the rows in which several labels have the largest total, `best` being the first of them in each row."""
    flags: Flags = best + total[:, ::-1].argmax(axis=1) != total.shape[1] - 1
    return flags
