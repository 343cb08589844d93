"""Short text for quantities."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest

from streamscore_cli.ui.quantities import count, duration_ms, rate, time_of_day, uptime


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "-"),
        (0.000281, "281 ns"),
        (0.00123, "1.23 us"),
        (0.0009999, "1 us"),
        (0.5, "500 us"),
        (25, "25 ms"),
        (999.9, "1 s"),
        (1500, "1.5 s"),
        (999_999, "1,000 s"),
        (4_000_000, "4,000 s"),
    ],
)
def test_durations_in_their_unit(milliseconds: float, shown: str) -> None:
    assert duration_ms(milliseconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_uptime(seconds: float, shown: str) -> None:
    assert uptime(seconds) == shown


def test_counts_and_rates() -> None:
    assert (count(1234567), rate(0), rate(12.34), rate(537_000.4)) == ("1,234,567", "0", "12.3", "537,000")


def test_moments_are_shown_in_the_zone() -> None:
    assert time_of_day(1_700_000_000_000, UTC) == "22:13:20"
    assert time_of_day(1_700_000_000_000, timezone(timedelta(hours=2))) == "00:13:20"
    assert len(time_of_day(1_700_000_000_000)) == 8
    assert (time_of_day(0), time_of_day(1e300, UTC)) == ("-", "-")
