"""Record keys that carry a run and a sequence number, made and read back in bulk; it sends and receives nothing.

A key is text, `bench-1a2b3c4d-0000001234`: programs that take keys for strings keep it byte for byte, its hash spreads
evenly over partitions, and keys of one length are read a whole batch at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint32]
Keys = Sequence[bytes | None]

DIGITS = 10
MOST_RECORDS = 2**32 - 1
"""Sequence numbers are kept in four bytes."""

_POWERS = 10 ** np.arange(DIGITS - 1, -1, -1, dtype=np.int64)
_ZERO, _NINE = ord("0"), 9


@dataclass(frozen=True, slots=True)
class RunKeys:
    """The keys of one run; records of other runs, and of anybody else, have other keys."""

    run: str

    @classmethod
    def fresh(cls) -> RunKeys:
        """Return the keys of a run that nobody else has."""
        return cls(uuid.uuid4().hex[:8])

    @property
    def prefix(self) -> bytes:
        """Return what the keys begin with."""
        return f"bench-{self.run}-".encode()

    def make(self, first: int, count: int) -> list[bytes]:
        """Return the keys of `count` records from number `first` on."""
        prefix = self.prefix
        return [b"%b%010d" % (prefix, number) for number in range(first, first + count)]

    def numbers(self, keys: Keys) -> Numbers:
        """Return the sequence numbers of those keys that are of this run, in order."""
        there = [key for key in keys if key is not None]
        found = self._all(there)
        if found is None:
            found = self._all([key for key in there if self._is_mine(key)])
        return np.empty(0, dtype=np.uint32) if found is None else found

    def _all(self, keys: Sequence[bytes]) -> Numbers | None:
        """Return the numbers of the keys, or None unless there are some and every one is of this run."""
        width = len(self.prefix) + DIGITS
        if set(map(len, keys)) != {width}:
            return None
        letters = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), width)
        prefix = np.frombuffer(self.prefix, dtype=np.uint8)
        digits = letters[:, len(prefix) :].astype(np.int64) - _ZERO
        if (letters[:, : len(prefix)] != prefix).any() or (digits < 0).any() or (digits > _NINE).any():
            return None
        return (digits @ _POWERS).astype(np.uint32)

    def _is_mine(self, key: bytes) -> bool:
        digits = key[len(self.prefix) :]
        return key.startswith(self.prefix) and len(digits) == DIGITS and digits.isdigit()
