"""librdkafka's documented C functions as the client library has them, declared for `ctypes`; it decides nothing.

Only what rdkafka.h says is used. The library is the very one that the Python client is linked with.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int, c_int32, c_int64, c_size_t, c_ssize_t, c_void_p
from functools import lru_cache
from typing import Any, ClassVar

from confluent_kafka import cimpl

PRODUCER = 0
CONF_OK = 0
COPY, TO_ITS_PARTITION = 0x2, 0x8
ANY_PARTITION = -1
PURGE_ALL = 0x1 | 0x2
TEXT_BYTES = 512
"""Room for the text of an error."""

DELIVERIES, LOG, ERROR, STATISTICS = 0x1, 0x4, 0x8, 0x40
"""The types of events."""

QUEUE_FULL, INVALID_ARGUMENT, FATAL = -184, -186, -150
"""The library's own errors that are told apart here."""


class Message(Structure):
    """`rd_kafka_message_t`."""

    _fields_: ClassVar = [
        ("err", c_int),
        ("rkt", c_void_p),
        ("partition", c_int32),
        ("payload", c_void_p),
        ("len", c_size_t),
        ("key", c_void_p),
        ("key_len", c_size_t),
        ("offset", c_int64),
        ("private", c_void_p),
    ]


_DECLARED: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_conf_new": (c_void_p, []),
    "rd_kafka_conf_destroy": (None, [c_void_p]),
    "rd_kafka_conf_set": (c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    "rd_kafka_conf_set_events": (None, [c_void_p, c_int]),
    "rd_kafka_new": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "rd_kafka_name": (c_char_p, [c_void_p]),
    "rd_kafka_destroy": (None, [c_void_p]),
    "rd_kafka_set_log_queue": (c_int, [c_void_p, c_void_p]),
    "rd_kafka_last_error": (c_int, []),
    "rd_kafka_fatal_error": (c_int, [c_void_p, c_char_p, c_size_t]),
    "rd_kafka_error_code": (c_int, [c_void_p]),
    "rd_kafka_error_destroy": (None, [c_void_p]),
    "rd_kafka_topic_new": (c_void_p, [c_void_p, c_char_p, c_void_p]),
    "rd_kafka_topic_name": (c_char_p, [c_void_p]),
    "rd_kafka_topic_destroy": (None, [c_void_p]),
    "rd_kafka_produce_batch": (c_int, [c_void_p, c_int32, c_int, c_void_p, c_int]),
    "rd_kafka_produceva": (c_void_p, [c_void_p, c_void_p, c_size_t]),
    "rd_kafka_headers_new": (c_void_p, [c_size_t]),
    "rd_kafka_header_add": (c_int, [c_void_p, c_char_p, c_ssize_t, c_char_p, c_ssize_t]),
    "rd_kafka_headers_destroy": (None, [c_void_p]),
    "rd_kafka_queue_get_main": (c_void_p, [c_void_p]),
    "rd_kafka_queue_destroy": (None, [c_void_p]),
    "rd_kafka_queue_poll": (c_void_p, [c_void_p, c_int]),
    "rd_kafka_event_type": (c_int, [c_void_p]),
    "rd_kafka_event_destroy": (None, [c_void_p]),
    "rd_kafka_event_message_next": (POINTER(Message), [c_void_p]),
    "rd_kafka_event_error": (c_int, [c_void_p]),
    "rd_kafka_event_error_string": (c_char_p, [c_void_p]),
    "rd_kafka_event_log": (c_int, [c_void_p, POINTER(c_char_p), POINTER(c_char_p), POINTER(c_int)]),
    "rd_kafka_event_stats": (c_char_p, [c_void_p]),
    "rd_kafka_flush": (c_int, [c_void_p, c_int]),
    "rd_kafka_purge": (c_int, [c_void_p, c_int]),
    "rd_kafka_outq_len": (c_int, [c_void_p]),
    "rd_kafka_metadata": (c_int, [c_void_p, c_int, c_void_p, POINTER(c_void_p), c_int]),
    "rd_kafka_metadata_destroy": (None, [c_void_p]),
}


@lru_cache(maxsize=1)
def librdkafka() -> ctypes.CDLL | None:
    """Return the library, its functions declared; None where it does not show them, or words have not 64 bits."""
    if ctypes.sizeof(c_void_p) != ctypes.sizeof(c_int64):
        return None
    try:
        library = ctypes.CDLL(cimpl.__file__)
        for name, (result, arguments) in _DECLARED.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (AttributeError, OSError):
        return None
    return library


class _Sized(Structure):
    _fields_: ClassVar = [("at", c_char_p), ("size", c_size_t)]


class _Content(ctypes.Union):
    _fields_: ClassVar = [
        ("text", c_char_p),
        ("number", c_int),
        ("pointer", c_void_p),
        ("sized", _Sized),
        ("room", ctypes.c_char * 64),
    ]


class Argument(Structure):
    """`rd_kafka_vu_t`: one thing that is said of a message to be produced."""

    _fields_: ClassVar = [("kind", c_int), ("content", _Content)]

    @classmethod
    def topic(cls, name: str) -> Argument:
        """Return the topic's name."""
        return cls(1, _Content(text=name.encode()))

    @classmethod
    def value(cls, value: bytes | None) -> Argument:
        """Return the value; it must live until the call ends."""
        return cls(4, _Content(sized=_Sized(value, len(value or b""))))

    @classmethod
    def key(cls, key: bytes | None) -> Argument:
        """Return the key; it must live until the call ends."""
        return cls(5, _Content(sized=_Sized(key, len(key or b""))))

    @classmethod
    def copied(cls) -> Argument:
        """Return that the value is to be copied."""
        return cls(7, _Content(number=COPY))

    @classmethod
    def headers(cls, headers: int) -> Argument:
        """Return headers, which belong to the message once it is taken."""
        return cls(10, _Content(pointer=headers))
