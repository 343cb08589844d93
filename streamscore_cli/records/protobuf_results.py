"""Results as `streamscore.ScoreResult`, laid out a batch at a time; the message's text is protos/score_result.proto.

The bytes are those that the protobuf library writes when told to be deterministic: fields in the order of their
numbers, entries of a map as the library sorts them, and no number of a source that is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import integers
from streamscore_cli.core.distinct import distinct
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.records.byte_rows import Choice, Fixed, Numbers, Piece, byte_rows, texts
from streamscore_cli.records.pb.score_result_pb2 import ScoreResult
from streamscore_cli.records.scored_rows import SCHEMA, Head, ResultRecord, ResultValue, ScoredTogether

_RESULT, _PROBABILITIES, _OUTPUTS, _SOURCE = b"\x1a", b"\x2a", b"\x32", b"\x42"
_PARTITION, _OFFSET, _TIMESTAMP = b"\x15", b"\x19", b"\x21"
_DOUBLE, _INTEGER, _FLAG = b"\x09", b"\x19", b"\x20"
_KEY, _VALUE = b"\x0a", b"\x12"
_BITS = 63

_FEWEST = 32
"""Fewer rows than this the protobuf library writes faster one by one."""

Tagged = Callable[[bytes], bytes]
"""Turns the body of a `Value` into the field that holds it."""


class ProtobufResultEncoder:
    """Encodes results as `ScoreResult` messages, one a row; NaN and infinite numbers stay what they are."""

    def encode(self, rows: ScoredTogether) -> Sequence[bytes]:
        """Return one message a row."""
        if len(rows) < _FEWEST:
            return _one_by_one(rows)
        scores = rows.scores
        begin = _by_head(rows, [_begin(head.data_type) for head in rows.heads])
        pieces = [begin, *_value(scores.result, lambda body: _delimited(_RESULT, body))]
        if scores.probabilities is not None and scores.labels:
            probabilities = Numbers(scores.probabilities, "<f8")
            pieces += [_labels(scores.labels), _PROBABILITIES + varint(probabilities.width), probabilities]
        for name in _in_order(tuple(scores.outputs)):
            pieces += _output(name.encode(), scores.outputs[name])
        pieces.append(_by_head(rows, [_model(head.model) for head in rows.heads]))
        return byte_rows(pieces, _source(rows))


def decode_protobuf_result(value: bytes) -> ResultRecord:
    """Read one message; raises `DecodeError` when it is none."""
    found = ScoreResult.FromString(value)
    model, source = found.model, found.source
    return ResultRecord(
        data_type=found.data_type,
        result=_plain(found.result),
        model=ModelIdentity(model.name, model.version, model.sha256, model.label),
        topic=source.topic,
        partition=source.partition,
        offset=source.offset,
        timestamp_ms=source.timestamp,
        probabilities=dict(zip(found.labels, map(_number, found.probabilities), strict=True)),
        outputs={name: _plain(output) for name, output in found.outputs.items()},
        schema=found.schema,
    )


def _by_head(rows: ScoredTogether, known: list[bytes]) -> Piece:
    """Return what each row has of its head; often that is the same, as where one model serves many data types."""
    return known[0] if len(set(known)) == 1 else texts(known, rows.codes)


def varint(number: int) -> bytes:
    """Return a non-negative number as protobuf writes lengths."""
    more, low = number >> 7, number & 0x7F
    return bytes([low | 0x80]) + varint(more) if more else bytes([low])


@lru_cache(maxsize=256)
def _begin(data_type: str) -> bytes:
    return ScoreResult(schema=SCHEMA, data_type=data_type).SerializeToString()


@lru_cache(maxsize=256)
def _labels(labels: tuple[str, ...]) -> bytes:
    return ScoreResult(labels=labels).SerializeToString()


@lru_cache(maxsize=256)
def _model(model: ModelIdentity) -> bytes:
    found = ScoreResult.Model(name=model.name, version=model.version, sha256=model.sha256, label=model.label)
    return ScoreResult(model=found).SerializeToString()


@lru_cache(maxsize=256)
def _topic(topic: str) -> bytes:
    return ScoreResult.Source(topic=topic).SerializeToString()


@lru_cache(maxsize=256)
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names in the order in which the library writes the entries of a map (that of no alphabet)."""
    entries = {ScoreResult(outputs={name: ScoreResult.Value()}).SerializeToString(): name for name in names}
    every = ScoreResult(outputs={name: ScoreResult.Value() for name in names}).SerializeToString(deterministic=True)
    ordered: list[str] = []
    while every:
        entry = next(entry for entry in entries if every.startswith(entry))
        ordered.append(entries[entry])
        every = every[len(entry) :]
    return tuple(ordered)


def _output(key: bytes, array: NDArray[Any]) -> Sequence[Piece]:
    """Return an entry of the map: its key, then its value."""
    begin = _delimited(_KEY, key)
    return _value(array, lambda body: _delimited(_OUTPUTS, begin + _delimited(_VALUE, body)))


def _value(array: NDArray[Any], field: Tagged) -> Sequence[Piece]:
    """Return a field that holds a `Value`."""
    if array.dtype.kind == "b":
        return _fixed_value(_FLAG, array, "u1", field)
    if array.dtype.kind in "iu":
        return _fixed_value(_INTEGER, array, "<i8", field)
    if array.dtype != object:
        return _fixed_value(_DOUBLE, array, "<f8", field)
    known, codes = distinct(array)
    return [texts([field(_body(value)) for value in known], codes)]


def _fixed_value(tag: bytes, array: NDArray[Any], kind: str, field: Tagged) -> Sequence[Piece]:
    numbers = Numbers(array, kind)
    begin = field(tag + bytes(numbers.width))
    return [begin[: -numbers.width], numbers]


def _source(rows: ScoredTogether) -> Choice:
    """Return where each row came from; of its three numbers those that are not 0."""
    topic = _topic(rows.topic)
    length = len(rows)
    columns = (
        (_PARTITION, Numbers(integers(rows.partitions), "<i4")),
        (_OFFSET, Numbers(integers(rows.offsets), "<i8")),
        (_TIMESTAMP, Numbers(integers(rows.timestamps_ms), "<i8")),
    )
    present = [np.count_nonzero(numbers.array) for _, numbers in columns]
    if min(present) == length:
        return Choice.only(_present(topic, columns), length)
    codes = np.full(length, sum((count == length) << bit for bit, count in enumerate(present)), np.intp)
    for bit, (count, (_, numbers)) in enumerate(zip(present, columns, strict=True)):
        if 0 < count < length:
            codes |= (numbers.array != 0).astype(np.intp) << bit
    options = {
        code: _present(topic, [column for bit, column in enumerate(columns) if code >> bit & 1])
        for code in np.flatnonzero(np.bincount(codes)).tolist()
    }
    return Choice(codes, options)


def _present(topic: bytes, columns: Sequence[tuple[bytes, Numbers]]) -> list[Fixed]:
    size = len(topic) + sum(len(tag) + numbers.width for tag, numbers in columns)
    pieces: list[Fixed] = [_SOURCE + varint(size) + topic]
    for tag, numbers in columns:
        pieces += [tag, numbers]
    return pieces


def _delimited(tag: bytes, body: bytes) -> bytes:
    return tag + varint(len(body)) + body


def _body(value: ResultValue) -> bytes:
    found = ScoreResult.Value()
    _set(found, value)
    return found.SerializeToString()


def _set(found: ScoreResult.Value, value: ResultValue) -> None:
    if value is None:
        found.SetInParent()
    elif isinstance(value, str):
        found.label = value
    elif isinstance(value, bool):
        found.flag = value
    elif isinstance(value, int) and -(1 << _BITS) <= value < 1 << _BITS:
        found.integer = value
    else:
        found.value = value


def _one_by_one(rows: ScoredTogether) -> list[bytes]:
    scores = rows.scores
    probabilities: list[list[float]] = [[]] * len(rows)
    if scores.probabilities is not None:
        probabilities = scores.probabilities.tolist()
    outputs = {name: array.tolist() for name, array in scores.outputs.items()}
    values: list[bytes] = []
    columns = rows.partitions, rows.offsets, rows.timestamps_ms
    sources = zip(*(integers(column).tolist() for column in columns), strict=True)
    common = [_common(rows, head) for head in rows.heads]
    answers = zip(rows.codes.tolist(), scores.result.tolist(), sources, strict=True)
    for row, (code, result, source) in enumerate(answers):
        found = ScoreResult()
        found.CopyFrom(common[code])
        _set(found.result, result)
        found.probabilities.extend(probabilities[row])
        for name, column in outputs.items():
            _set(found.outputs[name], column[row])
        found.source.partition, found.source.offset, found.source.timestamp = source
        values.append(found.SerializeToString(deterministic=True))
    return values


def _common(rows: ScoredTogether, head: Head) -> ScoreResult:
    """Return what all rows of a head have."""
    model = head.model
    found = ScoreResult(schema=SCHEMA, data_type=head.data_type, source=ScoreResult.Source(topic=rows.topic))
    found.model.CopyFrom(
        ScoreResult.Model(name=model.name, version=model.version, sha256=model.sha256, label=model.label)
    )
    if rows.scores.probabilities is not None:
        found.labels.extend(rows.scores.labels)
    return found


def _plain(value: ScoreResult.Value) -> ResultValue:
    match value.WhichOneof("kind"):
        case "label":
            return value.label
        case "integer":
            return value.integer
        case "flag":
            return value.flag
        case "value":
            return _number(value.value)
        case _:
            return None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
