"""Results as JSON: each body is what orjson would write for it alone, put together a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.records.scored_rows import SCHEMA, ResultRecord, ScoredRows

_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_LONGEST = 2**63

Piece = bytes | list[bytes]
"""A piece of the body: the same for every row, or one for each."""


class JsonResultEncoder:
    """Encodes results as JSON objects, one a row.

    What is constant in a batch is dumped once and numbers a column at a time; then each row is one join. Numbers that
    JSON does not have (NaN, infinite) become null, and so does a timestamp that the record does not have.
    """

    def encode(self, rows: ScoredRows) -> list[bytes]:
        """Return one body a row."""
        if not len(rows):
            return []
        pieces = _merged(_pieces(rows))
        return list(map(b"".join, zip(*(_each_row(piece) for piece in pieces), strict=False)))


def decode_json_result(value: bytes) -> ResultRecord:
    """Read one body; raises ValueError, KeyError or TypeError when it is not a result."""
    body = orjson.loads(value)
    model, source = body["model"], body["source"]
    timestamp = source["timestamp"]
    return ResultRecord(
        data_type=body["data_type"],
        result=body["result"],
        model=ModelIdentity(model["name"], model["version"], model["sha256"], model["label"]),
        topic=source["topic"],
        partition=source["partition"],
        offset=source["offset"],
        timestamp_ms=-1 if timestamp is None else timestamp,
        probabilities=body.get("probabilities", {}),
        outputs=body.get("outputs", {}),
        schema=body["schema"],
    )


def _pieces(rows: ScoredRows) -> Iterable[Piece]:
    """Yield the body in order; what has no content has no key."""
    scores = rows.scores
    yield b'{"schema":%d,"data_type":%b,"result":' % (SCHEMA, orjson.dumps(rows.data_type))
    yield tokens(scores.result)
    if scores.probabilities is not None and scores.labels:
        yield b',"probabilities":{'
        yield from _members(scores.labels, _by_label(scores.probabilities))
        yield b"}"
    if scores.outputs:
        yield b',"outputs":{'
        yield from _members(tuple(scores.outputs), [tokens(array) for array in scores.outputs.values()])
        yield b"}"
    yield b',"model":%b,"source":{"topic":%b,"partition":' % (_model(rows.model), orjson.dumps(rows.topic))
    yield _split(orjson.dumps(list(rows.partitions)))
    yield b',"offset":'
    yield _split(orjson.dumps(list(rows.offsets)))
    yield b',"timestamp":'
    yield _timestamps(rows.timestamps_ms)
    yield b"}}"


def tokens(array: NDArray[Any]) -> list[bytes]:
    """Return the JSON of each value of a column."""
    if array.dtype != object:
        return _split(orjson.dumps(np.ascontiguousarray(array), option=_NUMPY))
    values = array.tolist()
    if set(map(type, values)) != {str}:
        return list(map(_token, values))
    known = {value: orjson.dumps(value) for value in set(values)}
    return [known[value] for value in values]


def _token(value: object) -> bytes:
    """Dump one value; an integer that no reader's 64 bits hold becomes a float, as orjson reads it too."""
    if isinstance(value, int) and not -_LONGEST <= value < _LONGEST:
        value = float(value)
    return orjson.dumps(value, option=_NUMPY)


def _members(names: Sequence[str], columns: Sequence[list[bytes]]) -> Iterable[Piece]:
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        yield (b"," if place else b"") + orjson.dumps(name) + b":"
        yield column


def _by_label(probabilities: NDArray[np.float64]) -> list[list[bytes]]:
    """Dump the whole matrix at once and take it apart by label."""
    width = probabilities.shape[1]
    flat = _split(orjson.dumps(np.ascontiguousarray(probabilities).reshape(-1), option=_NUMPY))
    return [flat[place::width] for place in range(width)]


def _split(numbers: bytes) -> list[bytes]:
    """Take a JSON array of numbers apart."""
    return numbers[1:-1].split(b",")


def _timestamps(timestamps_ms: Sequence[int]) -> list[bytes]:
    found = _split(orjson.dumps(list(timestamps_ms)))
    if -1 in timestamps_ms:
        return [b"null" if token == b"-1" else token for token in found]
    return found


def _model(model: ModelIdentity) -> bytes:
    return orjson.dumps({"name": model.name, "version": model.version, "sha256": model.sha256, "label": model.label})


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Join constants that follow each other, so that each row has fewer pieces."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if isinstance(piece, bytes) and isinstance(last, bytes):
            merged[-1] = last + piece
        else:
            merged.append(piece)
    return merged


def _each_row(piece: Piece) -> Iterable[bytes]:
    return repeat(piece) if isinstance(piece, bytes) else piece
