"""Records as any flat protobuf message: in bulk where many are laid out alike, else with the protobuf library.

Both give the same columns and the same failures; which type the message is, `message_type.py` finds. Decoding a batch
keeps the layouts that it met, so that a codec belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streamscore_cli.core.columns import Column, Columns, all_rows
from streamscore_cli.core.failures import Failure
from streamscore_cli.core.signature import Field
from streamscore_cli.records.bulk_reader import FEWEST, BulkReader, Gathered
from streamscore_cli.records.codec import Decoded
from streamscore_cli.records.message_type import MessageClass, scalar_fields
from streamscore_cli.records.protobuf_encoder import ProtobufEncoder
from streamscore_cli.records.protobuf_messages import MessageReader
from streamscore_cli.records.strided import ColumnPlan, joined, shortened

_NOTHING: Column = np.empty(0)


class ProtobufCodec:
    """Decodes and encodes records of one message type."""

    def __init__(self, message: MessageClass) -> None:
        """Plan the columns of `message`; raises `SettingsError` when it has none."""
        fields = scalar_fields(message)
        self._fields = tuple(field.declared for field in fields)
        self._library = MessageReader(message, fields)
        empty = self._library.decode([b""]).columns.arrays
        self._plan = ColumnPlan.of(fields, {name: array.tolist()[0] for name, array in empty.items()})
        self._bulk = BulkReader(fields, self._plan)
        self._encoder = ProtobufEncoder(message, fields)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the fields that become columns, in the order of the message's text."""
        return self._fields

    def decode(self, values: Sequence[bytes | None]) -> Decoded:
        """Decode one batch; what fails and why, `MessageReader.decode` says."""
        if len(values) < FEWEST:
            return self._library.decode(values)
        gathered = self._bulk.read(values)
        if not gathered.count:
            return self._library.decode(values)
        return self._columns(gathered, len(values), self._rest(gathered, values))

    def encode(self, columns: Columns) -> list[bytes]:
        """Encode one record a row; see `ProtobufEncoder`."""
        return self._encoder.encode(columns)

    def _rest(self, gathered: Gathered, values: Sequence[bytes | None]) -> tuple[Failure, ...]:
        """Add what the library makes of the rows that were left over; return those that failed."""
        left = gathered.left_over()
        if not len(left):
            return ()
        found = self._library.decode([values[row] for row in left.tolist()])
        if len(found.rows):
            arrays = found.columns.arrays
            room = gathered.room(len(found.rows))
            for name, line in self._plan.numbers.items():
                room[line] = arrays[name]
            gathered.add(left[found.rows], [shortened(arrays[name]) for name in self._plan.objects])
        return tuple(failure.at(int(left[failure.row])) for failure in found.failures)

    def _columns(self, gathered: Gathered, length: int, failures: tuple[Failure, ...]) -> Decoded:
        """Put the rows in order and name the columns."""
        count = gathered.count
        numbers, rows = gathered.numbers[:, :count], gathered.rows[:count]
        order = None if (rows[1:] > rows[:-1]).all() else np.argsort(rows, kind="stable")
        if order is not None:
            numbers, rows = numbers.take(order, axis=1), rows[order]
        arrays: dict[str, Column] = {field.name: _NOTHING for field in self._fields}
        arrays |= {name: numbers[line] for name, line in self._plan.numbers.items()}
        for name, pieces in zip(self._plan.objects, gathered.pieces, strict=True):
            column = joined(pieces)
            if len(column) == 1:
                column = column.repeat(count)
            elif order is not None:
                column = column[order]
            arrays[name] = column
        return Decoded(Columns(count, arrays), all_rows(length) if count == length else rows, failures)
