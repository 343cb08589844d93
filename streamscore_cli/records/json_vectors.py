"""JSON records with vectors: lists of numbers cut out of the bytes before the rest is parsed; other fields it leaves.

Parsing numbers is what such a record costs. Cut out, they are read many at a time, and never become Python objects.
What the cut finds is what a JSON parser would: the field's last value at the first level, else the record is parsed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson

from streamscore_cli.core.columns import Rows
from streamscore_cli.core.failures import Cause
from streamscore_cli.records.json_objects import Objects, Parsed, others, parse_objects
from streamscore_cli.records.number_lists import Matrix, NoSuchList, NumberLists, Text

_PIECE_BYTES = 256 * 1024
"""What is cut from records before it is read: as much as the processor's nearer memory holds."""
_COMMA, _QUOTE, _SPACE = b'," '
_CLOSING = {_QUOTE: b'"', ord("["): b"]"}


@dataclass(frozen=True, slots=True)
class _Split:
    """Records taken apart: objects without their vectors, and of each vector the texts."""

    objects: Objects
    texts: Sequence[list[Text]]


@dataclass(frozen=True, slots=True)
class WithVectors:
    """Records parsed, and for each vector the matrix with a row for each of their objects.

    What the objects have under a vector's name means nothing.
    """

    parsed: Parsed
    vectors: Mapping[str, Matrix]

    def without(self, failed: Sequence[tuple[int, Cause, str]]) -> WithVectors:
        """Return the records but for those at the places in `failed`."""
        if not failed:
            return self
        kept = others(len(self.parsed.objects), [at for at, _, _ in failed])
        return WithVectors(self.parsed.without(failed), {name: matrix[kept] for name, matrix in self.vectors.items()})


class JsonVectors:
    """Reads records of which some fields are lists of numbers; used by one thread."""

    def __init__(self, fields: Mapping[str, NumberLists]) -> None:
        """Take who reads the lists of each field."""
        self._fields = fields
        stamp = secrets.token_hex(16)
        self._stamps = [stamp] * len(fields)
        self._quoted = orjson.dumps(stamp)
        self._keys = [orjson.dumps(name) + b":" for name in fields]

    def decode(self, values: Sequence[bytes | None]) -> WithVectors:
        """Parse one batch.

        A row fails as `parse_objects` says, with `MISSING_INPUT` when a vector is absent or null, and with `WRONG_TYPE`
        when it is no list of that many numbers.
        """
        quick = self._cut(values)
        if len(quick.parsed.objects) == len(values):
            return quick
        rest = others(len(values), quick.parsed.rows.tolist())
        return _merged(quick, self._parsed([values[row] for row in rest.tolist()], rest), list(self._fields))

    def _cut(self, values: Sequence[bytes | None]) -> WithVectors:
        """Read the records whose vectors can be cut out and are plain; the others are left out."""
        rows: list[int] = []
        objects: Objects = []
        odd: set[int] = set()
        vectors = {name: np.empty((len(values), lists.width)) for name, lists in self._fields.items()}
        step = 1 + _PIECE_BYTES * len(values) // (1 + sum(map(len, filter(None, values))))
        for first in range(0, len(values), step):
            found_rows, found = self._split(values[first : first + step], first)
            place = len(rows)
            for (name, lists), texts in zip(self._fields.items(), found.texts, strict=True):
                unread = lists.read(texts, vectors[name][place : place + len(texts)])
                odd.update(place + one for one in unread)
            rows += found_rows
            objects += found.objects
        parsed = Parsed(objects, np.array(rows, np.intp))
        if len(rows) == len(values) and not odd:
            return WithVectors(parsed, vectors)
        return _taken(parsed, vectors, others(len(objects), sorted(odd)))

    def _split(self, values: Sequence[bytes | None], first: int) -> tuple[Sequence[int], _Split]:
        """Take apart all at once or, where that is not certain of one, each; return the rows of those that could be."""
        found = self._at_once(values)
        if found is not None:
            return range(first, first + len(values)), found
        each = ((row, self._at_once([value])) for row, value in enumerate(values, first))
        good = [(row, one) for row, one in each if one is not None]
        texts = [[one.texts[at][0] for _, one in good] for at in range(len(self._keys))]
        return [row for row, _ in good], _Split([one.objects[0] for _, one in good], texts)

    def _at_once(self, values: Sequence[bytes | None]) -> _Split | None:
        """Take apart records; None when that is not certain of one of them.

        The stamp in a vector's place comes back as the field's value exactly when that place is the field's.
        """
        texts: list[list[Text]] = []
        stamped = values
        parse: Any = orjson.loads
        try:
            for key in self._keys:
                stamped, cut = self._cut_out(stamped, key)
                texts.append(cut)
            objects = list(map(parse, stamped))
        except (LookupError, ValueError):  # as those of orjson are
            return None
        if set(map(type, objects)) != {dict}:
            return None
        for name, stamp in zip(self._fields, self._stamps, strict=True):
            if [item.get(name) for item in objects].count(stamp) < len(objects):
                return None
        return _Split(objects, texts)

    def _cut_out(self, values: Sequence[bytes | None], key: bytes) -> tuple[list[bytes], list[Text]]:
        """Return the records with the stamp in the place of the vector behind `key`, and the vectors' texts.

        Raises ValueError or LookupError where one has no such place.
        """
        stamp, behind = self._quoted, len(key)
        stamped: list[bytes] = []
        texts: list[Text] = []
        for value in values:
            if value is None:
                raise ValueError
            begin = value.index(key) + behind
            if value[begin] == _SPACE:
                begin += 1
            opening = value[begin]
            end = value.index(_CLOSING[opening], begin + 1)
            more = value[end - 1] == _COMMA and opening == _QUOTE  # an array that ends with a comma is none
            texts.append(memoryview(value)[begin + 1 : end - more])
            stamped.append(value[:begin] + stamp + value[end + 1 :])
        return stamped, texts

    def _parsed(self, values: Sequence[bytes | None], places: Rows) -> WithVectors:
        """Read records the long way; their places in the batch are `places`."""
        parsed = parse_objects(values)
        failures = tuple(failure.at(int(places[failure.row])) for failure in parsed.failures)
        found = WithVectors(Parsed(parsed.objects, places[parsed.rows], failures), {})
        for name, lists in self._fields.items():
            matrix, failed = vector_of([item.get(name) for item in found.parsed.objects], name, lists)
            found = replace(found, vectors={**found.vectors, name: matrix}).without(failed)
        return found


def vector_of(values: Sequence[object], name: str, lists: NumberLists) -> tuple[Matrix, list[tuple[int, Cause, str]]]:
    """Return parsed values of the field `name` as a matrix, and the places of those that are no such list, and why."""
    matrix = np.full((len(values), lists.width), np.nan)
    failed: list[tuple[int, Cause, str]] = []
    texts = [at for at, value in enumerate(values) if isinstance(value, str)]
    read = np.empty((len(texts), lists.width))
    odd = lists.read([str(values[at]).removesuffix(",").encode() for at in texts], read)
    matrix[texts] = read
    plain = set(texts) - {texts[place] for place in odd}
    for at, value in enumerate(values):
        if value is None:
            failed.append((at, Cause.MISSING_INPUT, f"field {name} is missing, must hold {lists.width} numbers"))
        elif at not in plain:
            try:
                matrix[at] = lists.exact(value)
            except NoSuchList as error:
                failed.append((at, Cause.WRONG_TYPE, f"field {name} {error}"))
    return matrix, failed


def _taken(parsed: Parsed, vectors: Mapping[str, Matrix], kept: Rows) -> WithVectors:
    objects = [parsed.objects[at] for at in kept.tolist()]
    taken = {name: matrix[kept] for name, matrix in vectors.items()}
    return WithVectors(Parsed(objects, parsed.rows[kept], parsed.failures), taken)


def _merged(one: WithVectors, other: WithVectors, names: Sequence[str]) -> WithVectors:
    """Put the records of both in the order of their rows."""
    objects = [*one.parsed.objects, *other.parsed.objects]
    rows = np.concatenate([one.parsed.rows, other.parsed.rows])
    vectors = {name: np.concatenate([one.vectors[name], other.vectors[name]]) for name in names}
    parsed = Parsed(objects, rows, (*one.parsed.failures, *other.parsed.failures))
    return _taken(parsed, vectors, np.argsort(rows, kind="stable"))
