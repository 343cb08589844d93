"""Records read in bulk: sorted by length, each length by the layouts that its records have; the rest is left over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows, all_rows
from streamscore_cli.core.object_memory import LONGEST_ROW, ObjectMemory, object_memory
from streamscore_cli.core.payloads import lengths_of
from streamscore_cli.records.message_type import ScalarField
from streamscore_cli.records.strided import ColumnPlan, Piece, StridedReader
from streamscore_cli.records.wire_layout import Bytes, learn

FEWEST = 48
"""Fewer records of one length than this the protobuf library reads faster one by one."""

_FEW = 24
"""Fewer records of one layout than this are left over, when the others of their length have been read."""

_TRIALS = 6
"""How many layouts are tried on the records of one length, those that are known already included."""

_KEPT_LAYOUTS = 4
_KEPT_LENGTHS = 256
_TOO_LONG = 0xFFFF
_CHUNK_BYTES = 1 << 20
"""As many bytes are read at once as a core's cache holds: it is faster, and bounds what is copied."""


@dataclass(slots=True)
class Gathered:
    """What was read: of the row `rows[i]` of the batch the numbers `numbers[:, i]`, and objects in `pieces`.

    The first `count` places are taken. A piece of an object column has the number of rows that it is of.
    """

    numbers: NDArray[np.float64]
    rows: Rows
    pieces: list[list[tuple[int, Piece]]]
    count: int = 0
    left: list[Rows] = field(default_factory=list)

    def read(self, reader: StridedReader, matrix: Bytes, rows: Rows) -> None:
        """Add rows that `reader` can read."""
        reader.numbers(matrix, self.room(len(rows)))
        self.add(rows, reader.objects(matrix))

    def room(self, rows: int) -> NDArray[np.float64]:
        """Return where the numbers of the next rows go."""
        return self.numbers[:, self.count : self.count + rows]

    def add(self, rows: Rows, pieces: Sequence[Piece]) -> None:
        """Add rows whose numbers are in their place already."""
        begin, self.count = self.count, self.count + len(rows)
        self.rows[begin : self.count] = rows
        for column, piece in zip(self.pieces, pieces, strict=True):
            column.append((len(rows), piece))

    def left_over(self) -> Rows:
        """Return the rows that were not read, ascending."""
        return np.sort(np.concatenate(self.left)) if self.left else all_rows(0)


@dataclass(frozen=True, slots=True)
class _Given:
    """Values with the length of each, 0 for nulls, and where the bytes of each begin, if that is known."""

    values: list[bytes | None]
    lengths: NDArray[np.int64]
    begins: NDArray[np.int64] | None
    memory: ObjectMemory | None

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> _Given:
        listed, memory = list(values), object_memory()
        found = None if memory is None else memory.texts(listed)
        if found is None:
            return cls(listed, lengths_of(listed), None, None)
        return cls(listed, found[1], found[0], memory)

    def by_length(self) -> Iterator[tuple[Rows, int]]:
        """Yield the rows of each length, ascending; what is too long is as of length `_TOO_LONG`."""
        lengths = self.lengths
        if (lengths == lengths[0]).all():
            yield all_rows(len(lengths)), int(lengths[0])
            return
        sizes = np.minimum(lengths, _TOO_LONG).astype(np.uint16)
        order = np.argsort(sizes, kind="stable")
        ends = np.flatnonzero(np.diff(sizes[order])) + 1
        for begin, end in zip([0, *ends.tolist()], [*ends.tolist(), len(order)], strict=True):
            yield order[begin:end], int(sizes[order[begin]])

    def matrix(self, rows: Rows, length: int) -> Bytes:
        """Return the bytes of `rows`, which have one length, a record a row."""
        if self.memory is not None and self.begins is not None and length <= LONGEST_ROW:
            return self.memory.rows(self.begins[rows], length)
        joined = b"".join([self.values[row] or b"" for row in rows.tolist()])
        return np.frombuffer(joined, np.uint8).reshape(len(rows), length)


class BulkReader:
    """Reads what is laid out alike in bulk and keeps the layouts that it met; used by one thread."""

    def __init__(self, fields: Sequence[ScalarField], plan: ColumnPlan) -> None:
        """Take the fields that become columns and where they go."""
        self._by_number: Mapping[int, ScalarField] = {field.number: field for field in fields}
        self._plan = plan
        self._known: dict[int, list[StridedReader]] = {}

    def read(self, values: Sequence[bytes | None]) -> Gathered:
        """Read what can be read in bulk; nulls, what is rare, broken or strange is left over."""
        shape = (len(self._plan.numbers), len(values))
        gathered = Gathered(np.empty(shape), np.empty(len(values), np.intp), [[] for _ in self._plan.objects])
        given = _Given.of(values)
        for rows, length in given.by_length():
            if len(rows) < FEWEST or not 0 < length < _TOO_LONG:
                gathered.left.append(rows)
                continue
            step = max(_CHUNK_BYTES // length, FEWEST)
            for begin in range(0, len(rows), step):
                self._read_chunk(given, rows[begin : begin + step], length, gathered)
        return gathered

    def _read_chunk(self, given: _Given, rows: Rows, length: int, gathered: Gathered) -> None:
        """Read rows of one length: by each layout that is known, then by that of the first row which none fits."""
        matrix = given.matrix(rows, length)
        known = tuple(self._known.get(length, ()))
        for trial in range(_TRIALS):
            if len(rows) < _FEW:
                break
            is_known = trial < len(known)
            reader = known[trial] if is_known else self._learn(matrix[0].tobytes())
            fits = reader.fits(matrix) if reader else np.zeros(len(rows), np.bool_)
            count = int(np.count_nonzero(fits))
            if reader and count >= _FEW:
                self._keep(length, reader)
                if count == len(rows):
                    gathered.read(reader, matrix, rows)
                    return
                gathered.read(reader, matrix[fits], rows[fits])
                matrix, rows = matrix[~fits], rows[~fits]
            elif not is_known:  # the first row is a rare one; those behind it may be alike
                gathered.left.append(rows[:1])
                matrix, rows = matrix[1:], rows[1:]
        gathered.left.append(rows)

    def _learn(self, value: bytes) -> StridedReader | None:
        layout = learn(value, self._by_number)
        return None if layout is None else StridedReader(layout, self._plan)

    def _keep(self, length: int, reader: StridedReader) -> None:
        """Make `reader` the first to be tried on the next records of this length."""
        if length not in self._known and len(self._known) >= _KEPT_LENGTHS:
            self._known.clear()
        others = [other for other in self._known.get(length, ()) if other is not reader]
        self._known[length] = [reader, *others][:_KEPT_LAYOUTS]
