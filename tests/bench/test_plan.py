"""What a run is asked for: rates, counts, times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamscore_cli.bench.plan import LoadPlan, checked, rate_of
from streamscore_cli.core.errors import UsageProblem

PLAN = LoadPlan(rate=2000.0, duration_s=30.0, records=None, warm_up_s=5.0, wait_s=10.0)


@pytest.mark.parametrize(("text", "rate"), [("2000", 2000.0), ("0.5", 0.5), ("10,000", 10_000.0), ("MAX", None)])
def test_rates(text: str, rate: float | None) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize("text", ["fast", "", "0", "-1", "inf", "nan"])
def test_what_is_no_rate_is_named(text: str) -> None:
    with pytest.raises(UsageProblem, match="--rate is"):
        rate_of(text)


def test_the_warm_up_comes_on_top() -> None:
    assert (PLAN.warm_up_records, PLAN.measured_records, PLAN.total_records, PLAN.total_s) == (
        10_000,
        60_000,
        70_000,
        35,
    )
    counted = replace(PLAN, records=500)
    assert (counted.total_records, counted.total_s) == (10_500, 5.25)


def test_as_fast_as_it_goes_has_times_and_no_counts() -> None:
    fast = replace(PLAN, rate=None)
    assert (fast.warm_up_records, fast.total_records, fast.total_s) == (None, None, 35.0)
    assert replace(fast, records=500).total_s is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"records": 0}, "--records is 0"),
        ({"duration_s": 0.0}, "--duration"),
        ({"wait_s": 0.0}, "--wait"),
        ({"records": 5_000_000_000}, "5,000,010,000 records"),
    ],
)
def test_what_cannot_be_is_named(change: dict[str, float], said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        checked(replace(PLAN, **change))  # type: ignore[arg-type]
