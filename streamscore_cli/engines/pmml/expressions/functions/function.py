"""What a built-in function is: how many arguments, of which type its result is, what it does with missing ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Faults, Flags
from streamscore_cli.engines.pmml.values.types import DataType

Types = tuple[DataType, ...]
Constants = Callable[[Types, Sequence[str | None]], str | None]


class OnMissing(Enum):
    """What a missing argument does: make the result missing, make the row fail, or be the function's own business."""

    MISSING = auto()
    FAULT = auto()
    OWN = auto()


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one application: their types, the batch, whose words strings are, and rows that failed."""

    types: Types
    batch: Batch
    failed: list[Faults] = field(default_factory=list)

    def fail(self, rows: Flags, reason: str) -> None:
        """Make rows fail, whatever is to be done with results that are missing or invalid."""
        faults = self.batch.faults(rows, reason)
        if faults is not None:
            self.failed.append(faults)


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function; `result` returns None for argument types it does not take.

    `aligned`: constants take the type of the first argument that is none. `constants`: returns what is wrong with
    the arguments that are constants, given as text (None: no constant), or None.
    """

    least: int
    most: int | None
    result: Callable[[Types], DataType | None]
    compute: Callable[[Sequence[Cells], Call], Cells]
    on_missing: OnMissing = OnMissing.FAULT
    aligned: bool = False
    constants: Constants | None = None


def common_number(types: Types) -> DataType | None:
    """Return integer for integers, float where there is a float, double where there is a double."""
    if not all(kind.is_numeric for kind in types):
        return None
    if DataType.DOUBLE in types:
        return DataType.DOUBLE
    return DataType.FLOAT if DataType.FLOAT in types else DataType.INTEGER


def real_number(types: Types) -> DataType | None:
    """Return float for floats, else double."""
    common = common_number(types)
    return DataType.DOUBLE if common is DataType.INTEGER else common


def fitted(values: Cells, kind: DataType | None) -> Cells:
    """Return what arithmetic of 32 bits would have made of values computed in 64."""
    if kind is not DataType.FLOAT:
        return values
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(np.float32).astype(np.float64)
