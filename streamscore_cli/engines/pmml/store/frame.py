"""The outside of a stored model: header, checksum, the place of its two parts; what is in them is not known here.

128 bytes of header, the table, zeros up to the next multiple of 64, the arrays. The header, little-endian: magic (8),
version of the format (4), zeros (4), digest of the engine that compiled (32), length of all (8), length of the table
(8), SHA-256 of everything but itself (32), zeros (32).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

from streamscore_cli.engines.pmml.store.errors import OutdatedModelError, UnreadableModelError

ALIGNMENT = 64
_MAGIC = b"\x93PMML\r\n\x1a"
_FORMAT = 1
_HEADER = struct.Struct("<8sI4x32sQQ")
_CHECKSUM = slice(64, 96)
_START = 128


def framed(table: bytes, arrays: Iterable[bytes], engine: bytes) -> bytes:
    """Return the parts with a header before them; `engine`: 32 bytes."""
    body = b"".join((bytes(_START - _CHECKSUM.stop), table, bytes(-len(table) % ALIGNMENT), *arrays))
    header = _HEADER.pack(_MAGIC, _FORMAT, engine, _CHECKSUM.stop + len(body), len(table))
    return b"".join((header, hashlib.sha256(header + body).digest(), body))


def unframed(data: memoryview, engine: bytes) -> tuple[memoryview, memoryview]:
    """Return the table and the arrays, both as views.

    Raises `OutdatedModelError` where another engine or format wrote them, `UnreadableModelError` where anything is not
    as it was written.
    """
    if len(data) < _START or data[: len(_MAGIC)] != _MAGIC:
        raise UnreadableModelError("These bytes are no stored model.")
    _, version, writer, length, size = _HEADER.unpack_from(data)
    if version != _FORMAT:
        raise OutdatedModelError(f"The stored model is of format {version}; this engine reads {_FORMAT}.")
    if writer != engine:
        raise OutdatedModelError("The stored model was compiled by another version of the engine.")
    if length != len(data) or size > length - _START:
        raise UnreadableModelError(f"The stored model has {len(data)} bytes where it says {length}.")
    digest = hashlib.sha256(data[: _HEADER.size])
    digest.update(data[_CHECKSUM.stop :])
    if digest.digest() != data[_CHECKSUM]:
        raise UnreadableModelError("The stored model's checksum is not that of its bytes.")
    end = _START + size
    return data[_START:end], data[min(length, end + -size % ALIGNMENT) :]
