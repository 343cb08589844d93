"""The rule that decides between a point a score and a point a second and model."""

from __future__ import annotations

from collections import Counter

import pytest

from streamscore_cli.core.choices import Points
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.sinks.intake import Observed
from streamscore_cli.sinks.outbox import Outbox
from streamscore_cli.sinks.point_maker import PointMaker, Rule
from tests.sinks.scores import NOW_MS, TREE, Point, parse, part

SECOND_MS = NOW_MS // 1000 * 1000
RAW_TAGS = {"data_type", "engine", "model", "partition", "topic", "version"}
MEANS_TAGS = {"data_type", "engine", "instance", "model", "version"}


def maker(
    points: Points = Points.AUTO, limit: int = 10, room: int = 1000, retention_ms: int = 0
) -> tuple[PointMaker, Outbox]:
    outbox = Outbox(room)
    return PointMaker(Rule(points, limit, retention_ms, "one"), outbox), outbox


def observed(count: int, at_ms: int, model: ModelIdentity = TREE, first_offset: int = 0) -> Observed:
    return Observed(at_ms, [part([5.0] * count, model=model, first_offset=first_offset)])


def made(outbox: Outbox) -> list[Point]:
    return [parse(line.text) for line in outbox.take(10_000)]


def kinds(points: list[Point]) -> Counter[tuple[str, bool]]:
    return Counter((point.measurement, "partition" in point.tags) for point in points)


RAW, MEANS, SECONDS = ("serving", True), ("serving", False), ("serving_seconds", False)


@pytest.mark.parametrize(
    ("points", "count", "expected"),
    [
        (Points.AUTO, 10, {SECONDS: 1, RAW: 10}),
        (Points.AUTO, 11, {SECONDS: 1, MEANS: 1}),
        (Points.RAW, 11, {SECONDS: 1, RAW: 11}),
        (Points.AGGREGATE, 1, {SECONDS: 1, MEANS: 1}),
    ],
)
def test_the_rule(points: Points, count: int, expected: dict[tuple[str, bool], int]) -> None:
    point_maker, outbox = maker(points)
    for number in range(count):
        point_maker.add(observed(1, SECOND_MS + number, first_offset=number))
    point_maker.close()
    found = made(outbox)
    assert kinds(found) == expected
    tags = {(point.measurement, "partition" in point.tags): set(point.tags) for point in found}
    assert tags[SECONDS] == MEANS_TAGS
    assert tags.get(RAW, RAW_TAGS) == RAW_TAGS
    assert tags.get(MEANS, MEANS_TAGS) == MEANS_TAGS


def test_each_second_is_judged_by_itself() -> None:
    point_maker, outbox = maker()
    for second, count in enumerate((10, 11, 3)):
        point_maker.add(observed(count, SECOND_MS + 1000 * second))
    point_maker.close()
    found = made(outbox)
    counts = [point.fields["count"] for point in found if point.measurement == "serving_seconds"]
    assert counts == [10, 11, 3]
    assert kinds(found) == {SECONDS: 3, RAW: 13, MEANS: 1}


def test_models_have_points_of_their_own() -> None:
    point_maker, outbox = maker(Points.AGGREGATE)
    point_maker.add(observed(3, SECOND_MS))
    point_maker.add(observed(4, SECOND_MS + 1, ModelIdentity("forest", 9, "")))
    point_maker.close()
    counts = {p.tags["model"]: p.fields["count"] for p in made(outbox) if p.measurement == "serving_seconds"}
    assert counts == {"tree": 3, "forest": 4}


def test_a_second_ends_when_the_next_begins_and_not_before() -> None:
    point_maker, outbox = maker()
    point_maker.add(observed(1, SECOND_MS))
    point_maker.look(SECOND_MS + 999)
    assert not outbox
    point_maker.look(SECOND_MS + 1000)
    assert kinds(made(outbox)) == {SECONDS: 1, RAW: 1}
    point_maker.close()
    assert not outbox


def test_a_clock_that_goes_back_stays_in_the_second() -> None:
    point_maker, outbox = maker(Points.AGGREGATE)
    point_maker.add(observed(1, SECOND_MS + 5000))
    point_maker.add(observed(1, SECOND_MS))
    point_maker.close()
    assert [point.fields.get("count") for point in made(outbox)] == [2, None]


def test_a_clock_that_goes_back_far_ends_the_second() -> None:
    point_maker, outbox = maker(Points.AGGREGATE)
    for at_ms in (SECOND_MS, SECOND_MS - 3_600_000, SECOND_MS - 3_599_000):
        point_maker.add(observed(1, at_ms))
    point_maker.close()
    assert [point.fields["count"] for point in made(outbox) if "count" in point.fields] == [1, 1, 1]


def test_labels_of_a_model_are_remembered_from_second_to_second() -> None:
    point_maker, outbox = maker(Points.AGGREGATE)
    for number in range(200):
        answers = part([f"label {number}"], model=TREE if number % 2 else ModelIdentity("forest", 9, ""))
        point_maker.add(Observed(SECOND_MS + 1000 * number, [answers]))
    point_maker.add(Observed(SECOND_MS + 1_000_000, [part([f"more {number}" for number in range(10)])]))
    point_maker.close()
    found = Counter(point.tags["model"] for point in made(outbox) if point.tags.get("label", "(other)") != "(other)")
    assert found == {"tree": 100, "forest": 100}


def test_a_busy_second_holds_no_references() -> None:
    point_maker, _ = maker()
    point_maker.add(observed(10, SECOND_MS))
    assert point_maker._second is not None
    assert len(point_maker._second.held) == 1
    for _ in range(5):
        point_maker.add(observed(1, SECOND_MS))
    assert not point_maker._second.held


def test_what_is_too_old_for_a_point_is_still_counted_in_its_second() -> None:
    point_maker, outbox = maker(retention_ms=1000)
    point_maker.add(Observed(NOW_MS, [part([1.0, 2.0], times_ms=[NOW_MS - 5000, NOW_MS])]))
    point_maker.close()
    found = made(outbox)
    assert kinds(found) == {SECONDS: 1, RAW: 1}
    assert found[0].fields["count"] == 2
    assert point_maker.dropped == {"older-than-retention": 1}


def test_what_finds_no_room_is_counted_in_scores() -> None:
    point_maker, outbox = maker(limit=100, room=20)
    point_maker.add(observed(50, SECOND_MS))
    point_maker.close()
    assert point_maker.dropped == {"queue-full": 50 - 17}
    outbox.take(1000)
    point_maker.add(observed(500, SECOND_MS))
    for _ in range(30):
        point_maker.close()
        point_maker.add(observed(500, SECOND_MS))
    assert point_maker.dropped["queue-full"] > 5000
