"""Protobuf's wire format by hand, from its specification: what tests compare the library's and our bytes with."""

from __future__ import annotations

import math
import struct

WINE_FIELDS = (
    "fixed_acidity",
    "volatile_acidity",
    "citric_acid",
    "residual_sugar",
    "chlorides",
    "free_sulfur_dioxide",
    "total_sulfur_dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
)
"""Fields 1 to 11 of the original's WineRecord, all doubles; 12 is dataType."""


def varint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number % 0x80 + 0x80])
        number //= 0x80
    return out + bytes([number])


def tag(number: int, wire_type: int) -> bytes:
    return varint(number * 8 + wire_type)


def double(number: int, value: float) -> bytes:
    return tag(number, 1) + struct.pack("<d", value)


def text(number: int, value: str | bytes) -> bytes:
    encoded = value.encode() if isinstance(value, str) else value
    return tag(number, 2) + varint(len(encoded)) + encoded


def integer(number: int, value: int) -> bytes:
    return tag(number, 0) + varint(value)


def wine(values: list[float], data_type: str = "wine") -> bytes:
    """Return a wine as the original's publisher sends it: proto3, so that zeros and empty text are left out."""
    fields = b"".join(double(number, value) for number, value in enumerate(values, 1) if value != 0)
    return fields + (text(12, data_type) if data_type else b"")


def is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
