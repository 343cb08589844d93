"""The top-level fields of a protobuf message, read by hand; it tells messages apart and decodes none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VARINT = 0
LENGTH_DELIMITED = 2
_FIXED_WIDTHS = {1: 8, 5: 4}
_VARINT_BYTES = 10
_CONTINUES = 0x80


class NotProtobuf(ValueError):
    """The bytes are no protobuf message."""


@dataclass(frozen=True, slots=True)
class WireField:
    """Field `number` with its wire type; `start` and `end` delimit the content of a length-delimited one."""

    number: int
    wire_type: int
    start: int
    end: int


def fields_of(data: bytes, start: int, end: int, limit: int) -> Iterator[WireField]:
    """Yield the fields of the message in `data[start:end]`, at most `limit` of them; raises `NotProtobuf`.

    Format: https://protobuf.dev/programming-guides/encoding/ (groups, wire types 3 and 4, are refused: nobody uses them
    in a model).
    """
    at = start
    for _ in range(limit):
        if at >= end:
            return
        key, at = _varint(data, at, end)
        field = _field(data, key, at, end)
        if field.end > end:
            raise NotProtobuf(f"field {field.number} ends behind the message")
        yield field
        at = field.end


def _field(data: bytes, key: int, at: int, end: int) -> WireField:
    number, wire_type = key >> 3, key & 7
    if not number:
        raise NotProtobuf("field number 0")
    if wire_type == VARINT:
        _, after = _varint(data, at, end)
        return WireField(number, wire_type, at, after)
    if wire_type == LENGTH_DELIMITED:
        length, after = _varint(data, at, end)
        return WireField(number, wire_type, after, after + length)
    if wire_type in _FIXED_WIDTHS:
        return WireField(number, wire_type, at, at + _FIXED_WIDTHS[wire_type])
    raise NotProtobuf(f"wire type {wire_type}")


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for place in range(_VARINT_BYTES):
        if at + place >= end:
            break
        byte = data[at + place]
        value |= (byte & ~_CONTINUES) << (7 * place)
        if byte < _CONTINUES:
            return value, at + place + 1
    raise NotProtobuf("a number that does not end")
