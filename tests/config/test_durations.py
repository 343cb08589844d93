"""Durations: the original's forms, ISO 8601, units; what is none is refused with examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.config.durations import format_duration, parse_duration
from streamscore_cli.core.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 second", 1.0),
        ("5 minutes", 300.0),
        ("500 ms", 0.5),
        ("500ms", 0.5),
        ("2m", 120.0),
        ("1.5 s", 1.5),
        (".5s", 0.5),
        ("10", 10.0),
        ("0", 0.0),
        ("250 micros", 0.00025),
        ("1 Hour", 3600.0),
        ("2 d", 172800.0),
        ("PT5M", 300.0),
        ("pt0.5s", 0.5),
        ("PT1H30M", 5400.0),
        ("P1DT12H", 129600.0),
        ("PT1,5S", 1.5),
        (" 1 second ", 1.0),
        (3, 3.0),
        (0.25, 0.25),
    ],
)
def test_durations_that_people_write(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "5 fortnights",
        "-1 s",
        "1 s 2",
        "P",
        "PT",
        "P1M",
        "PT5",
        "P1DT",
        "1e3",
        "nan",
        "inf",
        -1,
        float("nan"),
    ],
)
def test_what_is_no_duration_is_named_with_examples(text: str | float) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_duration(text)
    assert repr(text) in caught.value.message
    assert "'500 ms'" in caught.value.hint
    assert "PT5M" in caught.value.hint


@given(st.integers(min_value=0, max_value=10**9).map(lambda milliseconds: milliseconds / 1000))
def test_a_duration_that_is_shown_can_be_read_again(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)
