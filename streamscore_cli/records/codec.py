"""The port of record formats: bytes of a batch to columns and back; each format has a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from streamscore_cli.core.columns import Columns, Rows
from streamscore_cli.core.failures import Failure
from streamscore_cli.core.signature import Field


@dataclass(frozen=True, slots=True)
class Decoded:
    """`columns` holds the rows that could be decoded; `rows[i]` is the place of its row i in the batch.

    `failures` name the other rows, by their place in the batch.
    """

    columns: Columns
    rows: Rows
    failures: tuple[Failure, ...]


class RecordCodec(Protocol):
    """Turns the bytes of a batch into columns and, for publishers, columns into bytes."""

    @property
    def fields(self) -> tuple[Field, ...] | None:
        """Return the declared fields in order, or None where a format declares none (JSON without a field list)."""
        ...

    def decode(self, values: Sequence[bytes | None]) -> Decoded:
        """Decode one batch; a row that fails is a `Failure` and costs the others nothing; bad input never raises."""
        ...

    def encode(self, columns: Columns) -> list[bytes]:
        """Encode one record a row; raises `RowUnreadable` when a value does not fit its field."""
        ...
