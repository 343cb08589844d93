"""How large a message is to a broker that compares it with max.message.bytes; it knows no topic's limit."""

from __future__ import annotations

from streamscore_cli.core.batch import Headers

BATCH_BYTES = 61
"""The header of a record batch (Kafka's message format 2)."""

RECORD_BYTES = 36
"""What a record has besides key, value and headers, at most: lengths, attributes, time, offset, count of headers."""

HEADER_BYTES = 10
"""What a header has besides its name and value, at most: their lengths."""


def message_bytes(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """Return the size in bytes of a batch with this one record, uncompressed: a few bytes too many, never too few."""
    size = BATCH_BYTES + RECORD_BYTES + len(key or b"") + len(value or b"")
    return size + headers_bytes(headers)


def headers_bytes(headers: Headers) -> int:
    """Return what headers add to a message, in bytes, at most."""
    return sum(HEADER_BYTES + len(name.encode()) + len(value or b"") for name, value in headers)
