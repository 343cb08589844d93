"""From the notes of a run to its figures, slot by slot; it runs after everything is over, and reads no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from streamscore_cli.bench.latency import LatencyHistogram, Percentiles
from streamscore_cli.bench.logs import ArrivalLog, Seen, SendLog
from streamscore_cli.bench.report import Counts, Slot
from streamscore_cli.bench.swaps import Windows

MOST_SLOTS = 60
SLOTS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0)
"""How long a slot of the figures over time is: the shortest of which there are no more than `MOST_SLOTS`."""

CHUNK = 1_000_000
"""Records that are counted at a time, so that the memory for it is bounded."""

_NS_PER_S = 1e9


@dataclass(slots=True)
class Figures:
    """What the analysis finds."""

    counts: Counts = field(default_factory=lambda: Counts(0, 0, 0, 0, 0, 0, 0))
    measured_s: float = 0.0
    sent_per_s: float = 0.0
    results_per_s: float = 0.0
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    inside: LatencyHistogram = field(default_factory=LatencyHistogram)
    outside: LatencyHistogram = field(default_factory=LatencyHistogram)
    slots: list[Slot] = field(default_factory=list)


def analyse(sends: SendLog, results: ArrivalLog, letters: ArrivalLog, windows: Windows, refused: int = 0) -> Figures:
    """Match answers with records and count; `refused` is how many records the broker did not take."""
    figures, matching = Figures(), Matching(sends, results, windows)
    begin_ns = measured_from_ns(sends)
    edges_ns = _edges_ns(results, begin_ns)
    places = [0, *results.places_before(edges_ns), len(results)]
    for slot, (start, stop) in enumerate(pairwise(places)):
        histogram = LatencyHistogram()
        for chunk in _chunks(start, stop):
            matching.take(chunk, histogram, figures)
        figures.latency.merge(histogram)
        if 0 < slot < len(edges_ns):
            span_ns = edges_ns[slot - 1] - begin_ns, edges_ns[slot] - begin_ns
            figures.slots.append(_slot(histogram, *(float(edge) / _NS_PER_S for edge in span_ns)))
    dead = _dead(letters, sends.sent)
    figures.counts = Counts(
        sent=sends.sent,
        refused=refused,
        answered=matching.answered.distinct,
        lost=max(sends.sent - refused - matching.answered.union(dead), 0),
        duplicates=len(results) - matching.unknown - matching.answered.distinct,
        dead_letters=dead.distinct,
        foreign=results.foreign + matching.unknown,
    )
    _rates(figures, sends, begin_ns, max(begin_ns, matching.last_ns))
    return figures


class Matching:
    """Answers matched with their records, in the order they came: the first of each counts."""

    def __init__(self, sends: SendLog, results: ArrivalLog, windows: Windows) -> None:
        """Begin with no answer matched."""
        self._sends = sends
        self._results = results
        self._windows = windows
        self.answered = Seen()
        self.unknown = 0
        self.last_ns = 0

    def take(self, places: tuple[int, int], histogram: LatencyHistogram, figures: Figures) -> None:
        """Match the answers at `places` (start, stop), and count the latencies of measured records."""
        numbers, arrived = self._results.numbers(*places), self._results.arrived_ns(*places)
        known = numbers < self._sends.sent
        self.unknown += int((~known).sum())
        numbers, arrived = numbers[known], arrived[known]
        first, measured_from = self.answered.add(numbers), self._sends.first_measured
        if measured_from is None:
            return
        first &= numbers >= measured_from
        if not first.any():
            return
        numbers, arrived = numbers[first], arrived[first]
        intended = self._sends.intended_ns(numbers)
        took, touched = arrived - intended, self._windows.touched(intended, arrived)
        histogram.add(took)
        figures.inside.add(took[touched])
        figures.outside.add(took[~touched])
        self.last_ns = int(arrived[-1])


def measured_from_ns(sends: SendLog) -> int:
    """Return when the first measured record was meant to be sent; the end of all where none was."""
    first = sends.first_measured
    if first is None or first >= sends.sent:
        return sends.end_ns
    return int(sends.intended_ns(np.array([first], dtype=np.uint32))[0])


def sender_lag(sends: SendLog) -> Percentiles | None:
    """Return how much later than intended the measured records were handed over; None without intended times."""
    if sends.rate is None or sends.first_measured is None:
        return None
    histogram = LatencyHistogram()
    for start, stop in _chunks(sends.first_measured, sends.sent):
        numbers = np.arange(start, stop, dtype=np.uint32)
        histogram.add(sends.handed_over_ns(numbers) - sends.intended_ns(numbers))
    return histogram.summary()


def _edges_ns(results: ArrivalLog, begin_ns: int) -> Sequence[int]:
    """Return the borders of the slots: from the first measured record to the last result, in whole slots."""
    spans_s = max(results.last_ns - begin_ns, 0) / _NS_PER_S
    width_s = next((width for width in SLOTS_S if spans_s / width <= MOST_SLOTS), SLOTS_S[-1])
    return [begin_ns + round(number * width_s * _NS_PER_S) for number in range(int(spans_s / width_s) + 1)]


def _chunks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    for place in range(start, stop, CHUNK):
        yield place, min(place + CHUNK, stop)


def _slot(histogram: LatencyHistogram, begin_s: float, end_s: float) -> Slot:
    p50, p99 = (histogram.percentile_ns(percent) / 1e6 for percent in (50, 99))
    return Slot(round(begin_s, 3), histogram.count / (end_s - begin_s), p50, p99)


def _dead(letters: ArrivalLog, sent: int) -> Seen:
    dead, numbers = Seen(), letters.numbers(0)
    dead.add(numbers[numbers < sent])
    return dead


def _rates(figures: Figures, sends: SendLog, begin_ns: int, last_ns: int) -> None:
    measured = sends.sent - (sends.sent if sends.first_measured is None else sends.first_measured)
    sending_s = (sends.end_ns - begin_ns) / _NS_PER_S
    figures.measured_s = max(last_ns - begin_ns, 0) / _NS_PER_S
    if measured > 1 and sending_s > 0:
        figures.sent_per_s = measured / sending_s
    if figures.latency.count and figures.measured_s > 0:
        figures.results_per_s = figures.latency.count / figures.measured_s
