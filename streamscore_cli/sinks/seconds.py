"""What one model did in one second, as aggregated points: counts, means, percentiles; it knows no clock."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from streamscore_cli.core.columns import integers
from streamscore_cli.records.scored_rows import TimedRows
from streamscore_cli.sinks.answers import tally
from streamscore_cli.sinks.line_protocol import encoded, series
from streamscore_cli.sinks.naming import OTHER
from streamscore_cli.sinks.outbox import Line
from streamscore_cli.sinks.raw_points import MEASUREMENT, NS_PER_MS
from streamscore_cli.state.histogram import Histogram, HistogramBuilder

SECONDS = "serving_seconds"
LABELS = "serving_labels"
MOST_LABELS = 30
MOST_KNOWN = 100
"""Labels of a model that are told apart in a second, and at all, those that came first; the others are `(other)`."""

US_PER_MS = 1000
PERCENTILES = (50, 90, 99)


class ModelSecond:
    """Adds up what one model answered for one data type; batches come one by one, and nothing is kept of them."""

    def __init__(self, known: set[str] | None = None) -> None:
        """Begin with nothing; `known` are the model's labels of other seconds, and gets those of this one."""
        self._known = set() if known is None else known
        self.count = 0
        self._numbers = 0
        self._sum = 0.0
        self._smallest = np.inf
        self._largest = -np.inf
        self._labels: Counter[str] = Counter()
        self._spent_ns = 0.0
        self._durations = HistogramBuilder()
        self._latencies = HistogramBuilder()

    def add(self, part: TimedRows, at_ms: int) -> None:
        """Add answers that were there at `at_ms`; vectorised where the answers are numbers."""
        rows = len(part.rows)
        self.count += rows
        self._spent_ns += part.scoring_ns * rows
        self._durations.add_repeated(round(part.scoring_ns), rows)
        stamps = integers(part.rows.timestamps_ms)
        self._latencies.add(np.maximum(at_ms - stamps[stamps >= 0], 0) * US_PER_MS)
        scores = part.rows.scores
        answers = tally(scores.result, classes=bool(scores.labels))
        if len(answers.values):
            self._numbers += int(answers.times.sum())
            with np.errstate(over="ignore", invalid="ignore"):
                self._sum += float(answers.values @ answers.times)
            self._smallest = min(self._smallest, float(answers.values.min()))
            self._largest = max(self._largest, float(answers.values.max()))
        for label, count in answers.labels:
            self._labels[label if self._told_apart(label) else OTHER] += count

    def lines(self, tags: Mapping[str, str], at_ms: int, *, stand_in: bool) -> list[Line]:
        """Return the points of this second; with `stand_in` one of `serving` too, which stands for all its scores."""
        time = at_ms * NS_PER_MS
        lines = [Line(encoded(f"{series(SECONDS, tags)} {self._fields()} {time}"), 0)]
        for label, count in self._labels.items():
            lines.append(Line(encoded(f"{series(LABELS, {**tags, 'label': label})} count={count}i {time}"), 0))
        if stand_in:
            lines.append(Line(encoded(f"{series(MEASUREMENT, tags)} {self._means()} {time}"), self.count))
        return lines

    def _told_apart(self, label: str) -> bool:
        if label not in self._labels and len(self._labels) >= MOST_LABELS:
            return False
        if label not in self._known and len(self._known) >= MOST_KNOWN:
            return False
        self._known.add(label)
        return True

    def _mean(self, name: str) -> list[str]:
        """Return the mean of the numbers; nothing where there are none, or their sum is beyond a number."""
        if not self._numbers or not math.isfinite(self._sum):
            return []
        return [f"{name}={self._sum / self._numbers!r}"]

    def _means(self) -> str:
        mean_ms = self._spent_ns / self.count / NS_PER_MS
        return ",".join([*self._mean("calculated"), f"duration={mean_ms!r}"])

    def _fields(self) -> str:
        fields = [f"count={self.count}i", f"duration_mean={self._spent_ns / self.count / NS_PER_MS!r}"]
        fields += _percentiles("duration", self._durations.build(), NS_PER_MS)
        fields += _percentiles("latency", self._latencies.build(), NS_PER_MS // US_PER_MS)
        if self._numbers:
            fields += self._mean("calculated_mean")
            fields.append(f"calculated_min={self._smallest!r}")
            fields.append(f"calculated_max={self._largest!r}")
        return ",".join(fields)


def _percentiles(name: str, histogram: Histogram, per_ms: int) -> list[str]:
    """Return percentiles and the largest in milliseconds of what was counted in parts of one."""
    if not histogram.count:
        return []
    found = [(f"p{percent}", histogram.percentile(percent)) for percent in PERCENTILES]
    return [f"{name}_{what}={value / per_ms!r}" for what, value in (*found, ("max", histogram.maximum))]
