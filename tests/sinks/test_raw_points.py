"""A point a score: its time, its tags, its fields."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.sinks.naming import Named
from streamscore_cli.sinks.raw_points import raw_lines
from tests.sinks.scores import NOW_MS, parse, part

NAMED = Named("wine", "pmml", "tree", "7")


def test_a_line_is_as_documented() -> None:
    lines, old = raw_lines(part([5.5, 6.25], first_offset=41), NAMED, NOW_MS, 0)
    start = b"serving,data_type=wine,engine=pmml,model=tree,partition=3,topic=data,version=7"
    assert [line.text for line in lines] == [
        start + b" calculated=5.5,duration=0.002 1700000000250000041",
        start + b" calculated=6.25,duration=0.002 1700000000250000042",
    ]
    assert [line.scores for line in lines] == [1, 1]
    assert old == 0


@pytest.mark.parametrize(
    ("result", "fields"),
    [
        ("5", {"calculated": 5.0, "duration": 0.002, "label": "5"}),
        ("good", {"duration": 0.002, "label": "good"}),
        (None, {"duration": 0.002}),
        (float("nan"), {"duration": 0.002}),
        (3, {"calculated": 3.0, "duration": 0.002}),
        (True, {"calculated": 1.0, "duration": 0.002}),
    ],
)
def test_fields(result: Any, fields: dict[str, Any]) -> None:
    lines, _ = raw_lines(part([result]), NAMED, NOW_MS, 0)
    assert parse(lines[0].text).fields == fields


def test_a_repeat_is_the_same_point_and_a_neighbour_is_another() -> None:
    first, _ = raw_lines(part([1.0, 2.0], first_offset=10), NAMED, NOW_MS, 0)
    repeat, _ = raw_lines(part([1.0, 2.0], first_offset=10), NAMED, NOW_MS + 5000, 0)
    assert first == repeat
    assert len({parse(line.text).time for line in first}) == 2


def test_the_offset_stays_below_the_millisecond() -> None:
    lines, _ = raw_lines(part([1.0], first_offset=123_456_789), NAMED, NOW_MS, 0)
    assert parse(lines[0].text).time == NOW_MS * 1_000_000 + 456_789


def test_records_older_than_the_retention_are_counted_and_not_sent() -> None:
    times = [NOW_MS - 1001, NOW_MS - 1000, NOW_MS]
    lines, old = raw_lines(part([1.0, 2.0, 3.0], times_ms=times), NAMED, NOW_MS, NOW_MS - 1000)
    assert [parse(line.text).fields["calculated"] for line in lines] == [2.0, 3.0]
    assert old == 1


@pytest.mark.parametrize("time_ms", [-1, 2**62, 9_300_000_000_000])
def test_without_a_usable_timestamp_the_time_is_that_of_the_score(time_ms: int) -> None:
    lines, old = raw_lines(part([1.0], times_ms=[time_ms]), NAMED, NOW_MS, NOW_MS - 1000)
    assert parse(lines[0].text).time == NOW_MS * 1_000_000
    assert old == 0


@given(st.text(), st.lists(st.text(), min_size=1, max_size=5))
def test_whatever_strangers_write_a_score_is_one_line(name: str, answers: list[str]) -> None:
    model = ModelIdentity(name, 7, "")
    lines, _ = raw_lines(part(answers, model=model), Named("wine", "pmml", name, "7"), NOW_MS, 0)
    points = [parse(line.text) for line in lines]
    assert [point.fields["duration"] for point in points] == [0.002] * len(answers)
    assert [point.tags["topic"] for point in points] == ["data"] * len(answers)
    kept = [answer.replace("\x00", "").encode("utf-8", "replace").decode() for answer in answers]
    assert [point.fields["label"] for point in points] == kept
