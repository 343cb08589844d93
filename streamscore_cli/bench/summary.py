"""A finished run as a report, with notes on what its figures cannot say; it counts nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from streamscore_cli import __version__
from streamscore_cli.bench.analysis import Figures, analyse, measured_from_ns, sender_lag
from streamscore_cli.bench.load import AnswerReceiver, LoadSender
from streamscore_cli.bench.plan import LoadPlan
from streamscore_cli.bench.report import Asked, BenchReport, SwapFigures, SwapReport
from streamscore_cli.bench.run import Finished, SwapPlan
from streamscore_cli.bench.swaps import Windows

LAG_SHARE = 0.1
"""A sender lag of more than this share of the latency, both p99, is worth a note."""

LAG_MS = 0.2
BUSY = 0.8
RATE_SHARE = 0.99
FEW = 1000

_NS_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class Made:
    """What a run was made of: its name, when it began, topics, plan, swaps, and whether dead letters were read."""

    run: str
    began_ms: int
    topic: str
    results_topic: str
    plan: LoadPlan
    swapping: SwapPlan | None
    reads_letters: bool


def make_report(made: Made, sender: LoadSender, receiver: AnswerReceiver, finished: Finished) -> BenchReport:
    """Return the report of a run that is over."""
    plan, swapping = made.plan, made.swapping
    windows = Windows.of(finished.swaps, int((swapping.window_s if swapping else 0) * _NS_PER_S))
    figures = analyse(sender.log, receiver.results, receiver.letters, windows, finished.refused)
    report = BenchReport(
        run=made.run,
        version=__version__,
        began=datetime.fromtimestamp(made.began_ms / 1000, UTC).isoformat(timespec="seconds"),
        asked=Asked(
            made.topic,
            made.results_topic,
            plan.rate,
            plan.warm_up_s,
            plan.wait_s,
            swapping.every_s if swapping else None,
            swapping.window_s if swapping else None,
        ),
        complete=not finished.interrupted,
        measured_s=figures.measured_s,
        counts=figures.counts,
        sent_per_s=figures.sent_per_s,
        results_per_s=figures.results_per_s,
        latency_ms=figures.latency.summary(),
        sender_lag_ms=sender_lag(sender.log),
        sender_busy=finished.sender_busy,
        receiver_busy=finished.receiver_busy,
        swapping=_swap_figures(figures, sender, finished) if swapping else None,
        over_time=tuple(figures.slots),
        first_dead_letter=receiver.first_letter,
        notes=(),
    )
    return with_notes(report, made)


def with_notes(report: BenchReport, made: Made) -> BenchReport:
    """Return the report with what its reader should know."""
    return replace(report, notes=(*_on_the_bench(report), *_on_the_answers(report, made)))


def _on_the_bench(report: BenchReport) -> Iterator[str]:
    latency, lag = report.latency_ms, report.sender_lag_ms
    if report.asked.rate is None:
        yield "as fast as it goes, latencies are time in queues; give a rate that the server keeps to see its own."
    elif report.sent_per_s and report.sent_per_s < RATE_SHARE * report.asked.rate and report.complete:
        yield f"the bench itself reached {report.sent_per_s:,.0f} records/s of {report.asked.rate:,g}."
    if latency and lag and lag.p99 > max(LAG_SHARE * latency.p99, LAG_MS):
        yield f"the bench itself was late, by {lag.p99:.3g} ms at p99: the latencies have that in them."
    if max(report.sender_busy, report.receiver_busy) > BUSY:
        busy = f"sending took {report.sender_busy:.0%} of a core and receiving {report.receiver_busy:.0%}"
        yield f"{busy}: the bench may be what was measured."


def _on_the_answers(report: BenchReport, made: Made) -> Iterator[str]:
    counts, latency = report.counts, report.latency_ms
    if latency and latency.count < FEW:
        yield f"{latency.count:,} records are too few for a p99.9."
    if counts.dead_letters:
        yield f"the first dead letter: {report.first_dead_letter}"
    if counts.lost:
        more = "" if made.reads_letters else " There is no topic of dead letters to look in."
        yield f"no answer came for {made.plan.wait_s:g} s when {counts.lost:,} records still had none: lost.{more}"
    if counts.foreign:
        yield f"{counts.foreign:,} messages on {made.results_topic} were not of this run."


def _swap_figures(figures: Figures, sender: LoadSender, finished: Finished) -> SwapFigures:
    begin_ns = measured_from_ns(sender.log)
    swaps = tuple(
        SwapReport((swap.model.at_ns - begin_ns) / _NS_PER_S, swap.model.name, swap.model.sha256, swap.took_ms)
        for swap in finished.swaps
    )
    return SwapFigures(swaps, figures.inside.summary(), figures.outside.summary())
