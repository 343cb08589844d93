"""The port of result formats, and the table of them; it knows how no format looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from google.protobuf.message import DecodeError

from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.errors import UsageProblem
from streamscore_cli.records.json_results import JsonResultEncoder, decode_json_result
from streamscore_cli.records.protobuf_results import ProtobufResultEncoder, decode_protobuf_result
from streamscore_cli.records.scored_rows import SCHEMA, ResultRecord, ScoredRows, ScoredTogether

__all__ = ["ResultEncoder", "ResultRecord", "ScoredRows", "ScoredTogether", "decode_result", "encoder_for"]


class ResultEncoder(Protocol):
    """Encodes what one call scored, be it for several data types."""

    def encode(self, rows: ScoredTogether) -> Sequence[bytes]:
        """Return one body a row, in order; of many rows as `Payloads`."""
        ...


@dataclass(frozen=True, slots=True)
class _Format:
    encoder: Callable[[], ResultEncoder]
    decode: Callable[[bytes], ResultRecord]


FORMATS: Mapping[ResultFormat, _Format] = MappingProxyType(
    {
        ResultFormat.JSON: _Format(JsonResultEncoder, decode_json_result),
        ResultFormat.PROTOBUF: _Format(ProtobufResultEncoder, decode_protobuf_result),
    }
)


def encoder_for(result_format: ResultFormat) -> ResultEncoder:
    """Return the encoder of a format."""
    return FORMATS[result_format].encoder()


def decode_result(value: bytes, result_format: ResultFormat) -> ResultRecord:
    """Read one result back; raises `UsageProblem` when the bytes are not a result of this format and schema."""
    try:
        found = FORMATS[result_format].decode(value)
    except (DecodeError, ValueError, KeyError, TypeError) as error:
        message = f"{len(value)} bytes are not a {result_format} result: {error}."
        raise UsageProblem(message, "Is this the scores topic, and does scoring.results name its format?") from error
    if found.schema != SCHEMA:
        message = f"The result has schema {found.schema}; this program reads {SCHEMA}."
        raise UsageProblem(message, "Upgrade streamscore to read it.")
    return found
