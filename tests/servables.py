"""Servables that are real small models: they double, refuse, raise or wait; none pretends to be another."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import LoadAbandoned
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.models import Artifact
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field, FieldType, Signature

ONE_NUMBER = Signature((Field("x", FieldType.DOUBLE),))


class DoublingServable:
    """Answers factor times x; names the rows whose x is bad."""

    def __init__(self, factor: float = 2.0, bad_values: tuple[float, ...] = ()) -> None:
        self.signature = ONE_NUMBER
        self.factor = factor
        self.bad_values = bad_values
        self.closed = 0
        self.batches: list[int] = []
        self.cost: Callable[[int], None] = lambda _records: None

    def score(self, columns: Columns) -> Scores:
        values = columns.arrays["x"]
        self.cost(len(values))
        self.batches.append(len(values))
        failures = tuple(
            Failure(row, Stage.SCORE, Cause.INVALID_VALUE, f"x is {value}")
            for row, value in enumerate(values.tolist())
            if value in self.bad_values
        )
        return Scores(values * self.factor, failures=failures)

    def close(self) -> None:
        self.closed += 1


class RaisingServable(DoublingServable):
    """Doubles, and raises for a batch that holds the poison: an engine that cannot tell which row is bad."""

    def __init__(self, poison: float) -> None:
        super().__init__()
        self.poison = poison
        self.calls = 0

    def score(self, columns: Columns) -> Scores:
        self.calls += 1
        if np.any(columns.arrays["x"] == self.poison):
            raise ArithmeticError("cannot digest this batch")
        return super().score(columns)


class SlowServable(DoublingServable):
    """Doubles once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.let = threading.Event()

    def score(self, columns: Columns) -> Scores:
        self.entered.set()
        if not self.let.wait(10):
            raise TimeoutError
        return super().score(columns)


class FactorEngine:
    """An engine whose models are a factor as text: `3` triples; `bad` is malformed; `bomb` fails when it scores.

    `abandoned` is not loaded, because the instance stops.
    """

    name = "factor"

    def __init__(self) -> None:
        self.loaded: list[DoublingServable] = []
        self.understands_nonsense = False

    def load(self, artifact: Artifact) -> DoublingServable:
        text = artifact.data.decode()
        if self.understands_nonsense and text == "nonsense!":
            text = "0"
        if text == "abandoned":
            raise LoadAbandoned("The instance stops.")
        servable = BombServable() if text == "bomb" else DoublingServable(float(text))
        self.loaded.append(servable)
        return servable


class BombServable(DoublingServable):
    """Loads well and fails whenever it scores."""

    def score(self, columns: Columns) -> Scores:
        raise ArithmeticError("boom")
