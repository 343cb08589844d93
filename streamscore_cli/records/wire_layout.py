"""Where the fields of one flat message lie in its bytes, learnt from a record; it reads no values.

Two records have the same layout when they have the same fields in the same order and every text and variable-length
integer has the same number of bytes: then each value is at the same place in both. That is so when the bytes at
`places` agree: tags, lengths, and the bit of each byte of a variable-length integer that says whether another follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows
from streamscore_cli.records.message_type import ScalarField, WireType

Bytes = NDArray[np.uint8]

_LONGEST_VARINT = 10
_MORE = 0x80
_ALL_BITS = 0xFF
_WIDTHS: Mapping[WireType, int] = {WireType.FIXED32: 4, WireType.FIXED64: 8}


@dataclass(frozen=True, slots=True)
class Slot:
    """The value of `field` is the bytes from `start` to `end`, tag and length not among them."""

    field: ScalarField
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WireLayout:
    """The present fields of a record, in the order of its bytes, and what tells a record that has them likewise.

    Of such a record the bytes at `places` are `wanted`, as far as `masks` go (None: all bits count).
    """

    slots: tuple[Slot, ...]
    places: Rows
    wanted: Bytes
    masks: Bytes | None

    def fits(self, matrix: Bytes) -> NDArray[np.bool_]:
        """Tell which rows of `matrix`, one record of this layout's length a row, are laid out like this."""
        found = matrix.T[self.places]
        if self.masks is not None:
            found &= self.masks[:, None]
        same = found == self.wanted[:, None]
        return np.ones(len(matrix), np.bool_) if same.all() else same.all(axis=0)


@dataclass(slots=True)
class _Walk:
    """How far a record has been read, and which of its bytes tell where the next field begins."""

    value: bytes
    masks: Bytes
    at: int = 0

    def number(self) -> int | None:
        """Pass over a tag or a length; None where it does not end, or is not written in the fewest bytes."""
        begin = self.at
        end = self.varint_end()
        if end is None or (end - begin > 1 and self.value[end - 1] == 0):
            return None
        self.masks[begin:end] = _ALL_BITS
        self.at = end
        return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(self.value[begin:end]))

    def varint_end(self) -> int | None:
        """Return where the variable-length integer that begins here ends."""
        for end in range(self.at + 1, min(self.at + _LONGEST_VARINT, len(self.value)) + 1):
            if self.value[end - 1] < _MORE:
                return end
        return None

    def slot(self, field: ScalarField) -> Slot | None:
        """Pass over the value of `field`; None where the record ends before it does."""
        if field.wire_type is WireType.VARINT:
            end = self.varint_end()
            self.masks[self.at : end] |= _MORE
        else:
            size = self.number() if field.wire_type is WireType.LENGTH_DELIMITED else _WIDTHS[field.wire_type]
            end = None if size is None else self.at + size
        if end is None or end > len(self.value):
            return None
        start, self.at = self.at, end
        return Slot(field, start, end)


def learn(value: bytes, fields: Mapping[int, ScalarField]) -> WireLayout | None:
    """Return the layout of a record, by `fields` (by number).

    None when it is for the protobuf library: broken, with fields that are not among `fields`, that have another wire
    type, come twice, exclude each other (a oneof), or whose unknown numbers are no values (a closed enum).
    """
    walk = _Walk(value, np.zeros(len(value), np.uint8))
    slots: list[Slot] = []
    seen: set[str] = set()
    while walk.at < len(value):
        tag = walk.number()
        field = None if tag is None else fields.get(tag >> 3)
        if field is None or tag is None or tag & 7 != field.wire_type or field.closed:
            return None
        group = f"oneof {field.oneof}" if field.oneof else field.name
        slot = walk.slot(field)
        if slot is None or group in seen:
            return None
        seen.add(group)
        slots.append(slot)
    return _layout(walk, slots)


def _layout(walk: _Walk, slots: list[Slot]) -> WireLayout:
    places = np.flatnonzero(walk.masks)
    masks = walk.masks[places]
    wanted = np.frombuffer(walk.value, np.uint8)[places] & masks
    return WireLayout(tuple(slots), places, wanted, None if (masks == _ALL_BITS).all() else masks)
