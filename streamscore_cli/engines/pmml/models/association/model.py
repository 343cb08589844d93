"""Association rules asked for a record: which apply, in which order; how a document says them is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, Flags, merged
from streamscore_cli.engines.pmml.values.prediction import Prediction
from streamscore_cli.engines.pmml.values.types import DataType

Sets = NDArray[np.bool_]
_TRUTHS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
_LETTERS = {"T": 1.0, "F": 0.0}


class Algorithm(StrEnum):
    """Which rules apply to a record, by their items that it has."""

    RECOMMENDATION = "recommendation"
    EXCLUSIVE = "exclusiveRecommendation"
    ASSOCIATION = "ruleAssociation"


@dataclass(frozen=True, slots=True)
class Item:
    """A record has the item where its field is true, or where it has the value `category`; a missing one is neither."""

    slot: int
    type: DataType
    name: str
    category: float | None = None

    def held(self, batch: Batch) -> tuple[Flags, Faults | None]:
        """Return which rows have the item."""
        values, faults = batch.column(self.slot)
        if self.category is not None:
            return values == self.category, faults
        told = _truths_of_texts(values, batch) if self.type is DataType.STRING else values
        odd = ~np.isnan(values) & (told != 0) & (told != 1)
        found = batch.faults_of_values(odd, values, self.type, f"item {self.name!r} must be true or false, it is")
        return told == 1, merged((faults, found))


@dataclass(frozen=True, slots=True)
class Asked:
    """One of a model's outputs: of the rules that apply, in this order (places of rules), what the `rank`th has."""

    name: str
    algorithm: Algorithm
    order: tuple[int, ...]
    rank: int
    told: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Association:
    """Rules over sets of items.

    `sets`: (sets, items), which items each has; `antecedents` and `consequents`: by rule, the place of its set.
    """

    items: tuple[Item, ...]
    sets: Sets
    antecedents: NDArray[np.int64]
    consequents: NDArray[np.int64]
    asked: tuple[Asked, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return what the outputs ask for; there is no predicted value."""
        found = [item.held(batch) for item in self.items]
        faults = merged([failed for _, failed in found])
        have = np.stack([flags for flags, _ in found])
        whole = np.stack([np.logical_and.reduce(have[wanted], axis=0) for wanted in self.sets])
        extras = {one.name: Column(self._answer(one, whole), faults) for one in self.asked}
        return Prediction(Column(batch.constant(math.nan), faults), extras=extras)

    def _answer(self, asked: Asked, whole: Sets) -> Cells:
        applies = whole[self.antecedents]
        if asked.algorithm is Algorithm.EXCLUSIVE:
            applies = applies & ~whole[self.consequents]
        elif asked.algorithm is Algorithm.ASSOCIATION:
            applies = applies & whole[self.consequents]
        sorted_rules = applies[list(asked.order)]
        hit = sorted_rules & (np.add.accumulate(sorted_rules, axis=0) == asked.rank)
        told = np.array(asked.told)[list(asked.order)]
        answer: Cells = np.where(hit.any(axis=0), told[np.argmax(hit, axis=0)], math.nan)
        return answer


def _truths_of_texts(values: Cells, batch: Batch) -> Cells:
    texts = batch.words.decode(values).tolist()
    return np.array([math.nan if text is None else _truth(text) for text in texts], dtype=np.float64)


def _truth(text: str) -> float:
    return _LETTERS.get(text, _TRUTHS.get(text.lower(), -1.0))
