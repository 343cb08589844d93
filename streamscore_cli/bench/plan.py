"""What load a run is to make: how fast, how much, and how much of it is warm-up; it makes none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from streamscore_cli.bench.keys import MOST_RECORDS
from streamscore_cli.core.errors import UsageProblem

MAX = "max"


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """An open loop: `rate` in records a second (None: as fast as it goes) for a time or a number of records.

    The warm-up comes before and on top of that, at the same rate. `wait_s` is how long nothing may come before what
    has no answer counts as lost.
    """

    rate: float | None
    duration_s: float
    records: int | None
    warm_up_s: float
    wait_s: float

    @property
    def warm_up_records(self) -> int | None:
        """Return how many records the warm-up has; None: as many as go."""
        return None if self.rate is None else math.ceil(self.rate * self.warm_up_s)

    @property
    def measured_records(self) -> int | None:
        """Return how many records are measured; None: as many as go."""
        if self.records is not None or self.rate is None:
            return self.records
        return max(round(self.rate * self.duration_s), 1)

    @property
    def total_records(self) -> int | None:
        """Return how many records are sent; None: as many as go."""
        warm_up, measured = self.warm_up_records, self.measured_records
        return None if warm_up is None or measured is None else warm_up + measured

    @property
    def total_s(self) -> float | None:
        """Return how long sending takes; None: until the records are sent."""
        total = self.total_records
        if self.rate is not None and total is not None:
            return total / self.rate
        return None if self.records is not None else self.warm_up_s + self.duration_s


def rate_of(text: str) -> float | None:
    """Return the records a second that `--rate` asks for, None for `max`; raises `UsageProblem`."""
    if text.strip().lower() == MAX:
        return None
    try:
        rate = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise UsageProblem(f"--rate is {text!r}.", f"Give records a second, such as 2000, or {MAX}.")
    return rate


def checked(plan: LoadPlan) -> LoadPlan:
    """Return the plan when it can be; raises `UsageProblem`."""
    if plan.records is not None and plan.records < 1:
        raise UsageProblem(f"--records is {plan.records}.", "Give at least 1, or leave it out and give --duration.")
    if plan.records is None and plan.duration_s <= 0:
        raise UsageProblem("--duration is no time at all.", "Such as '30 seconds'.")
    if plan.wait_s <= 0:
        raise UsageProblem("--wait is no time at all.", "Such as '10 seconds'.")
    if (plan.total_records or 0) > MOST_RECORDS:
        raise UsageProblem(
            f"That makes {plan.total_records:,} records; a run has {MOST_RECORDS:,} at most.", "Measure a shorter time."
        )
    return plan
