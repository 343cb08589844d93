"""Words of many Python objects at once, read where CPython keeps them; it writes nothing and knows no client library.

To ask 4,000 objects for a number each costs 4,000 calls and 4,000 new objects; to read the same words from memory costs
one call of NumPy. What is read, and where, is the layout of CPython's own objects (Include/cpython/listobject.h and
bytesobject.h), which is tried on known objects before it is believed; elsewhere there is no `ObjectMemory`.
"""

from __future__ import annotations

import struct
import sys
import sysconfig
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD = 8

LONGEST_ROW = (1 << 15) - 1
"""As many bytes can be read as a row: more, times all addresses, are more than NumPy counts."""

_BYTES = 1 << 48

Words = NDArray[np.int64]
"""Addresses, or what stands there; one item an object."""

_TYPE = object.__basicsize__ - WORD
_SIZE = object.__basicsize__
_LIST_ITEMS = tuple.__basicsize__
_BYTES_BODY = bytes.__basicsize__ - 1
_SIZES = {object: 16, tuple: 24, list: 40, bytes: 33}


class _AddressSpace:
    """All memory of the process for NumPy; the first word is left out, so that it has an address.

    As words side by side, or as pieces of some bytes, one at each byte.
    """

    def __init__(self, kind: str, step: int) -> None:
        self.__array_interface__ = {
            "version": 3,
            "data": (WORD, True),
            "typestr": kind,
            "shape": (_BYTES // step,),
            "strides": (step,),
        }


class ObjectMemory:
    """Reads words of objects that the caller keeps alive; made by `object_memory` only."""

    def __init__(self) -> None:
        """Look at the memory of this process."""
        self._memory: Words = np.asarray(_AddressSpace("<i8", WORD))

    def addresses(self, items: list[Any]) -> Words:
        """Return the address of each item."""
        at = int(self._memory[_place(id(items) + _LIST_ITEMS)]) if items else WORD
        return self._memory[_place(at) : _place(at) + len(items)].copy()

    def cells(self, column: NDArray[np.object_]) -> Words:
        """Return the address of each object of a column; two have the same when they are the same object."""
        objects = np.ascontiguousarray(column)
        first = _place(objects.ctypes.data)
        return self._memory[first : first + len(objects)].copy()

    def rows(self, begins: Words, length: int) -> NDArray[np.uint8]:
        """Return the `length` bytes, 1 to `LONGEST_ROW`, that begin at each address, a row each."""
        pieces: NDArray[np.void] = np.asarray(_AddressSpace(f"|V{length}", 1))
        return pieces[begins - WORD].view(np.uint8).reshape(len(begins), length)

    def words(self, addresses: Words, offset: int) -> Words:
        """Return the word of each object that begins `offset` bytes (a multiple of 8) behind its address."""
        return self._memory.take((addresses + (offset - WORD)) >> 3)

    def texts(self, items: list[bytes] | list[bytes | None]) -> tuple[Words, Words] | None:
        """Return where the body of each item begins and how long it is, both 0 for None.

        None when an item is neither None nor exactly `bytes`.
        """
        addresses = self.addresses(items)
        there = addresses != id(None)
        some = addresses if there.all() else addresses[there]
        if not (self.words(some, _TYPE) == id(bytes)).all():
            return None
        begins, lengths = some + _BYTES_BODY, self.words(some, _SIZE)
        if len(some) == len(items):
            return begins, lengths
        spread = np.zeros((2, len(items)), np.int64)
        spread[:, there] = begins, lengths
        return spread[0], spread[1]


@lru_cache(maxsize=1)
def object_memory() -> ObjectMemory | None:
    """Return what reads the objects of this interpreter, or None where their layout is not the known one."""
    known = sys.implementation.name == "cpython" and sys.byteorder == "little" and struct.calcsize("P") == WORD
    if not known or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return None
    if any(kind.__basicsize__ != size for kind, size in _SIZES.items()):
        return None
    memory = ObjectMemory()
    return memory if _proven(memory) else None


def _proven(memory: ObjectMemory) -> bool:
    items: list[bytes | None] = [b"12345678", None, bytes(1000), b""]
    if memory.addresses(items).tolist() != list(map(id, items)):
        return False
    found = memory.texts(items)
    if found is None or found[1].tolist() != [8, 0, 1000, 0]:
        return False
    bodies: Sequence[int] = memory.words(found[0][[0, 2]], 0).tolist()
    return bodies == [int.from_bytes(b"12345678", "little"), 0]


def _place(address: int) -> int:
    return address // WORD - 1
