"""Results as JSON: each body is what orjson would write for it alone, put together a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import orjson

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.records.json_tokens import Column, Form, Texts, Tokens, members, values
from streamscore_cli.records.scored_rows import SCHEMA, Head, ResultRecord, ScoredTogether

_FEWEST = 768
"""Fewer rows than this are written faster with an object for each token."""


class JsonResultEncoder:
    """Encodes results as JSON objects, one a row.

    What is constant in a batch is dumped once and numbers a column at a time. Numbers that JSON does not have (NaN,
    infinite) become null, and so does a timestamp that the record does not have.
    """

    def encode(self, rows: ScoredTogether) -> Sequence[bytes]:
        """Return one body a row."""
        length = len(rows)
        if not length:
            return []
        return _written(rows, length, Tokens()) if length < _FEWEST else _written(rows, length, Texts())


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


def _written(rows: ScoredTogether, length: int, form: Form[Column]) -> Sequence[bytes]:
    pieces = _pieces(rows, form)
    return form.rows(_merged(pieces), length)


def _pieces(rows: ScoredTogether, form: Form[Column]) -> Iterable[bytes | Column]:
    """Yield the body in order; what has no content has no key."""
    scores = rows.scores
    begin, model = _by_head(rows, _begin, form), _by_head(rows, _model, form)
    result = values(scores.result, form)
    yield begin
    yield result
    if scores.probabilities is not None and scores.labels:
        yield b',"probabilities":{'
        yield from form.members(scores.labels, np.ascontiguousarray(scores.probabilities))
        yield b"}"
    if scores.outputs:
        yield b',"outputs":{'
        yield from members(tuple(scores.outputs), list(map(partial(values, form=form), scores.outputs.values())))
        yield b"}"
    yield model
    yield b',"source":{"topic":%b,"partition":' % orjson.dumps(rows.topic)
    yield form.integers(rows.partitions)
    yield b',"offset":'
    yield form.integers(rows.offsets)
    yield b',"timestamp":'
    yield form.integers(rows.timestamps_ms, missing=-1)
    yield b"}}"


def _by_head(rows: ScoredTogether, text: Callable[[Head], bytes], form: Form[Column]) -> bytes | Column:
    """Return what each row has of its head."""
    if len(rows.heads) == 1:
        return text(rows.heads[0])
    known = list(map(text, rows.heads))
    return known[0] if len(set(known)) == 1 else form.chosen(known, rows.codes)


def _begin(head: Head) -> bytes:
    return b'{"schema":%d,"data_type":%b,"result":' % (SCHEMA, orjson.dumps(head.data_type))


def _model(head: Head) -> bytes:
    model = head.model
    body = {"name": model.name, "version": model.version, "sha256": model.sha256, "label": model.label}
    return b',"model":' + orjson.dumps(body)


def _merged(pieces: Iterable[bytes | Column]) -> list[bytes | Column]:
    """Join constants that follow each other, so that each row has fewer pieces."""
    merged: list[bytes | Column] = []
    constant = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            constant += piece
            continue
        merged += (constant, piece) if constant else (piece,)
        constant = b""
    return [*merged, constant] if constant else merged
