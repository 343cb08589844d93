"""Messages of the client library as columns; it decodes none of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Message

from streamscore_cli.core.batch import Headers, RecordBatch
from streamscore_cli.core.log_events import event
from streamscore_cli.kafka.message_numbers import MessageNumbers, numbers_of

_value: Callable[[Message], Any] = Message.value
_key: Callable[[Message], Any] = Message.key
_headers: Callable[[Message], Any] = Message.headers

_warned_topics: set[str] = set()

_log = logging.getLogger("streamscore.kafka")


def record_batch(
    topic: str, messages: list[Message], numbers_from: Callable[[list[Message]], MessageNumbers] = numbers_of
) -> RecordBatch:
    """Return messages of one topic as columns."""
    headers = _headers_of(topic, messages)
    numbers = numbers_from(messages)
    return RecordBatch(
        topic,
        list(map(_value, messages)),
        list(map(_key, messages)),
        numbers.partitions,
        numbers.offsets,
        numbers.timestamps_ms,
        headers if any(headers) else None,
    )


def _headers_of(topic: str, messages: Sequence[Message]) -> list[Headers | None]:
    """Return the headers of each message; None, too, where a name is no UTF-8, which the client cannot read past.

    A message that failed once must never be asked again: the client would answer with a list that has holes.
    """
    headers: list[Headers | None] = []
    accessors = map(_headers, messages)
    while len(headers) < len(messages):
        try:
            headers.extend(accessors)  # what came before a failure stays
        except (SystemError, UnicodeError):
            _say_once(topic, messages[len(headers)])
            headers.append(None)
    return headers


def _say_once(topic: str, message: Message) -> None:
    if topic not in _warned_topics:
        _warned_topics.add(topic)
        what = "%s[%s] at offset %s has a header whose name is no UTF-8: such records are taken as without headers"
        extra = event("headers-unreadable", topic=topic, partition=message.partition(), offset=message.offset())
        _log.warning(what, topic, message.partition(), message.offset(), extra=extra)
