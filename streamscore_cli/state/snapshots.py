"""What an instance knows about itself, as immutable values; who measures it and who shows it is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from streamscore_cli.core.batch import TopicPartition
from streamscore_cli.core.columns import Integers
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.histogram import Histogram


@dataclass(frozen=True, slots=True)
class SlotUse:
    """What one model did for one data type in one batch; `scoring_ns` is the time in `Servable.score` and binding.

    `timestamps_ms` are those of its records, -1 where a record has none. Scoring began at `begun_ns` of the clock for
    durations, and its results were encoded at `encoded_ns`.
    """

    data_type: str
    model: ModelIdentity
    records: int
    scoring_ns: int
    last_result: object
    timestamps_ms: Integers = ()
    begun_ns: int = 0
    encoded_ns: int = 0


@dataclass(frozen=True, slots=True)
class BatchObservation:
    """What became of the records of one poll, whose results were handed to the producer at `produced_ms`.

    `dropped` counts records left out by a policy its operator chose, by cause.
    """

    records: int
    produced_ms: int
    slots: tuple[SlotUse, ...]
    dead_letters: Mapping[tuple[Stage, Cause], int]
    dropped: Mapping[Cause, int]


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one model has done for one data type; durations are milliseconds a record, `duration_ms` their sum.

    `scoring` counts nanoseconds a record (the mean of its batch), `latency` microseconds from a record's timestamp to
    its result; `rate_per_s` is over the last seconds.
    """

    data_type: str
    model: ModelIdentity
    invocations: int
    duration_ms: float
    min_ms: float
    max_ms: float
    rate_per_s: float = 0.0
    scoring: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)


@dataclass(frozen=True, slots=True)
class LastScore:
    """One of the last results, for people to look at."""

    at_ms: int
    data_type: str
    model: str
    result: object


@dataclass(frozen=True, slots=True)
class ScoringSnapshot:
    """The scoring thread's counts since the start; `rate_per_s` over the last seconds; `models` newest use last.

    `latency` counts microseconds from a record's timestamp to its result, `scoring` nanoseconds a record in a model
    (fast models take less than a microsecond), `batches` records of a batch. `taken_ms` is when the counts were taken;
    rates and `uptime_s` are as of the moment of reading.
    """

    taken_ms: int
    started_ms: int
    records: int = 0
    results: int = 0
    dead_letters: Mapping[tuple[Stage, Cause], int] = field(default_factory=dict)
    dropped: Mapping[Cause, int] = field(default_factory=dict)
    rate_per_s: float = 0.0
    latency: Histogram = field(default_factory=Histogram)
    scoring: Histogram = field(default_factory=Histogram)
    batches: Histogram = field(default_factory=Histogram)
    models: tuple[ModelUse, ...] = ()
    last_scores: tuple[LastScore, ...] = ()
    partitions: tuple[TopicPartition, ...] = ()
    joined: bool = False
    gaps: int = 0
    waiting: Mapping[TopicPartition, str] = field(default_factory=dict)
    lag: Mapping[TopicPartition, int] = field(default_factory=dict)
    uptime_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What happened between two looks at the counts, the later at `at_ms`.

    Rates are a second; latencies are microseconds from a record's timestamp to its result, of this stretch alone, and 0
    where it had no results; `lag` is the sum of all partitions at the end.
    """

    at_ms: int
    records_per_s: float
    results_per_s: float
    dead_letters_per_s: float
    p50_us: int
    p90_us: int
    p99_us: int
    max_us: int
    lag: int


class ModelState(StrEnum):
    """The life of a servable.

    NEW -> LOADING -> VERIFYING -> WARMING -> AVAILABLE -> DRAINING -> CLOSED, and REJECTED from any of the first four.
    """

    NEW = "new"
    LOADING = "loading"
    VERIFYING = "verifying"
    WARMING = "warming"
    AVAILABLE = "available"
    DRAINING = "draining"
    CLOSED = "closed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ModelInService:
    """The model that answers for a data type, since when, and what it is."""

    data_type: str
    model: ModelIdentity
    description: str
    engine: str
    format: str
    size_bytes: int
    since_ms: int
    load_ms: float


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """What happened to a model: state AVAILABLE is a swap (`previous` = the name it replaced), or REJECTED."""

    at_ms: int
    data_type: str
    model: ModelIdentity
    state: ModelState
    reason: str = ""
    previous: str = ""


@dataclass(frozen=True, slots=True)
class ModelsSnapshot:
    """The models thread's view: written by it alone; `events` are the last ones, newest last, as is `in_service`."""

    caught_up: bool = False
    loading: str = ""
    declared: frozenset[str] = frozenset()
    in_service: tuple[ModelInService, ...] = ()
    events: tuple[ModelEvent, ...] = ()
    swaps: int = 0
    rejections: int = 0


@dataclass(frozen=True, slots=True)
class SinkSnapshot:
    """What became of the points of one sink since the start; a sink is best effort, and says what it lost.

    `points` counts scores offered, `written` and `dropped` (by cause) how they ended, `waiting` those still in memory;
    an aggregate stands for all its scores. `problem` is empty while the last write was good.
    """

    name: str
    target: str
    points: int = 0
    written: int = 0
    waiting: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the instance can do its work, and what is missing where it can not."""

    ready: bool
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceIdentity:
    """The name of an instance and the address at which others reach its HTTP side."""

    name: str
    host: str
    port: int


class InstanceView(Protocol):
    """What readers (HTTP, sinks) may know of this instance; every call returns an immutable value at once."""

    @property
    def identity(self) -> InstanceIdentity:
        """Return who this instance is."""
        ...

    def scoring(self) -> ScoringSnapshot:
        """Return the scoring thread's last snapshot."""
        ...

    def models(self) -> ModelsSnapshot:
        """Return the models thread's last snapshot."""
        ...

    def readiness(self) -> Readiness:
        """Return whether this instance is ready."""
        ...

    def history(self) -> tuple[Sample, ...]:
        """Return one sample a second of the last minutes, newest last."""
        ...

    def earlier(self) -> ScoringSnapshot | None:
        """Return the counts of about ten seconds ago, to tell the last seconds from all; None while there are none."""
        ...

    def sinks(self) -> tuple[SinkSnapshot, ...]:
        """Return what became of the points of each sink."""
        ...
