"""Records to columns with the protobuf library, message by message; what is read in bulk never comes here.

An absent field is its default (0, "", false, the enum's first name) where the type gives it no presence, else missing.
Integers travel as float64, so that beyond 2^53 they lose their last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from streamscore_cli.core.columns import Column, Columns, all_rows
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.records.codec import Decoded
from streamscore_cli.records.message_type import MessageClass, ScalarField, WireType


class MessageReader:
    """Decodes records of one message type, and says of each that fails why."""

    def __init__(self, message: MessageClass, fields: Sequence[ScalarField]) -> None:
        """Plan the columns; `fields` are those of `message`."""
        self._name = message.DESCRIPTOR.full_name
        self._parse: Callable[[Any], Message] = message.FromString
        self._builders = [(field.name, column_builder(field)) for field in fields]
        self._by_number = {field.number: field for field in fields}
        self._texts = [field.name for field in fields if field.wire_type is WireType.LENGTH_DELIMITED]

    def decode(self, values: Sequence[bytes | None]) -> Decoded:
        """Decode one batch.

        A row fails with `NULL_VALUE`, with `WRONG_TYPE` (a field of another wire type than the message's) or with
        `UNDECODABLE`: the library refuses it, or it holds bytes and none of them belongs to a field of the message.
        No bytes at all are a record of defaults: that is how protobuf writes one.
        """
        messages, rows, failures = self._messages(values)
        columns = Columns(len(messages), {name: build(messages) for name, build in self._builders})
        rejected = self._rejected(messages, columns)
        if rejected:
            failures += [failure.at(rows[row]) for row, failure in rejected.items()]
            kept = [row for row in range(len(messages)) if row not in rejected]
            columns, rows = columns.take(np.array(kept, np.intp)), [rows[row] for row in kept]
        if not failures:
            return Decoded(columns, all_rows(len(values)), ())
        return Decoded(columns, np.array(rows, np.intp), tuple(sorted(failures, key=lambda failure: failure.row)))

    def _messages(self, values: Sequence[bytes | None]) -> tuple[list[Message], Sequence[int], list[Failure]]:
        """Parse all at once; only when that fails, one by one."""
        try:
            return list(map(self._parse, values)), range(len(values)), []
        except (DecodeError, TypeError, ValueError):
            return self._one_by_one(values)

    def _one_by_one(self, values: Sequence[bytes | None]) -> tuple[list[Message], list[int], list[Failure]]:
        messages: list[Message] = []
        rows: list[int] = []
        failures: list[Failure] = []
        for row, value in enumerate(values):
            if value is None:
                failures.append(Failure(row, Stage.DECODE, Cause.NULL_VALUE, "the record has no value"))
                continue
            try:
                messages.append(self._parse(value))
                rows.append(row)
            except (DecodeError, ValueError) as error:
                reason = f"{len(value)} bytes are not a {self._name}: {error}"
                failures.append(Failure(row, Stage.DECODE, Cause.UNDECODABLE, reason))
        return messages, rows, failures

    def _rejected(self, messages: Sequence[Message], columns: Columns) -> dict[int, Failure]:
        """Find what the library lets pass: foreign messages, fields of a wrong type, text that is not UTF-8."""
        failures: dict[int, Failure] = {}
        unknown = list(map(len, map(UnknownFieldSet, messages)))
        if any(unknown):
            judged = ((row, self._judge(row, messages[row])) for row, count in enumerate(unknown) if count)
            failures.update({row: failure for row, failure in judged if failure})
        for name in self._texts:
            values = columns.arrays[name]
            if bytes in set(map(type, values)):
                reason = f"field {name} is not UTF-8"
                bad = [row for row, value in enumerate(values) if isinstance(value, bytes)]
                failures.update({row: Failure(row, Stage.DECODE, Cause.UNDECODABLE, reason) for row in bad})
        return failures

    def _judge(self, row: int, message: Message) -> Failure | None:
        """Judge a message with fields that its type does not know: fields of a later version of it are fine."""
        unknown = UnknownFieldSet(message)
        for at in range(len(unknown)):
            field = self._by_number.get(unknown[at].field_number)
            if field is not None:
                reason = _wrong_type(field, unknown[at].wire_type, unknown[at].data)
                return Failure(row, Stage.DECODE, Cause.WRONG_TYPE, reason)
        if message.ListFields():
            return None
        reason = f"{message.ByteSize()} bytes hold no field of {self._name}: another message type?"
        return Failure(row, Stage.DECODE, Cause.UNDECODABLE, reason)


def _wrong_type(field: ScalarField, wire_type: int, data: object) -> str:
    if wire_type == field.wire_type:
        return f"field {field.name} ({field.number}) has no value {data}"
    found, wanted = WireType(wire_type).name, field.wire_type.name
    return f"field {field.name} ({field.number}) is {found} on the wire where a {field.type} is {wanted}"


def column_builder(field: ScalarField) -> Callable[[Sequence[Message]], Column]:
    """Return what makes the column of `field`: float64 with NaN, or object with None, for missing."""
    get = attrgetter(field.name)
    if field.type.is_numeric:
        if not field.optional:
            return lambda messages: np.fromiter(map(get, messages), np.float64, len(messages))
        return lambda messages: np.fromiter(
            (get(message) if message.HasField(field.name) else np.nan for message in messages),
            np.float64,
            len(messages),
        )
    return lambda messages: _objects(field, list(map(get, messages)), messages)


def _objects(field: ScalarField, values: list[Any], messages: Sequence[Message]) -> Column:
    names = field.enum_names
    if names is not None:
        values = [names.get(number, number) for number in values]
    if field.optional:
        values = [
            value if message.HasField(field.name) else None for value, message in zip(values, messages, strict=True)
        ]
    column = np.empty(len(values), object)
    column[:] = values
    return column
