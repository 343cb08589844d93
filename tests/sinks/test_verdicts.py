"""The table of what an answer to a write means; the texts are those of real servers."""

from __future__ import annotations

import pytest

from streamscore_cli.influx.writes import Written
from streamscore_cli.sinks.outbox import Line
from streamscore_cli.sinks.verdicts import Verdict, dropped_points, lost_of, may_pass, verdict_of

CONFLICT = (
    'partial write: field type conflict: input field "duration" on measurement "serving" is type float, '
    "already exists as type integer dropped=3"
)
OLD = "partial write: points beyond retention policy dropped=2"
UNPARSED = "partial write: unable to parse 'x': missing fields dropped=0"


@pytest.mark.parametrize(
    ("status", "reason", "verdict"),
    [
        (204, "", Verdict.TAKEN),
        (200, "", Verdict.TAKEN),
        (400, CONFLICT, Verdict.PARTLY),
        (422, OLD, Verdict.PARTLY),
        (400, UNPARSED, Verdict.MALFORMED),
        (400, "unable to parse 'x': missing fields", Verdict.MALFORMED),
        (401, "authorization failed", Verdict.DENIED),
        (403, "", Verdict.DENIED),
        (404, 'database not found: "serving"', Verdict.ABSENT),
        (413, "", Verdict.TOO_LARGE),
        (429, "", Verdict.BUSY),
        (500, "retention policy not found: default", Verdict.ABSENT),
        (500, "no space left on device", Verdict.BUSY),
        (503, "timeout", Verdict.BUSY),
        (302, "", Verdict.BUSY),
        (418, "", Verdict.BUSY),
        (799, "", Verdict.BUSY),
        (0, "no answer in time", Verdict.BUSY),
    ],
)
def test_the_table(status: int, reason: str, verdict: Verdict) -> None:
    assert verdict_of(Written(status, reason)) is verdict


@pytest.mark.parametrize(("reason", "count"), [(CONFLICT, 3), (OLD, 2), (UNPARSED, 0), ("undropped=9", 0), ("", 0)])
def test_dropped_points(reason: str, count: int) -> None:
    assert dropped_points(Written(400, reason)) == count


SECOND = [
    Line(b"serving_seconds,model=m count=1i 1", 0),
    Line(b"serving_labels,label=x count=1i 1", 0),
    Line(b"serving,model=m calculated=1 1", 50_000),
]
SCORES = [Line(b"serving,model=m calculated=1 1", 1), *SECOND[:2], Line(b"serving,model=m calculated=1 2", 1)]
TOO_MANY = (
    'partial write: max-values-per-tag limit exceeded (100000/100000): measurement="serving_labels" tag="label" '
    'value="x" dropped=1'
)


@pytest.mark.parametrize(
    ("lines", "reason", "lost"),
    [
        (SECOND, TOO_MANY, 0),
        (SECOND, "partial write: max-series-per-database limit exceeded: (1000000) dropped=1", 0),
        (SECOND, "partial write: max-series-per-database limit exceeded: (1000000) dropped=3", 50_000),
        (SECOND, CONFLICT, 50_000),
        (SCORES, CONFLICT, 2),
        (SCORES, OLD, 2),
        (SCORES, OLD.replace("2", "1"), 1),
        ([*SCORES, *SECOND], OLD, 2),
    ],
)
def test_the_scores_that_a_partial_write_dropped(lines: list[Line], reason: str, lost: int) -> None:
    assert lost_of(lines, Written(400, reason)) == lost


def test_refusals_for_now() -> None:
    found = {status: may_pass(status) for status in (0, 200, 400, 401, 403, 404, 429, 500, 503)}
    assert [status for status, passes in found.items() if passes] == [429, 500, 503]
