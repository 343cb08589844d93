"""A report with something in every part of it, for tests of what is made from reports."""

from __future__ import annotations

from streamscore_cli.bench.latency import Percentiles
from streamscore_cli.bench.report import Asked, BenchReport, Counts, Slot, SwapFigures, SwapReport

CURVE = ((0.0, 0.9), (50.0, 1.7), (90.0, 2.5), (99.0, 6.0), (99.9, 15.0), (100.0, 42.0))
LATENCY = Percentiles(60_000, 0.9, 1.9, 1.7, 2.5, 6.0, 15.0, 42.0, CURVE)


def full_report() -> BenchReport:
    """Return a report of a run with swaps, losses, duplicates and dead letters."""
    slots = tuple(Slot(at_s, 2000.0 - at_s * 10, 1.7, 6.0 + at_s) for at_s in range(30))
    swaps = (SwapReport(10.0, "forest", "ab" * 32, 250.0), SwapReport(20.0, "tree", "cd" * 32, None))
    return BenchReport(
        run="1a2b3c4d",
        version="1.0",
        began="2026-01-01T00:00:00+00:00",
        asked=Asked("models_data", "models_scores", 2000.0, 5.0, 10.0, 10.0, 1.0),
        complete=True,
        measured_s=30.0,
        counts=Counts(70_000, 0, 69_980, 10, 35, 10, 0),
        sent_per_s=2000.0,
        results_per_s=1999.4,
        latency_ms=LATENCY,
        sender_lag_ms=Percentiles(60_000, 0.01, 0.07, 0.06, 0.08, 0.1, 0.4, 1.2, ((50.0, 0.06),)),
        sender_busy=0.05,
        receiver_busy=0.04,
        swapping=SwapFigures(swaps, LATENCY, None),
        over_time=slots,
        first_dead_letter="undecodable: 4 bytes are not a WineRecord",
        notes=("the first dead letter: undecodable: 4 bytes are not a WineRecord",),
    )
