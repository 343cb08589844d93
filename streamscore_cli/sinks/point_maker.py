"""Scores to points by a stated rule: which seconds get a point a score, which one a model; it sends nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from streamscore_cli.core.choices import Points
from streamscore_cli.sinks.intake import Observed
from streamscore_cli.sinks.naming import MOST_SERIES, Named, Naming
from streamscore_cli.sinks.outbox import Line, Outbox
from streamscore_cli.sinks.raw_points import raw_lines
from streamscore_cli.sinks.seconds import ModelSecond

MS_PER_S = 1000
BACK_S = 5
"""A clock that goes back by more than this ends the second that is open."""

NO_ROOM = "queue-full"
FAULT = "fault"
TOO_OLD = "older-than-retention"


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes a point; `retention_ms` is 0 where points are kept for ever."""

    points: Points
    raw_points_per_s: int
    retention_ms: int
    instance: str


@dataclass(slots=True)
class _Second:
    """A second of the clock that is not over: what each model did, and what may still get a point a score."""

    number: int
    first_ms: int
    scores: int = 0
    models: dict[Named, ModelSecond] = field(default_factory=dict)
    held: list[Observed] = field(default_factory=list)


class PointMaker:
    """Makes points, used by one thread.

    Every second has one point a model with counts and percentiles. Besides, its scores get a point each, unless the
    rule is `aggregate`, or it is `auto` and the second has more than `raw_points_per_s` scores: then one point of
    means a model stands for them all. The second is that of the scoring; a point a score has its record's time.
    """

    def __init__(self, rule: Rule, outbox: Outbox) -> None:
        """Take the rule, and where points go."""
        self._rule = rule
        self._outbox = outbox
        self._naming = Naming(rule.retention_ms or 24 * 60 * 60 * MS_PER_S)
        self._second: _Second | None = None
        self._labels: OrderedDict[Named, set[str]] = OrderedDict()
        self.dropped: dict[str, int] = {}

    def add(self, observed: Observed) -> None:
        """Add what was answered; a clock that went back a little stays in the second that is open."""
        self.look(observed.at_ms)
        if self._second is None:
            self._second = _Second(observed.at_ms // MS_PER_S, observed.at_ms)
        second = self._second
        for part in observed.answers:
            named = self._naming.name(part, observed.at_ms)
            if named not in second.models:
                second.models[named] = ModelSecond(self._labels_of(named))
            second.models[named].add(part, observed.at_ms)
            second.scores += len(part.rows)
        if self._rule.points is Points.RAW:
            self._raw(observed)
        elif self._may_be_raw(second):
            second.held.append(observed)
        else:
            second.held.clear()

    def look(self, now_ms: int) -> None:
        """Close the second that is open if it is over, or the clock went back far."""
        if self._second is None:
            return
        number = now_ms // MS_PER_S
        if number > self._second.number or number < self._second.number - BACK_S:
            self.close()

    def close(self) -> None:
        """Make the points of the second that is open."""
        second, self._second = self._second, None
        if second is None:
            return
        stand_in = self._rule.points is not Points.RAW and not self._may_be_raw(second)
        lines: list[Line] = []
        for named, done in second.models.items():
            tags = named.tags(instance=self._rule.instance)
            lines += done.lines(tags, second.first_ms, stand_in=stand_in)
        self._drop(NO_ROOM, self._outbox.put(lines))
        for observed in second.held:
            self._raw(observed)

    def abandon(self) -> None:
        """Count the second that is open as lost, after a fault of this program."""
        second, self._second = self._second, None
        if second is not None:
            self._drop(FAULT, second.scores)

    def _labels_of(self, named: Named) -> set[str]:
        """Return the labels that a model has points for, those of the models that answered last."""
        known = self._labels.setdefault(named, set())
        self._labels.move_to_end(named)
        if len(self._labels) > MOST_SERIES:
            self._labels.popitem(last=False)
        return known

    def _may_be_raw(self, second: _Second) -> bool:
        return self._rule.points is Points.AUTO and second.scores <= self._rule.raw_points_per_s

    def _raw(self, observed: Observed) -> None:
        retention_ms = self._rule.retention_ms
        oldest_ms = observed.at_ms - retention_ms if retention_ms else 0
        for part in observed.answers:
            named = self._naming.name(part, observed.at_ms)
            lines, too_old = raw_lines(part, named, observed.at_ms, oldest_ms)
            self._drop(TOO_OLD, too_old)
            self._drop(NO_ROOM, self._outbox.put(lines, raw=True))

    def _drop(self, cause: str, scores: int) -> None:
        if scores:
            self.dropped[cause] = self.dropped.get(cause, 0) + scores
