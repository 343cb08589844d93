"""What a compiled model is made of, and what it answers with; it scores nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.batch import Computes, Predicts
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.types import DataType


@dataclass(frozen=True, slots=True)
class InputField:
    """A field that the caller gives; without an `optional` one nothing is lost, as it can only have its replacement."""

    name: str
    type: DataType
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A declared output: a column under a name."""

    name: str
    slot: int
    type: DataType


@dataclass(frozen=True, slots=True)
class Program:
    """All that a compiled model is: its columns and models by number, its words, its inputs and its answers."""

    columns: tuple[Computes, ...]
    models: tuple[Predicts, ...]
    words: tuple[str, ...]
    inputs: tuple[InputField, ...]
    main: int
    type: DataType
    labels: tuple[str, ...]
    has_probabilities: bool
    answers: tuple[Answer, ...]
    target: str | None = None


@dataclass(slots=True)
class Result:
    """What a model answers for n rows: see `core.scores.Scores`; `reasons` says by row why it could not be scored.

    Nobody changes it; to be frozen would cost a microsecond a batch.
    """

    value: NDArray[Any]
    labels: tuple[str, ...]
    probabilities: Matrix | None
    outputs: Mapping[str, NDArray[Any]]
    reasons: Mapping[int, str] = field(default_factory=dict)


Inputs = Mapping[str, NDArray[Any]]
General = Callable[[int, Inputs], Result]


class Fast(Protocol):
    """Scores the plain rows of an eligible program its own way; bit for bit what the general way answers."""

    def score(self, length: int, inputs: Inputs, general: General) -> Result:
        """Answer `length` rows; rows (or batches) that are odd are given to `general`."""
        ...
