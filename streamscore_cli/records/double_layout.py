"""Rows of doubles and constant texts as protobuf, a batch at a time; any other row is for the library.

Such rows have one layout as long as no double is 0 (which protobuf leaves out), so that they can be written column by
column into one block of bytes and cut apart. The bytes are those that the library writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.signature import FieldType
from streamscore_cli.records.message_type import ScalarField

_FIXED_64 = 1
_LENGTH_DELIMITED = 2
_SEVEN_BITS = 0x7F


@dataclass(frozen=True, slots=True)
class LaidOut:
    """`values` are the records of the rows where `regular` is true, in order; the others are yet to be encoded."""

    values: list[bytes]
    regular: NDArray[np.bool_]


def lay_out(columns: Columns, fields: Sequence[ScalarField]) -> LaidOut | None:
    """Encode the regular rows; None where a column is neither a plain double nor the same text in every row."""
    layout: list[tuple[str, bytes, NDArray[np.float64] | None]] = []
    for field in sorted(fields, key=lambda field: field.number):
        array = columns.arrays[field.name]
        if field.type is FieldType.DOUBLE and array.dtype == np.float64 and not field.optional:
            layout.append((field.name, _varint(field.number << 3 | _FIXED_64), array))
        elif field.type is FieldType.STRING and field.enum_names is None and (text := _constant(array)):
            tag = _varint(field.number << 3 | _LENGTH_DELIMITED)
            layout.append((field.name, tag + _varint(len(text)) + text, None))
        else:
            return None
    regular = np.ones(columns.length, dtype=np.bool_)
    for _, _, doubles in layout:
        if doubles is not None:
            regular &= doubles != 0
    return LaidOut(_written(layout, regular), regular)


def _written(
    layout: Sequence[tuple[str, bytes, NDArray[np.float64] | None]], regular: NDArray[np.bool_]
) -> list[bytes]:
    parts = [
        [(f"{name} tag", f"V{len(begin)}"), *([(name, "<f8")] if doubles is not None else [])]
        for name, begin, doubles in layout
    ]
    count = int(regular.sum())
    block = np.empty(count, dtype=np.dtype(list(chain.from_iterable(parts))))
    for name, begin, doubles in layout:
        block[f"{name} tag"] = np.frombuffer(begin, dtype=f"V{len(begin)}")
        if doubles is not None:
            block[name] = doubles[regular]
    return [record for (record,) in Struct(f"{block.dtype.itemsize}s").iter_unpack(block.tobytes())]


def _constant(array: NDArray[np.object_] | NDArray[np.float64]) -> bytes:
    """Return the text that a column has in every row; nothing when there is none, or it is not one text."""
    values = set(array.tolist()) if array.dtype == object else set()
    text = values.pop() if len(values) == 1 else None
    if not isinstance(text, str):
        return b""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return b""


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > _SEVEN_BITS:
        encoded.append(number & _SEVEN_BITS | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
