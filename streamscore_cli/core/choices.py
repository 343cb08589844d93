"""Choices that an operator makes by name, on the command line and in settings; the rules behind them live elsewhere."""

from __future__ import annotations

from enum import StrEnum


class NoModel(StrEnum):
    """What becomes of a record whose declared data type has no model yet."""

    WAIT = "wait"
    DROP = "drop"
    DEAD_LETTER = "dead-letter"


class OnError(StrEnum):
    """What becomes of a record that cannot be scored."""

    DEAD_LETTER = "dead-letter"
    SKIP = "skip"
    STOP = "stop"


class OnGap(StrEnum):
    """What to do when retention deleted records before they were read."""

    STOP = "stop"
    CONTINUE = "continue"


class Fallback(StrEnum):
    """What becomes of a PMML model that is beyond the engine `pmml`."""

    REFUSE = "refuse"
    PYPMML = "pypmml"


class Points(StrEnum):
    """What InfluxDB gets: one point a score, or one a second and model; `auto` decides by the rate."""

    AUTO = "auto"
    RAW = "raw"
    AGGREGATE = "aggregate"


class RecordFormat(StrEnum):
    """How the records of a data topic are encoded."""

    PROTOBUF = "protobuf"
    JSON = "json"


class ResultFormat(StrEnum):
    """How results are encoded."""

    JSON = "json"
    PROTOBUF = "protobuf"


class RowFormat(StrEnum):
    """How the rows of an input file are written."""

    CSV = "csv"
    JSONL = "jsonl"


class OnBadRow(StrEnum):
    """What to do with a row of an input file that cannot be read."""

    FAIL = "fail"
    SKIP = "skip"


class LogFormat(StrEnum):
    """How the log is written."""

    TEXT = "text"
    JSON = "json"


class StatsSort(StrEnum):
    """By what the models of `stats` are sorted."""

    RATE = "rate"
    P99 = "p99"
    SCORED = "scored"
    SINCE = "since"
    NAME = "name"
