"""Lists of numbers of one length as a float64 matrix, many lists at a time; where a record holds them is elsewhere.

A list is text, numbers with commas between them, one more at the end or not; or a JSON array. Every number is the
double nearest to it, as Python's `float` reads it.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
"""One list a row."""

FlatReader = Callable[[bytes], Matrix | None]
"""Reads a JSON array of numbers as one row; None: it is none, or holds what needs a closer look."""

Text = bytes | memoryview
"""Numbers with commas between them."""

_CHUNK_BYTES = 512 * 1024
"""What is read at once: more than the pieces that records come in, lest each of these leave a remainder."""
_LINE_ENDS = (b"\n", b"\r", b"\t")
_SHOWN = 40


class NoSuchList(Exception):
    """A value is not the list that it should be; the message goes on after the field's name."""


class NumberLists:
    """Reads lists of `width` numbers; used by one thread."""

    def __init__(self, width: int, read_flat: FlatReader | None = None) -> None:
        """Take the length of a list, and who reads a JSON array of numbers: by default the fastest that is there."""
        self.width = width
        self._read_flat = read_flat or fastest_reader()
        # Put behind each list, and known to nobody: where it stands in the last column, every list has its length.
        self._mark = secrets.randbits(53)
        self._between = b",%d," % self._mark

    def read(self, texts: Sequence[Text], into: Matrix) -> list[int]:
        """Write each text's numbers to its row of `into`, and return the places of those that `exact` is needed for.

        A text is a list without brackets, and without a comma at its end. Its numbers are read as JSON writes them. The
        rows at the places returned hold nothing.
        """
        odd: list[int] = []
        place = 0
        while place < len(texts):
            count = max(1, _CHUNK_BYTES // (len(texts[place]) + 1))
            chunk = texts[place : place + count]
            odd += [place + at for at in self._write(chunk, into[place : place + len(chunk)])]
            place += len(chunk)
        return odd

    def exact(self, value: object) -> list[float]:
        """Read one value as JSON has it, text or array; raises `NoSuchList` saying what is wrong with it."""
        if isinstance(value, str):
            numbers = [_number(place, part) for place, part in enumerate(_parts(value), 1)]
        elif isinstance(value, list):
            numbers = list(map(float, value)) if set(map(type, value)) <= {int, float} else _refused(value)
        else:
            raise NoSuchList(f"is {_shown(value)}, must be a list of {self.width} numbers")
        if len(numbers) != self.width:
            raise NoSuchList(f"holds {len(numbers)} numbers, must hold {self.width}")
        return numbers

    def _write(self, texts: Sequence[Text], into: Matrix) -> Sequence[int]:
        """Write lists at once, or else one by one, and return the places of those that could not be read."""
        found = self._chunk(texts)
        if found is not None:
            into[:] = found
            return ()
        if len(texts) == 1:
            return (0,)
        return [at for at, text in enumerate(texts) if self._write([text], into[at : at + 1])]

    def _chunk(self, texts: Sequence[Text]) -> Matrix | None:
        """Read lists at once; None when one of them is not `width` plain numbers, or when that cannot be told."""
        joined = self._between.join([b"[0", *texts, b"0]"])
        if joined.find(b"[", 1) >= 0 or any(end in joined for end in _LINE_ENDS):
            return None  # readers go into arrays inside; and in a text of JSON line ends are escaped
        flat = self._read_flat(joined)
        if flat is None or flat.size != len(texts) * (self.width + 1) + 3:
            return None
        found = flat[2:-1].reshape(len(texts), self.width + 1)
        return found[:, : self.width] if (found[:, self.width] == self._mark).all() else None


def fastest_reader() -> FlatReader:
    """Return simdjson's reader where that is installed (the extra `fast-json`), else orjson's: both give the same."""
    try:
        return simdjson_reader()
    except ImportError:
        return read_flat_with_orjson


def simdjson_reader() -> FlatReader:
    """Return a reader that keeps its buffers, for one thread; raises ImportError where simdjson is not installed."""
    import simdjson

    parser = simdjson.Parser()

    def read(array: bytes) -> Matrix | None:
        try:
            found = parser.parse(array)
            if not isinstance(found, simdjson.Array):
                return None
            return np.frombuffer(found.as_buffer(of_type="d"), np.float64)
        except (ValueError, RuntimeError, TypeError):
            return None

    return read


def read_flat_with_orjson(array: bytes) -> Matrix | None:
    """Read a JSON array of numbers; None when it is none."""
    try:
        numbers = orjson.loads(array)
    except orjson.JSONDecodeError:
        return None
    return np.array(numbers, np.float64) if set(map(type, numbers)) <= {int, float} else None


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    return parts if parts[-1].strip() else parts[:-1]


def _number(place: int, part: str) -> float:
    """Read a number; Python's own notations (1_000, infinity) and numbers beyond 64 bits are none."""
    try:
        number = float(part)
    except ValueError:
        raise NoSuchList(f"has {_shown(part)} as number {place}") from None
    if not math.isfinite(number) or "_" in part:
        raise NoSuchList(f"has {_shown(part)} as number {place}")
    return number


def _refused(values: list[object]) -> list[float]:
    place, value = next((place, value) for place, value in enumerate(values, 1) if type(value) not in {int, float})
    raise NoSuchList(f"has {_shown(value)} as number {place}")


def _shown(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
