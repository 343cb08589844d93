"""Rows of a file as messages of a data topic, sent at a pace; how a row is read and encoded is records/'s matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from streamscore_cli.core.columns import Column, Columns
from streamscore_cli.core.errors import RowUnreadable, UsageProblem
from streamscore_cli.publishing.pacing import Metronome, wait_for
from streamscore_cli.publishing.session import Session
from streamscore_cli.records.codec import RecordCodec

KEPT_BYTES = 64 * 1024 * 1024
"""Encoded records that are kept for the next round of a repeated file; a larger file is read again each round."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Encoded records in order; `keys` is None when none has a key."""

    values: Sequence[bytes]
    keys: Sequence[bytes | None] | None = None

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.values)

    @property
    def size_bytes(self) -> int:
        """Return the bytes of all values."""
        return sum(map(len, self.values))

    def slice(self, start: int, stop: int) -> Messages:
        """Return the messages from `start` to before `stop`."""
        return Messages(self.values[start:stop], None if self.keys is None else self.keys[start:stop])

    def at(self, places: Iterable[int]) -> Messages:
        """Return the messages at `places`, which may repeat."""
        chosen = list(places)
        keys = None if self.keys is None else [self.keys[place] for place in chosen]
        return Messages([self.values[place] for place in chosen], keys)


@dataclass(frozen=True, slots=True)
class RowEncoder:
    """Turns rows into messages: the data type filled in where rows have none, the key taken from a field.

    A codec leaves out the columns that its records have no field for, the data type's among them.
    """

    codec: RecordCodec
    data_type_field: str
    data_type: str
    key_field: str = ""

    def encode(self, columns: Columns) -> Messages:
        """Encode one message a row.

        Raises `RowUnreadable` (line = row + 1) for a value that does not fit, `UsageProblem` when there is no such key.
        """
        filled = self._with_data_type(columns)
        return Messages(self.codec.encode(filled), self._keys(filled))

    def _with_data_type(self, columns: Columns) -> Columns:
        if not self.data_type or self.data_type_field in columns.arrays:
            return columns
        column = np.full(columns.length, self.data_type, dtype=object)
        return Columns(columns.length, {**columns.arrays, self.data_type_field: column}, columns.ordered)

    def _keys(self, columns: Columns) -> list[bytes | None] | None:
        if not self.key_field:
            return None
        column = columns.arrays.get(self.key_field)
        if column is None:
            raise UsageProblem(
                f"The records have no field {self.key_field!r} to be the key; they have {', '.join(columns.names)}.",
                "Name one of these with --key, or leave --key out: then records have no key.",
            )
        return keys_of(column)


def keys_of(column: Column) -> list[bytes | None]:
    """Return the values of a column as keys: text as it is, whole numbers without a point, nothing for missing."""
    return [_key(value) for value in column.tolist()]


def _key(value: object) -> bytes | None:
    if value is None or value != value:  # noqa: PLR0124
        return None
    if isinstance(value, float) and value.is_integer():
        return b"%d" % int(value)
    return str(value).encode()


def send_messages(messages: Messages, topic: str, session: Session) -> None:
    """Hand messages over, in order."""
    send = session.outbox.send
    if messages.keys is None:
        for value in messages.values:
            send(topic, None, value)
    else:
        for key, value in zip(messages.keys, messages.values, strict=True):
            send(topic, key, value)
    session.progress(len(messages))


def publish_records(chunks: Iterable[Messages], topic: str, interval_s: float, session: Session) -> None:
    """Send the messages of all chunks, one an interval (0: as fast as it goes), until a stop is asked for."""
    beat = Metronome(interval_s, session.clock)
    for chunk in chunks:
        place = 0
        while place < len(chunk):
            if session.stop.requested:
                return
            burst = chunk.slice(place, place + beat.due())
            if len(burst):
                send_messages(burst, topic, session)
                beat.take(len(burst))
                place += len(burst)
            else:
                wait_for((beat,), session.stop)


def in_rounds(read: Callable[[], Iterable[Messages]], kept_bytes: int = KEPT_BYTES) -> Iterator[Messages]:
    """Return the chunks that `read` gives, again and again; up to `kept_bytes` from memory after the first round.

    Ends when the first round has no message at all.
    """
    kept: list[Messages] = []
    count, size_bytes = 0, 0
    for chunk in read():
        yield chunk
        count += len(chunk)
        size_bytes += chunk.size_bytes
        if size_bytes <= kept_bytes:
            kept.append(chunk)
        else:
            kept.clear()
    while count:
        yield from kept or read()


def encode_good_rows(
    columns: Columns,
    encode: Callable[[Columns], Messages],
    on_bad: Callable[[int, RowUnreadable], None],
    first: int = 0,
) -> Iterator[Messages]:
    """Encode all rows but those that do not fit, which `on_bad` is told of, as `first` + their place; it may raise."""
    while columns.length:
        try:
            yield encode(columns)
        except RowUnreadable as error:
            bad = error.line - 1
            yield from encode_good_rows(_rows(columns, 0, bad), encode, on_bad, first)
            on_bad(first + bad, error)
            columns, first = _rows(columns, bad + 1, columns.length), first + bad + 1
        else:
            return


def _rows(columns: Columns, start: int, stop: int) -> Columns:
    return columns.take(np.arange(start, stop, dtype=np.intp))
