"""The lines that wait: bounded, the last tenth for aggregates."""

from __future__ import annotations

from streamscore_cli.sinks.outbox import Line, Outbox


def lines(count: int, scores: int = 1) -> list[Line]:
    return [Line(str(number).encode(), scores) for number in range(count)]


def test_lines_come_out_in_order() -> None:
    outbox = Outbox(10)
    assert outbox.put(lines(5)) == 0
    assert [line.text for line in outbox.take(3)] == [b"0", b"1", b"2"]
    assert [line.text for line in outbox.take(3)] == [b"3", b"4"]
    assert outbox.take(3) == []


def test_what_finds_no_room_is_told_in_scores() -> None:
    outbox = Outbox(10)
    assert outbox.put(lines(12, scores=100)) == 200
    assert len(outbox) == 10
    assert outbox.put(lines(1)) == 1


def test_points_a_score_leave_room_for_aggregates() -> None:
    outbox = Outbox(100)
    assert outbox.put(lines(95), raw=True) == 5
    assert outbox.put(lines(1), raw=True) == 1
    assert outbox.put(lines(10, scores=0)) == 0
    assert len(outbox) == 100
