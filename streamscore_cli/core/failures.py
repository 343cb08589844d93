"""Why a record did not become a result; it names the failure, the policy that decides on it lives in pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where in the flow of records a failure arose."""

    DECODE = "decode"
    ROUTE = "route"
    BIND = "bind"
    SCORE = "score"
    ENCODE = "encode"


class Cause(StrEnum):
    """What was wrong: a small, stable set, fit for a metric's label."""

    NULL_VALUE = "null-value"
    UNDECODABLE = "undecodable"
    WRONG_TYPE = "wrong-type"
    UNKNOWN_DATA_TYPE = "unknown-data-type"
    NO_MODEL = "no-model"
    MISSING_INPUT = "missing-input"
    INVALID_VALUE = "invalid-value"
    SCORING_FAILED = "scoring-failed"
    RESULT_TOO_LARGE = "result-too-large"


@dataclass(frozen=True, slots=True)
class Failure:
    """Row `row` of a batch failed at `stage` because of `cause`; `reason` names the field and the value."""

    row: int
    stage: Stage
    cause: Cause
    reason: str

    def at(self, row: int) -> Failure:
        """Return the same failure, of another row: used when rows of a part are named as rows of the whole."""
        return Failure(row, self.stage, self.cause, self.reason)
