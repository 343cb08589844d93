"""What an answer to a write means for the lines that were sent; a table and a pure function, it does nothing."""

from __future__ import annotations

import re
from enum import StrEnum
from http import HTTPStatus

from streamscore_cli.influx.writes import Written

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
    verdict = _BY_STATUS.get(written.status, Verdict.BUSY)
    if verdict is Verdict.MALFORMED and dropped_points(written):
        return Verdict.PARTLY
    return verdict


def dropped_points(written: Written) -> int:
    """Return how many points a partial write dropped; 0 where the server does not know."""
    found = DROPPED.search(written.reason)
    return int(found[1]) if found else 0
