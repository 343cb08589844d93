"""What an answer to a write means for the lines that were sent; a table and pure functions, it does nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus

from streamscore_cli.influx.writes import Written
from streamscore_cli.sinks.outbox import Line

NO_POLICY = re.compile(r"\bretention policy not found\b", re.IGNORECASE)
"""What 1.x says, with status 500, when the retention policy has gone and its database has not."""

DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
OLD = "beyond retention policy"
MEASUREMENT = re.compile(r'\bmeasurement[ =]"(\w+)"')
"""Where a partial write names the measurement of what it dropped: another type of a field, too many values of a tag."""

DROPPED = re.compile(r"\bdropped=(\d+)")


class Verdict(StrEnum):
    """What an answer means."""

    TAKEN = "taken"
    PARTLY = "partly taken"
    MALFORMED = "refused"
    TOO_LARGE = "too large"
    ABSENT = "no such database"
    DENIED = "not allowed"
    BUSY = "not now"


_BY_STATUS: dict[int, Verdict] = {
    HTTPStatus.BAD_REQUEST: Verdict.MALFORMED,
    HTTPStatus.UNPROCESSABLE_ENTITY: Verdict.MALFORMED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Verdict.TOO_LARGE,
    HTTPStatus.NOT_FOUND: Verdict.ABSENT,
    HTTPStatus.UNAUTHORIZED: Verdict.DENIED,
    HTTPStatus.FORBIDDEN: Verdict.DENIED,
}


def verdict_of(written: Written) -> Verdict:
    """Return what an answer means; whatever is not known means that it may go better later."""
    if written.good:
        return Verdict.TAKEN
    if NO_POLICY.search(written.reason):
        return Verdict.ABSENT
    verdict = _BY_STATUS.get(written.status, Verdict.BUSY)
    if verdict is Verdict.MALFORMED and dropped_points(written):
        return Verdict.PARTLY
    return verdict


def dropped_points(written: Written) -> int:
    """Return how many points a partial write dropped; 0 where the server does not know."""
    found = DROPPED.search(written.reason)
    return int(found[1]) if found else 0


def lost_of(lines: Sequence[Line], written: Written) -> int:
    """Return how many scores a partial write dropped: which points those were, it says by their measurement at best.

    Of the measurement it names, those that count for most are taken for lost; else those that count for least: a point
    too old is one of a score, and a series too many is a label's more likely than one that stands for a whole second.
    """
    named = MEASUREMENT.search(written.reason)
    if named:
        starts = (f"{named[1]},".encode(), f"{named[1]} ".encode())
        counts = sorted((line.scores for line in lines if line.text.startswith(starts)), reverse=True)
    else:
        counts = sorted(line.scores for line in lines if line.scores or OLD not in written.reason)
    return sum(counts[: dropped_points(written)])


def may_pass(status: int) -> bool:
    """Tell whether a refusal with this status is one for now."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
