"""What a run came to, as values; how it is counted is in `analysis.py`, how it looks in ui/."""

from __future__ import annotations

from dataclasses import dataclass

from streamscore_cli.bench.latency import Percentiles

KIND = "streamscore-bench"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What the run was told: topics, rate (None: as fast as it goes), times, the windows of swaps."""

    topic: str
    results_topic: str
    rate: float | None
    warm_up_s: float
    wait_s: float
    swap_every_s: float | None = None
    swap_window_s: float | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of all records, those of the warm-up too; each has an answer, a dead letter, or is lost.

    `refused` were not taken by the broker; `duplicates` are results besides the first of a record; `foreign` are
    messages on the results topic that are not of this run.
    """

    sent: int
    refused: int
    answered: int
    lost: int
    duplicates: int
    dead_letters: int
    foreign: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of the measured time: when it began, seconds from the first measured record on, and what came in it."""

    at_s: float
    results_per_s: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class SwapReport:
    """A model that was published under load: when, and how long until a server said that it is in service."""

    at_s: float
    model: str
    sha256: str
    took_ms: float | None


@dataclass(frozen=True, slots=True)
class SwapFigures:
    """The swaps of a run, and the latencies of records under way in their windows and outside of them."""

    swaps: tuple[SwapReport, ...]
    inside_ms: Percentiles | None
    outside_ms: Percentiles | None


@dataclass(frozen=True, slots=True)
class BenchReport:
    """A run in figures; rates and latencies are of what came after the warm-up."""

    run: str
    version: str
    began: str
    asked: Asked
    complete: bool
    measured_s: float
    counts: Counts
    sent_per_s: float
    results_per_s: float
    latency_ms: Percentiles | None
    sender_lag_ms: Percentiles | None
    sender_busy: float
    receiver_busy: float
    swapping: SwapFigures | None
    over_time: tuple[Slot, ...]
    first_dead_letter: str
    notes: tuple[str, ...]
    kind: str = KIND
    schema: int = SCHEMA
