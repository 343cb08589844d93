"""Sends a header whose name is no UTF-8, which the Python client cannot: through the C library that it brings."""

from __future__ import annotations

import ctypes
from pathlib import Path

import confluent_kafka
import pytest

_END, _TOPIC, _PARTITION, _VALUE, _FLAGS, _HEADERS = 0, 1, 3, 4, 7, 10
_COPY = 2


def send_with_header_name(brokers: str, topic: str, value: bytes, name: bytes) -> None:
    """Send one record to partition 0, with one header."""
    library = _library()
    conf, error = ctypes.c_void_p(library.rd_kafka_conf_new()), ctypes.create_string_buffer(512)
    assert library.rd_kafka_conf_set(conf, b"bootstrap.servers", brokers.encode(), error, 512) == 0
    producer = ctypes.c_void_p(library.rd_kafka_new(0, conf, error, 512))
    headers = ctypes.c_void_p(library.rd_kafka_headers_new(1))
    size = ctypes.c_ssize_t
    library.rd_kafka_header_add(headers, name, size(len(name)), b"x", size(1))
    assert (
        library.rd_kafka_producev(
            producer,
            *(_TOPIC, ctypes.c_char_p(topic.encode())),
            *(_PARTITION, ctypes.c_int32(0)),
            *(_VALUE, ctypes.c_char_p(value), ctypes.c_size_t(len(value))),
            *(_FLAGS, _COPY),
            *(_HEADERS, headers),
            _END,
        )
        == 0
    )
    assert library.rd_kafka_flush(producer, 30_000) == 0
    library.rd_kafka_destroy(producer)


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent
    found = [*folder.parent.glob("confluent_kafka.libs/librdkafka*"), *folder.glob(".dylibs/librdkafka*")]
    if not found:
        pytest.skip("the client library is not beside its package here")
    library = ctypes.CDLL(str(found[0]))
    for make in (library.rd_kafka_conf_new, library.rd_kafka_new, library.rd_kafka_headers_new):
        make.restype = ctypes.c_void_p
    return library
