"""Records as they came from a topic, column by column; it holds raw bytes and decodes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamscore_cli.core.columns import Integers

TopicPartition = tuple[str, int]
"""A topic and a partition number."""

Headers = Sequence[tuple[str, bytes | None]]
"""Headers of one record, in order; names may repeat."""


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records of one topic, of any of its partitions, in the order consumed; every column has one item a record.

    `timestamps_ms` are milliseconds since the epoch, -1 where the record has none. `headers` is None when no record of
    the batch has any (the common case costs nothing), else one entry a record, None where it has none.
    """

    topic: str
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None]
    partitions: Integers
    offsets: Integers
    timestamps_ms: Integers
    headers: Sequence[Headers | None] | None = None

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class OutboundResults:
    """Encoded results for one topic, each to the key and the partition number of its source record."""

    topic: str
    values: Sequence[bytes]
    keys: Sequence[bytes | None]
    partitions: Integers

    def behind(self, count: int) -> OutboundResults:
        """Return the results but for the first `count`."""
        return OutboundResults(self.topic, self.values[count:], self.keys[count:], self.partitions[count:])


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An input that could not be scored: the original key, value, timestamp and headers, ours added at the end."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One message of the models topic; `value` is None for a null value."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
