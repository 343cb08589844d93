"""The table of what an answer to a write means; the texts are those of real servers."""

from __future__ import annotations

import pytest

from streamscore_cli.influx.writes import Written
from streamscore_cli.sinks.verdicts import Verdict, dropped_points, verdict_of

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
