"""Results as `streamscore.ScoreResult`, laid out a batch at a time; the message's text is protos/score_result.proto.

All that differs from row to row is fixed-width on the wire, so that a batch is a matrix of bytes: one template row,
with columns written into it. Text differs in length and is appended; protobuf takes fields in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.records.pb.score_result_pb2 import ScoreResult
from streamscore_cli.records.scored_rows import SCHEMA, ResultRecord, ResultValue, ScoredRows

_RESULT, _PROBABILITIES, _OUTPUTS, _SOURCE = 0x1A, 0x2A, 0x32, 0x42
_TOPIC, _PARTITION, _OFFSET, _TIMESTAMP = 0x0A, 0x15, 0x19, 0x21
_DOUBLE, _INTEGER, _FLAG = 0x09, 0x19, 0x20
_KEY, _VALUE = 0x0A, 0x12
_LARGEST_INTEGER = 2**63 - 1

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Pieces of a row: constants, and columns of shape (rows, width); `texts` differ in length and come last."""

    fixed: list[bytes | Bytes]
    texts: list[list[bytes]]


class ProtobufResultEncoder:
    """Encodes results as `ScoreResult` messages, one a row; NaN and infinite numbers stay what they are."""

    def encode(self, rows: ScoredRows) -> list[bytes]:
        """Return one message a row."""
        if not len(rows):
            return []
        layout = _Layout([_head(rows)], [])
        scores = rows.scores
        _add_value(layout, bytes([_RESULT]), scores.result)
        if scores.probabilities is not None and scores.labels:
            packed = _little(scores.probabilities, "<f8")
            layout.fixed.extend((bytes([_PROBABILITIES]) + varint(packed.shape[1]), packed))
        for name, array in scores.outputs.items():
            _add_output(layout, name, array)
        _add_source(layout, rows)
        values = _matrix_rows(layout.fixed, len(rows))
        for texts in layout.texts:
            values = list(map(add, values, texts))
        return values


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


def varint(number: int) -> bytes:
    """Return a non-negative number as protobuf writes lengths."""
    more, low = number >> 7, number & 0x7F
    return bytes([low | 0x80]) + varint(more) if more else bytes([low])


def _head(rows: ScoredRows) -> bytes:
    """Return what is the same for all rows, by the protobuf library."""
    model = ScoreResult.Model(
        name=rows.model.name, version=rows.model.version, sha256=rows.model.sha256, label=rows.model.label
    )
    labels = () if rows.scores.probabilities is None else rows.scores.labels
    return ScoreResult(schema=SCHEMA, data_type=rows.data_type, labels=labels, model=model).SerializeToString()


def _add_value(layout: _Layout, tag: bytes, array: NDArray[Any]) -> None:
    """Add a field that holds a `Value`, its own tag first."""
    if array.dtype == object:
        layout.texts.append(_each_value(array, lambda body: _delimited(tag, body)))
        return
    kind, column = _fixed_value(array)
    layout.fixed.extend((tag + varint(1 + column.shape[1]) + kind, column))


def _add_output(layout: _Layout, name: str, array: NDArray[Any]) -> None:
    """Add an entry of the map: its key, then its value."""
    encoded = name.encode()
    key = bytes([_KEY]) + varint(len(encoded)) + encoded + bytes([_VALUE])
    tag = bytes([_OUTPUTS])
    if array.dtype == object:
        layout.texts.append(_each_value(array, lambda body: _delimited(tag, _delimited(key, body))))
        return
    kind, column = _fixed_value(array)
    size = 1 + column.shape[1]
    entry = key + varint(size) + kind
    layout.fixed.extend((tag + varint(len(entry) + column.shape[1]) + entry, column))


def _add_source(layout: _Layout, rows: ScoredRows) -> None:
    topic = rows.topic.encode()
    head = bytes([_TOPIC]) + varint(len(topic)) + topic + bytes([_PARTITION])
    size = len(head) + 4 + 1 + 8 + 1 + 8
    pieces: tuple[bytes | Bytes, ...] = (
        bytes([_SOURCE]) + varint(size) + head,
        _little(np.array(rows.partitions), "<i4"),
        bytes([_OFFSET]),
        _little(np.array(rows.offsets), "<i8"),
        bytes([_TIMESTAMP]),
        _little(np.array(rows.timestamps_ms), "<i8"),
    )
    layout.fixed.extend(pieces)


def _fixed_value(array: NDArray[Any]) -> tuple[bytes, Bytes]:
    """Return the tag inside a `Value` and its bytes, for a column of one number type."""
    if array.dtype.kind == "b":
        return bytes([_FLAG]), _little(array, "u1")
    if array.dtype.kind in "iu":
        return bytes([_INTEGER]), _little(array, "<i8")
    return bytes([_DOUBLE]), _little(array, "<f8")


def _little(array: NDArray[Any], kind: str) -> Bytes:
    """Return the little-endian bytes of each row."""
    return np.ascontiguousarray(array, np.dtype(kind)).view(np.uint8).reshape(len(array), -1)


def _matrix_rows(pieces: Sequence[bytes | Bytes], length: int) -> list[bytes]:
    widths = [len(piece) if isinstance(piece, bytes) else piece.shape[1] for piece in pieces]
    matrix = np.empty((length, sum(widths)), np.uint8)
    start = 0
    for piece, width in zip(pieces, widths, strict=True):
        matrix[:, start : start + width] = np.frombuffer(piece, np.uint8) if isinstance(piece, bytes) else piece
        start += width
    rows: list[bytes] = matrix.view(f"V{start}").ravel().tolist()
    return rows


def _delimited(tag: bytes, body: bytes) -> bytes:
    return tag + varint(len(body)) + body


def _each_value(array: NDArray[Any], field: Callable[[bytes], bytes]) -> list[bytes]:
    """Return the field of each value of a column of mixed types; each text is made once."""
    values = array.tolist()
    if set(map(type, values)) == {str}:
        known = {value: field(_body(value)) for value in set(values)}
        return list(map(known.__getitem__, values))
    return [field(_body(value)) for value in values]


def _body(value: ResultValue) -> bytes:
    if value is None:
        return b""
    if isinstance(value, str):
        return ScoreResult.Value(label=value).SerializeToString()
    if isinstance(value, bool):
        return ScoreResult.Value(flag=value).SerializeToString()
    if isinstance(value, int) and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
        return ScoreResult.Value(integer=value).SerializeToString()
    return ScoreResult.Value(value=value).SerializeToString()


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
