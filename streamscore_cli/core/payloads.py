"""The bytes of many messages where they were written, an object for none of them; what they mean it does not know.

To write a batch into a few buffers is cheap; to make, hold and free an object for each message costs as much as writing
it. Who wants objects gets them one by one, as from any sequence of bytes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows
from streamscore_cli.core.object_memory import object_memory

_WORTH_AN_ARRAY = 64
"""Fewer values than this are asked faster one by one."""

Buffer = bytes | bytearray | NDArray[np.uint8]


class Payloads(Sequence[bytes]):
    """Message i is the `lengths[i]` bytes at the address `begins[i]`, which what is in `kept` keeps in place."""

    __slots__ = ("begins", "kept", "lengths")

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, begins: NDArray[np.int64], lengths: NDArray[np.int64], kept: tuple[object, ...]) -> None:
        """Take where the messages are, as absolute addresses."""
        self.begins = begins
        self.lengths = lengths
        self.kept = kept

    @classmethod
    def of(cls, values: Sequence[bytes]) -> Payloads:
        """Return any values as payloads."""
        if isinstance(values, Payloads):
            return values
        listed, memory = list(values), object_memory()
        found = None if memory is None else memory.texts(listed)
        if found is not None:
            return cls(*found, (listed,))
        lengths = lengths_of(listed)
        return cls.within(b"".join(listed), lengths.cumsum() - lengths, lengths)

    @classmethod
    def within(cls, buffer: Buffer, begins: NDArray[np.int64], lengths: NDArray[np.int64]) -> Payloads:
        """Return messages that begin at places of one buffer, which must not change any more."""
        whole = np.frombuffer(buffer, np.uint8)
        return cls(begins + whole.ctypes.data, lengths, (whole,))

    @classmethod
    def together(cls, parts: Sequence[Payloads]) -> Payloads:
        """Return the messages of all parts, one part behind the other."""
        if len(parts) == 1:
            return parts[0]
        begins = np.concatenate([np.empty(0, np.int64), *(part.begins for part in parts)])
        lengths = np.concatenate([np.empty(0, np.int64), *(part.lengths for part in parts)])
        return cls(begins, lengths, tuple(kept for part in parts for kept in part.kept))

    @property
    def longest(self) -> int:
        """Return the number of bytes of the longest, 0 where there is none."""
        return int(self.lengths.max(initial=0))

    def take(self, rows: Rows) -> Payloads:
        """Return the messages at `rows`."""
        return Payloads(self.begins[rows], self.lengths[rows], self.kept)

    def __len__(self) -> int:
        """Return how many messages there are."""
        return len(self.begins)

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> Payloads: ...

    def __getitem__(self, place: int | slice) -> bytes | Payloads:
        """Return the bytes of one message, or some messages."""
        if isinstance(place, slice):
            return Payloads(self.begins[place], self.lengths[place], self.kept)
        return ctypes.string_at(int(self.begins[place]), int(self.lengths[place]))

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes of each message, keeping them in place meanwhile."""
        for place in zip(self.begins.tolist(), self.lengths.tolist(), strict=True):
            yield ctypes.string_at(*place)

    def __eq__(self, other: object) -> bool:
        """Tell whether another sequence has the same bytes in the same order."""
        return isinstance(other, Sequence) and list(self) == list(other)

    def __repr__(self) -> str:
        """Return how much there is."""
        return f"Payloads({len(self)} of {self.lengths.sum()} bytes)"


def lengths_of(values: Sequence[bytes | None]) -> NDArray[np.int64]:
    """Return the number of bytes of each value, 0 for None."""
    memory = object_memory()
    found = None if memory is None or len(values) < _WORTH_AN_ARRAY else memory.texts(list(values))
    if found is not None:
        return found[1]
    return np.fromiter((0 if value is None else len(value) for value in values), np.int64, len(values))
