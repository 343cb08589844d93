"""Values out of a matrix of bytes, one record a row, all laid out alike; which rows are so is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows
from streamscore_cli.core.distinct import WORTH_AN_ARRAY, few_keys
from streamscore_cli.records.message_type import ScalarField, WireType
from streamscore_cli.records.wire_layout import Bytes, Slot, WireLayout

Piece = NDArray[np.object_]
"""Values of some rows of an object column; only one where all rows have the same."""

_NOT_ASCII = 0x80
_WORD = 8
_LONGEST_KEY = 64
_FACTORS = np.array([pow(0xD1342543DE82EF95, power, 1 << 64) for power in range(_LONGEST_KEY // _WORD)], np.uint64)
"""By word of a text what it is multiplied by, so that texts have different sums; where they have not, that is seen."""

_FIXED: Mapping[int, str] = MappingProxyType(
    {
        FieldDescriptor.TYPE_DOUBLE: "<f8",
        FieldDescriptor.TYPE_FLOAT: "<f4",
        FieldDescriptor.TYPE_FIXED64: "<u8",
        FieldDescriptor.TYPE_SFIXED64: "<i8",
        FieldDescriptor.TYPE_FIXED32: "<u4",
        FieldDescriptor.TYPE_SFIXED32: "<i4",
    }
)


def _zigzag(number: NDArray[Any]) -> NDArray[Any]:
    return (number >> 1) ^ -(number & 1)


_VARINTS: Mapping[int, Callable[[NDArray[np.uint64]], NDArray[Any]]] = MappingProxyType(
    {
        FieldDescriptor.TYPE_INT64: lambda number: number.view(np.int64),
        FieldDescriptor.TYPE_UINT64: lambda number: number,
        FieldDescriptor.TYPE_SINT64: lambda number: _zigzag(number).view(np.int64),
        FieldDescriptor.TYPE_INT32: lambda number: number.astype(np.uint32).view(np.int32),
        FieldDescriptor.TYPE_UINT32: lambda number: number.astype(np.uint32),
        FieldDescriptor.TYPE_SINT32: lambda number: _zigzag(number.astype(np.uint32)).view(np.int32),
        FieldDescriptor.TYPE_ENUM: lambda number: number.astype(np.uint32).view(np.int32),
        FieldDescriptor.TYPE_BOOL: lambda number: number != 0,
    }
)
"""What the 64 bits of a variable-length integer mean; types of 32 bits take the lower ones."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """Where the columns of a message go: numbers to the lines of a float64 block, by name; the others are objects.

    `absent` is what a record without the field has.
    """

    numbers: Mapping[str, int]
    objects: tuple[str, ...]
    absent: Mapping[str, Any]

    @classmethod
    def of(cls, fields: Sequence[ScalarField], absent: Mapping[str, Any]) -> ColumnPlan:
        """Plan the columns of `fields`, in order."""
        numeric = [field.name for field in fields if field.type.is_numeric]
        others = tuple(field.name for field in fields if not field.type.is_numeric)
        return cls({name: line for line, name in enumerate(numeric)}, others, absent)


@dataclass(frozen=True, slots=True)
class _Run:
    """`count` numbers of one type, `step` bytes from each to the next, for lines that follow each other."""

    kind: str
    line: int
    start: int
    step: int
    count: int

    def takes(self, kind: str, line: int, start: int) -> bool:
        """Tell whether the number at `start` is the next of this run."""
        is_next = line == self.line + self.count and kind == self.kind
        return is_next and (self.count == 1 or start == self.start + self.step * self.count)

    def longer(self, start: int) -> _Run:
        """Return the run with the number at `start` too."""
        return _Run(self.kind, self.line, self.start, (start - self.start) // self.count, self.count + 1)


class StridedReader:
    """Reads records of one layout."""

    def __init__(self, layout: WireLayout, plan: ColumnPlan) -> None:
        """Plan what is read from where."""
        self.layout = layout
        self._runs = _runs(layout.slots, plan)
        self._varints = [(plan.numbers[slot.field.name], slot) for slot in layout.slots if _is_varint_number(slot)]
        present = {slot.field.name: slot for slot in layout.slots}
        self._absent = [(line, plan.absent[name]) for name, line in plan.numbers.items() if name not in present]
        self._objects = [(present.get(name), as_objects([plan.absent[name]])) for name in plan.objects]
        self._texts = [slot for slot in layout.slots if slot.field.wire_type is WireType.LENGTH_DELIMITED]

    def fits(self, matrix: Bytes) -> NDArray[np.bool_]:
        """Tell which rows can be read: they are laid out alike, and their texts are UTF-8."""
        fits = self.layout.fits(matrix)
        for slot in self._texts:
            body = matrix[:, slot.start : slot.end]
            if (body >= _NOT_ASCII).any():
                fits &= _decodable(body)
        return fits

    def numbers(self, matrix: Bytes, block: NDArray[np.float64]) -> None:
        """Write the numbers of all rows into `block`, of shape (numbers, rows)."""
        rows, length = matrix.shape
        for run in self._runs:
            found = np.ndarray((run.count, rows), run.kind, matrix, run.start, (run.step, length))
            block[run.line : run.line + run.count] = found
        for line, slot in self._varints:
            block[line] = _VARINTS[slot.field.kind](_varints(matrix, slot))
        for line, value in self._absent:
            block[line] = value

    def objects(self, matrix: Bytes) -> list[Piece]:
        """Return the values of the object columns, in the plan's order."""
        return [absent if slot is None else _object(matrix, slot) for slot, absent in self._objects]


def _is_varint_number(slot: Slot) -> bool:
    return slot.field.wire_type is WireType.VARINT and slot.field.type.is_numeric


def _runs(slots: Sequence[Slot], plan: ColumnPlan) -> list[_Run]:
    runs: list[_Run] = []
    for slot in slots:
        kind = _FIXED.get(slot.field.kind)
        if kind is None:
            continue
        line = plan.numbers[slot.field.name]
        if runs and runs[-1].takes(kind, line, slot.start):
            runs[-1] = runs[-1].longer(slot.start)
        else:
            runs.append(_Run(kind, line, slot.start, 0, 1))
    return runs


def _varints(matrix: Bytes, slot: Slot) -> NDArray[np.uint64]:
    number = np.zeros(len(matrix), np.uint64)
    for place in range(slot.end - slot.start):
        number |= (matrix[:, slot.start + place] & 0x7F).astype(np.uint64) << np.uint64(7 * place)
    return number


def _object(matrix: Bytes, slot: Slot) -> Piece:
    if slot.field.wire_type is WireType.LENGTH_DELIMITED:
        return _text(matrix[:, slot.start : slot.end])
    found = _VARINTS[slot.field.kind](_varints(matrix, slot))
    if (found == found[0]).all():
        found = found[:1]
    return as_objects(_named(slot.field, found.tolist()))


def _named(field: ScalarField, values: list[Any]) -> list[Any]:
    names = field.enum_names
    return values if names is None else [names.get(number, number) for number in values]


def _text(body: Bytes) -> Piece:
    """Return the texts of a column; one text where all rows have the same."""
    if not body.shape[1] or (body == body[0]).all():
        return as_objects([body[0].tobytes().decode()])
    found = _few_texts(body)
    if found is not None:
        firsts, codes = found
        return as_objects([body[row].tobytes().decode() for row in firsts.tolist()])[codes]
    raw = _each_row(body)
    known = {text: text.decode() for text in set(raw)}
    return as_objects(list(map(known.__getitem__, raw)))


def _few_texts(body: Bytes) -> tuple[Rows, Rows] | None:
    """Return the first row of each different text, and for each row which of those it has; None where many differ."""
    rows, width = body.shape
    if rows < WORTH_AN_ARRAY or width > _LONGEST_KEY:
        return None
    padded = np.zeros((rows, -(-width // _WORD) * _WORD), np.uint8)
    padded[:, :width] = body
    words = padded.view("<u8")
    if words.shape[1] == 1:
        return few_keys(words[:, 0])
    found = few_keys((words * _FACTORS[: words.shape[1]]).sum(axis=1, dtype=np.uint64))
    return found if found is not None and (words == words[found[0]][found[1]]).all() else None


def as_objects(values: Sequence[object]) -> Piece:
    """Return values as an object column."""
    column: Piece = np.empty(len(values), object)
    column[:] = values
    return column


def shortened(column: Piece) -> Piece:
    """Return a column, or its first row where all have the same value."""
    values = column.tolist()
    return column[:1] if values and values.count(values[0]) == len(values) else column


def joined(pieces: Sequence[tuple[int, Piece]]) -> Piece:
    """Return a column of pieces, each with the number of its rows; of one row where all have the same value."""
    if all(len(piece) == 1 for _, piece in pieces) and len({piece[0] for _, piece in pieces}) == 1:
        return pieces[0][1]
    column: Piece = np.empty(sum(count for count, _ in pieces), object)
    begin = 0
    for count, piece in pieces:
        part = column[begin : begin + count]
        if len(piece) == 1:
            part.fill(piece[0])
        else:
            part[:] = piece
        begin += count
    return column


def _decodable(body: Bytes) -> NDArray[np.bool_]:
    raw = _each_row(body)
    known = {text: _is_utf8(text) for text in set(raw)}
    return np.fromiter(map(known.__getitem__, raw), np.bool_, len(raw))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _each_row(body: Bytes) -> list[bytes]:
    """Return the bytes of each row of a matrix that is at least one byte wide."""
    rows: list[bytes] = np.ascontiguousarray(body).view(f"V{body.shape[1]}").ravel().tolist()
    return rows
