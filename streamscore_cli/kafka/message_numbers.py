"""The numbers of many messages at once, and whether one is an event; values, keys and headers have their accessors.

Where the client library keeps the numbers of a message is found out by looking for known ones in messages made for it;
where they are not found in exactly one place, the accessors are asked one by one, at five times the cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import numpy as np
from confluent_kafka import KafkaError, Message
from numpy.typing import NDArray

from streamscore_cli.core.object_memory import WORD, ObjectMemory, object_memory

_partition: Callable[[Message], Any] = Message.partition
_offset: Callable[[Message], Any] = Message.offset
_timestamp: Callable[[Message], Any] = Message.timestamp
_error: Callable[[Message], Any] = Message.error
_milliseconds = itemgetter(1)

_CREATED = 1
"""The kind of timestamp that a producer gives (TIMESTAMP_CREATE_TIME)."""

_ERROR = KafkaError(KafkaError.UNKNOWN)
_LOW_HALF = np.int64(0xFFFF_FFFF)
_KNOWN = ((0x1234_5678, 0x1122_3344_5566_7788, 0x0102_0304_0506_0708), (3, 1 << 40, 1_700_000_000_123), (77, 5, 6))


@dataclass(frozen=True, slots=True)
class MessageNumbers:
    """What messages have as numbers; `timestamps_ms` are milliseconds since the epoch, -1 or 0 where there is none."""

    partitions: NDArray[np.int64]
    offsets: NDArray[np.int64]
    timestamps_ms: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a message has its numbers, in bytes behind its address."""

    partition: int
    offset: int
    timestamp: int
    error: int


def numbers_of(messages: list[Message]) -> MessageNumbers:
    """Return the numbers of messages, none of which is an event."""
    memory, where = object_memory(), places()
    return asked(messages) if memory is None or where is None else _read(messages, memory, where)


def events_among(messages: list[Message]) -> bool:
    """Tell whether some of them are no records but events, which have an error."""
    memory, where = object_memory(), places()
    if memory is None or where is None:
        return events_asked(messages)
    errors = memory.words(memory.addresses(messages), where.error)
    return not ((errors == id(None)) | (errors == 0)).all()


def events_asked(messages: list[Message]) -> bool:
    """Return the same by asking each message."""
    return any(map(_error, messages))


def asked(messages: list[Message]) -> MessageNumbers:
    """Return the same by asking each message."""
    count = len(messages)
    return MessageNumbers(
        np.fromiter(map(_partition, messages), np.int64, count),
        np.fromiter(map(_offset, messages), np.int64, count),
        np.fromiter(map(_milliseconds, map(_timestamp, messages)), np.int64, count),
    )


def _read(messages: list[Message], memory: ObjectMemory, where: Places) -> MessageNumbers:
    addresses = memory.addresses(messages)
    return MessageNumbers(
        memory.words(addresses, where.partition) & _LOW_HALF,
        memory.words(addresses, where.offset),
        memory.words(addresses, where.timestamp),
    )


@lru_cache(maxsize=1)
def places() -> Places | None:
    """Look for numbers in messages that have known ones; None when one is not in exactly one place."""
    memory = object_memory()
    if memory is None:
        return None
    messages = [_made(*numbers) for numbers in _KNOWN]
    addresses = memory.addresses(messages)
    offsets = range(object.__basicsize__, Message.__basicsize__ - WORD + 1, WORD)
    words = {offset: memory.words(addresses, offset) for offset in offsets}
    partitions, ends, times = (np.array(column, np.int64) for column in zip(*_KNOWN, strict=True))
    found = [
        [offset for offset, word in words.items() if ((word & mask) == wanted).all()]
        for wanted, mask in ((partitions, _LOW_HALF), (ends, np.int64(-1)), (times, np.int64(-1)))
    ]
    error = np.int64(id(_ERROR))
    found.append([offset for offset, word in words.items() if (word == error).all()])
    if any(len(offsets) != 1 for offsets in found):
        return None
    return Places(*(offsets[0] for offsets in found))


def _made(partition: int, offset: int, time_ms: int) -> Message:
    return Message(topic="t", partition=partition, offset=offset, timestamp=(_CREATED, time_ms), error=_ERROR)
