"""What a second of a model says; the expected numbers are worked out by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from streamscore_cli.sinks.naming import Named
from streamscore_cli.sinks.seconds import MOST_KNOWN, ModelSecond
from tests.sinks.scores import NOW_MS, Point, parse, part

TAGS = Named("wine", "pmml", "tree", "7").tags(instance="one")


def points(second: ModelSecond, *, stand_in: bool = False) -> list[Point]:
    return [parse(line.text) for line in second.lines(TAGS, NOW_MS, stand_in=stand_in)]


def test_two_batches_make_one_point() -> None:
    second = ModelSecond()
    second.add(part([4.0, 6.0, 8.0], scoring_ns=1_000_000.0, times_ms=[NOW_MS - 10] * 3), NOW_MS)
    second.add(part([2.0], scoring_ns=5_000_000.0, times_ms=[NOW_MS - 50]), NOW_MS)
    (point,) = points(second)
    assert point.measurement == "serving_seconds"
    assert point.tags == TAGS
    assert point.time == NOW_MS * 1_000_000
    assert point.fields == {
        "count": 4,
        "calculated_mean": 5.0,
        "calculated_min": 2.0,
        "calculated_max": 8.0,
        "duration_mean": 2.0,
        "duration_p50": pytest.approx(1.0, rel=0.016),
        "duration_p90": pytest.approx(5.0, rel=0.016),
        "duration_p99": pytest.approx(5.0, rel=0.016),
        "duration_max": 5.0,
        "latency_p50": pytest.approx(10.0, rel=0.016),
        "latency_p90": pytest.approx(50.0, rel=0.016),
        "latency_p99": pytest.approx(50.0, rel=0.016),
        "latency_max": 50.0,
    }


def test_percentiles_of_a_hundred() -> None:
    second = ModelSecond()
    second.add(part([1.0] * 100, times_ms=[NOW_MS - each for each in range(1, 101)]), NOW_MS)
    fields = points(second)[0].fields
    wanted = {"latency_p50": 50, "latency_p90": 90, "latency_p99": 99}
    assert {name: fields[name] for name in wanted} == pytest.approx(wanted, rel=0.016)


def test_labels_are_counted() -> None:
    second = ModelSecond()
    second.add(part(["5", "6", "5", "good", None]), NOW_MS)
    second.add(part(["5"]), NOW_MS)
    seconds, *labels = points(second)
    assert seconds.fields["calculated_mean"] == 5.25
    assert {point.tags["label"]: point.fields for point in labels} == {
        "5": {"count": 3},
        "6": {"count": 1},
        "good": {"count": 1},
    }
    assert {point.measurement for point in labels} == {"serving_labels"}


def test_labels_are_bounded() -> None:
    second = ModelSecond()
    second.add(part([f"label {number}" for number in range(100)]), NOW_MS)
    labels = {point.tags["label"]: point.fields["count"] for point in points(second)[1:]}
    assert len(labels) == 31
    assert labels["(other)"] == 70


def test_labels_are_bounded_over_time_too() -> None:
    known: set[str] = set()
    told: Counter[str] = Counter()
    for number in range(50):
        second = ModelSecond(known)
        second.add(part([f"label {number} {each}" for each in range(10)]), NOW_MS)
        told.update({point.tags["label"]: point.fields["count"] for point in points(second)[1:]})
    assert len(told) == MOST_KNOWN + 1
    assert told["(other)"] == 500 - MOST_KNOWN


def test_a_mean_beyond_a_number_is_left_out() -> None:
    second = ModelSecond()
    second.add(part([1.7e308, 1.7e308]), NOW_MS)
    seconds, stand_in = points(second, stand_in=True)
    assert "calculated" not in stand_in.fields
    assert "calculated_mean" not in seconds.fields
    assert seconds.fields["calculated_max"] == 1.7e308


def test_the_stand_in_counts_for_all_scores_and_the_others_for_none() -> None:
    second = ModelSecond()
    second.add(part([4.0, 6.0], scoring_ns=3_000.0), NOW_MS)
    lines = second.lines(TAGS, NOW_MS, stand_in=True)
    assert [line.scores for line in lines] == [0, 2]
    assert parse(lines[-1].text) == Point("serving", TAGS, {"calculated": 5.0, "duration": 0.003}, NOW_MS * 1_000_000)


@pytest.mark.parametrize("results", [["good"], [None], [float("nan")]])
def test_without_numbers_there_is_nothing_calculated(results: list[Any]) -> None:
    second = ModelSecond()
    second.add(part(results, times_ms=[-1]), NOW_MS)
    fields = [set(point.fields) for point in points(second, stand_in=True)]
    assert not [name for names in fields for name in names if name.startswith(("calculated", "latency"))]


def test_a_record_from_the_future_has_no_negative_latency() -> None:
    second = ModelSecond()
    second.add(part([1.0], times_ms=[NOW_MS + 60_000]), NOW_MS)
    assert points(second)[0].fields["latency_max"] == pytest.approx(0, abs=0.001)
