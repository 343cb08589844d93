"""Messages of the client library as columns; it decodes none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from confluent_kafka import Message

from streamscore_cli.core.batch import RecordBatch

_value: Callable[[Message], Any] = Message.value
_key: Callable[[Message], Any] = Message.key
_partition: Callable[[Message], Any] = Message.partition
_offset: Callable[[Message], Any] = Message.offset
_headers: Callable[[Message], Any] = Message.headers
_timestamp: Callable[[Message], Any] = Message.timestamp
_milliseconds = itemgetter(1)


def record_batch(topic: str, messages: Sequence[Message]) -> RecordBatch:
    """Return messages of one topic as columns; `map` over the accessors is the fastest way that was measured."""
    headers = list(map(_headers, messages))
    return RecordBatch(
        topic,
        list(map(_value, messages)),
        list(map(_key, messages)),
        list(map(_partition, messages)),
        list(map(_offset, messages)),
        list(map(_milliseconds, map(_timestamp, messages))),
        headers if any(headers) else None,
    )
