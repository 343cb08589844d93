"""Results as JSON: each body is what orjson would write for it alone, put together a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.records.scored_rows import SCHEMA, Head, ResultRecord, ScoredTogether

_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_LONGEST = 2**63

_PROBED = 256
"""So many rows of probabilities tell whether rows repeat: half of them in a small batch, any in one much larger."""

Piece = bytes | list[bytes]
"""A piece of the body: the same for every row, or one for each."""


class JsonResultEncoder:
    """Encodes results as JSON objects, one a row.

    What is constant in a batch is dumped once and numbers a column at a time; then each row is one join. Numbers that
    JSON does not have (NaN, infinite) become null, and so does a timestamp that the record does not have.
    """

    def encode(self, rows: ScoredTogether) -> list[bytes]:
        """Return one body a row."""
        return _joined(_pieces(rows), len(rows)) if len(rows) else []


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


def _pieces(rows: ScoredTogether) -> Iterable[Piece]:
    """Yield the body in order; what has no content has no key."""
    scores = rows.scores
    yield _by_head(rows, _begin)
    yield tokens(scores.result)
    if scores.probabilities is not None and scores.labels:
        yield b',"probabilities":{'
        yield from _probabilities(scores.labels, np.ascontiguousarray(scores.probabilities))
        yield b"}"
    if scores.outputs:
        yield b',"outputs":{'
        yield from _members(tuple(scores.outputs), [tokens(array) for array in scores.outputs.values()])
        yield b"}"
    yield _by_head(rows, _model)
    yield b',"source":{"topic":%b,"partition":' % orjson.dumps(rows.topic)
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


def _probabilities(labels: Sequence[str], matrix: NDArray[np.float64]) -> Iterable[Piece]:
    """Yield the members; where few rows differ (a tree has one for each leaf), those are written once."""
    probed = min(len(matrix), _PROBED)
    most = probed // 2 if len(matrix) <= 4 * _PROBED else probed - 1
    if len(set(_row_bytes(matrix[:probed]))) > most:
        return _members(labels, _by_label(matrix))
    rows = _row_bytes(matrix)
    known = dict.fromkeys(rows)
    if len(known) * 2 > len(rows):
        return _members(labels, _by_label(matrix))
    distinct = np.frombuffer(b"".join(known), matrix.dtype).reshape(len(known), -1)
    texts = dict(zip(known, _joined(_members(labels, _by_label(distinct)), len(known)), strict=True))
    return [list(map(texts.__getitem__, rows))]


def _row_bytes(matrix: NDArray[np.float64]) -> list[bytes]:
    rows: list[bytes] = np.frombuffer(matrix, f"V{matrix.itemsize * matrix.shape[1]}").tolist()
    return rows


def _by_label(matrix: NDArray[np.float64]) -> list[list[bytes]]:
    """Dump the whole matrix at once and take it apart by label."""
    width = matrix.shape[1]
    flat = _split(orjson.dumps(matrix.reshape(-1), option=_NUMPY))
    return [flat[place::width] for place in range(width)]


def _split(numbers: bytes) -> list[bytes]:
    """Take a JSON array of numbers apart."""
    return numbers[1:-1].split(b",")


def _timestamps(timestamps_ms: Sequence[int]) -> list[bytes]:
    found = _split(orjson.dumps(list(timestamps_ms)))
    if -1 in timestamps_ms:
        return [b"null" if token == b"-1" else token for token in found]
    return found


def _by_head(rows: ScoredTogether, text: Callable[[Head], bytes]) -> Piece:
    """Return what each row has of its head."""
    known = list(map(text, rows.heads))
    return known[0] if len(set(known)) == 1 else list(map(known.__getitem__, rows.codes.tolist()))


def _begin(head: Head) -> bytes:
    return b'{"schema":%d,"data_type":%b,"result":' % (SCHEMA, orjson.dumps(head.data_type))


def _model(head: Head) -> bytes:
    model = head.model
    body = {"name": model.name, "version": model.version, "sha256": model.sha256, "label": model.label}
    return b',"model":' + orjson.dumps(body)


def _joined(pieces: Iterable[Piece], length: int) -> list[bytes]:
    """Return the pieces of each row as one text."""
    columns = (repeat(piece, length) if isinstance(piece, bytes) else piece for piece in _merged(pieces))
    return list(map(b"".join, zip(*columns, strict=True)))


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
