"""What becomes of lines while InfluxDB does this or that: each step by a script, without a thread or a wait."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable
from streamscore_cli.influx.writes import LineWriter, Written
from streamscore_cli.sinks.influx_writer import BATCH_LINES, FLUSH_S, InfluxWriter, Target
from streamscore_cli.sinks.outbox import Line, Outbox
from tests.fakes import FakeClock

GOOD = Written(204)
Answer = Written | Exception | Callable[[list[bytes]], Written]


@dataclass
class Script:
    """An InfluxDB that answers writes as told, the last answer for ever; it keeps what it was sent and took."""

    clock: FakeClock
    answers: list[Answer] = field(default_factory=lambda: [GOOD])
    cost_s: float = 0.0
    sent: list[list[bytes]] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    timeouts_s: list[float] = field(default_factory=list)
    prepares: list[Exception | None] = field(default_factory=lambda: [None])
    opens: list[Exception | None] = field(default_factory=lambda: [None])
    prepared: int = 0
    opened: int = 0
    closed: int = 0

    def prepare(self) -> None:
        self.prepared += 1
        _raise(self.prepares)

    def open(self) -> LineWriter:
        self.opened += 1
        _raise(self.opens)
        return self

    def write(self, lines: bytes, timeout_s: float) -> Written:
        self.timeouts_s.append(timeout_s)
        self.clock.advance(min(self.cost_s, timeout_s))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        split = lines.split(b"\n")
        self.sent.append(split)
        written = answer if isinstance(answer, Written) else answer(split)
        if written.good:
            self.taken += split
        return written

    def close(self) -> None:
        self.closed += 1


def _raise(scripted: list[Exception | None]) -> None:
    error = scripted.pop(0) if len(scripted) > 1 else scripted[0]
    if error is not None:
        raise error


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def script(clock: FakeClock) -> Script:
    return Script(clock)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(100_000)


@pytest.fixture
def writer(script: Script, outbox: Outbox, clock: FakeClock) -> InfluxWriter:
    return InfluxWriter(Target("InfluxDB", script.prepare, script.open, 3.0), outbox, clock)


def lines(count: int, scores: int = 1) -> list[Line]:
    return [Line(b"p%d" % number, scores) for number in range(count)]


def texts(count: int) -> list[bytes]:
    return [line.text for line in lines(count)]


def pauses(writer: InfluxWriter, steps: int) -> list[float | None]:
    return [writer.step() for _ in range(steps)]


def test_the_database_is_made_before_the_first_score(writer: InfluxWriter, script: Script) -> None:
    assert writer.step() is None
    assert (script.prepared, script.opened, script.sent) == (1, 1, [])


def test_lines_are_written_in_batches(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    outbox.put(lines(BATCH_LINES + 1))
    assert pauses(writer, 3) == [0, 0, None]
    assert [len(batch) for batch in script.sent] == [BATCH_LINES, 1]
    assert script.taken == texts(BATCH_LINES + 1)
    assert writer.written == BATCH_LINES + 1
    assert (writer.dropped, writer.problem) == ({}, "")


def test_scores_are_counted_and_not_lines(writer: InfluxWriter, outbox: Outbox) -> None:
    outbox.put([Line(b"a", 0), Line(b"b", 4000)])
    writer.step()
    assert writer.written == 4000


def test_while_it_is_away_lines_wait_and_pauses_grow(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.opens = [ServiceUnreachable("InfluxDB is away")] * 12 + [None]
    outbox.put(lines(3))
    waited = [pause or 0 for pause in pauses(writer, 12)]
    longest = [min(0.5 * 2**n, 30) for n in range(1, 13)]
    assert all(most / 2 <= pause <= most for pause, most in zip(waited, longest, strict=True))
    assert writer.problem == "not now: is away"
    assert pauses(writer, 2) == [0, None]
    assert (script.taken, writer.problem, writer.dropped) == (texts(3), "", {})


def test_after_a_good_write_pauses_begin_anew(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.answers = [*[Written(503, "no")] * 6, GOOD, Written(503, "no")]
    outbox.put(lines(1))
    assert (pauses(writer, 6)[-1] or 0) >= 15
    writer.step()
    outbox.put(lines(1))
    assert (writer.step() or 0) <= 1


def test_a_database_that_cannot_be_reached_is_made_later(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.prepares = [ServiceUnreachable("away"), None]
    outbox.put(lines(1))
    writer.step()
    writer.step()
    assert (script.prepared, script.taken) == (2, texts(1))


def test_who_may_not_make_a_database_may_write(
    writer: InfluxWriter, script: Script, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    script.prepares = [ServiceRefused("not allowed", status=403)]
    outbox.put(lines(1))
    assert pauses(writer, 2) == [0, None]
    assert script.taken == texts(1)
    assert "could not be made ready: not allowed" in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_that_is_not_ready_yet_is_made_ready_before_the_first_write(
    writer: InfluxWriter, script: Script, outbox: Outbox, status: int
) -> None:
    script.prepares = [ServiceRefused("starting", status=status), None]
    outbox.put(lines(1))
    first, second, third = pauses(writer, 3)
    assert first
    assert (second, third, script.prepared, script.taken) == (0, None, 2, texts(1))


def test_rights_that_come_later_are_noticed_and_asked_for_slowly(
    writer: InfluxWriter, script: Script, outbox: Outbox, clock: FakeClock
) -> None:
    script.prepares = [ServiceRefused("not allowed", status=403), ServiceRefused("not allowed", status=403), None]
    for _ in range(65):
        outbox.put(lines(1))
        assert writer.step() == 0
        clock.advance(1.0)
    assert script.prepared == 3
    assert (len(script.taken), script.opened) == (65, 1)


def test_what_cannot_be_made_for_other_reasons_is_not_tried_again(
    writer: InfluxWriter, script: Script, outbox: Outbox, clock: FakeClock
) -> None:
    script.prepares = [ServiceRefused("not implemented", status=200)]
    for _ in range(3):
        outbox.put(lines(1))
        assert writer.step() == 0
        clock.advance(60.0)
    assert script.prepared == 1


@pytest.mark.parametrize("status", [500, 502, 503, 429, 302])
def test_what_may_go_better_later_is_tried_again(
    writer: InfluxWriter, script: Script, outbox: Outbox, status: int
) -> None:
    script.answers = [Written(status, "no"), Written(status, "no"), GOOD]
    outbox.put(lines(2))
    first, second, third = pauses(writer, 3)
    assert first
    assert second
    assert third == 0
    assert script.sent == [texts(2)] * 3
    assert writer.written == 2
    assert script.opened == 1


def test_a_write_that_got_no_answer_finds_out_anew_who_is_there(
    writer: InfluxWriter, script: Script, outbox: Outbox
) -> None:
    script.answers = [Written(0, "no answer in time"), GOOD]
    outbox.put(lines(2))
    writer.step()
    writer.step()
    assert (script.opened, script.closed, script.prepared) == (2, 1, 1)
    assert script.taken == texts(2)


@pytest.mark.parametrize(("asked_s", "pause_s"), [(7.0, 7.0), (0.0, 0.5), (86_400.0, 300.0)])
def test_a_pause_that_is_asked_for_is_made(
    writer: InfluxWriter, script: Script, outbox: Outbox, asked_s: float, pause_s: float
) -> None:
    script.answers = [Written(429, "slow down", asked_s), GOOD]
    outbox.put(lines(1))
    assert pauses(writer, 2) == [pause_s, 0]


@pytest.mark.parametrize("status", [401, 403])
def test_no_rights_are_said_once_and_tried_slowly(
    writer: InfluxWriter, script: Script, outbox: Outbox, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    script.answers = [*[Written(status, "authorization failed")] * 5, GOOD]
    outbox.put(lines(1))
    assert pauses(writer, 5) == [30.0] * 5
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert writer.step() == 0
    assert writer.written == 1


def test_a_database_that_has_gone_is_made_again(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.answers = [GOOD, Written(404, "database not found"), GOOD]
    outbox.put(lines(1))
    pauses(writer, 2)
    outbox.put(lines(2))
    assert pauses(writer, 2) == [0, 0]
    assert script.prepared == 2
    assert script.taken == [*texts(1), *texts(2)]


def test_a_database_that_cannot_be_made_is_not_asked_for_in_a_hurry(
    writer: InfluxWriter, script: Script, outbox: Outbox
) -> None:
    script.answers = [Written(404, "database not found")]
    outbox.put(lines(1))
    first, *others = pauses(writer, 5)
    assert first == 0
    assert all(others)
    assert script.prepared == 5


def test_what_a_partial_write_dropped_is_counted(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.answers = [Written(400, "partial write: points beyond retention policy dropped=3"), GOOD]
    outbox.put(lines(10))
    assert pauses(writer, 2) == [0, None]
    assert (writer.written, writer.dropped) == (7, {"refused": 3})
    assert len(script.sent) == 1
    assert "beyond retention" in writer.problem


def test_of_a_partial_write_the_points_that_count_are_taken_for_lost(
    writer: InfluxWriter, script: Script, outbox: Outbox
) -> None:
    script.answers = [Written(400, 'partial write: field type conflict on measurement "serving" dropped=2')]
    outbox.put([Line(b"told again", 0), Line(b"serving 1", 1), Line(b"serving 2", 500), Line(b"serving 3", 1)])
    writer.step()
    assert (writer.written, writer.dropped) == (1, {"refused": 501})


def test_the_bad_points_are_found_and_the_others_written(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    bad = {b"p13", b"p700"}
    script.answers = [lambda sent: Written(400, "unable to parse") if bad & set(sent) else GOOD]
    outbox.put(lines(1000))
    while writer.step() is not None:
        pass
    assert sorted(script.taken) == sorted(set(texts(1000)) - bad)
    assert (writer.written, writer.dropped) == (998, {"refused": 2})


def test_a_server_that_refuses_everything_is_not_asked_for_ever(
    writer: InfluxWriter, script: Script, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    script.answers = [Written(400, "no")]
    outbox.put(lines(BATCH_LINES))
    while writer.step() is not None:
        pass
    assert (writer.written, writer.dropped) == (0, {"refused": BATCH_LINES})
    assert len(script.sent) < 100
    assert len(caplog.records) == 1


def test_too_large_batches_become_smaller(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.answers = [lambda sent: Written(413, "too large") if len(sent) > 700 else GOOD]
    outbox.put(lines(2 * BATCH_LINES))
    while writer.step() is not None:
        pass
    assert script.taken == texts(2 * BATCH_LINES)
    assert writer.dropped == {}
    assert max(map(len, script.sent[-8:])) <= 1250


def test_smaller_batches_become_larger_again(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.answers = [lambda sent: Written(413, "too large") if b"big" in sent else GOOD]
    outbox.put([Line(b"big", 1), *lines(5)])
    while writer.step() is not None:
        pass
    script.sent.clear()
    outbox.put(lines(4 * BATCH_LINES))
    while writer.step() is not None:
        pass
    assert max(map(len, script.sent)) == BATCH_LINES
    assert len(script.sent) < 20


def test_a_point_that_is_too_large_alone_is_dropped(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.answers = [Written(413, "too large")]
    outbox.put(lines(4))
    while writer.step() is not None:
        pass
    assert writer.dropped == {"refused": 4}


def test_the_log_says_what_changed_and_not_more(
    writer: InfluxWriter, script: Script, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    script.answers = [Written(503, "a"), Written(503, "b"), Written(401, "c"), GOOD, GOOD]
    outbox.put(lines(1))
    pauses(writer, 4)
    outbox.put(lines(1))
    pauses(writer, 2)
    assert [record.message for record in caplog.records] == [
        "InfluxDB: not now: a",
        "InfluxDB: not allowed: c",
        "InfluxDB takes points again",
    ]


def test_a_fault_costs_the_points_in_hand_and_never_the_thread(
    writer: InfluxWriter, script: Script, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    script.answers = [RuntimeError("a fault"), GOOD]
    outbox.put(lines(3))
    rounds = iter([False, True])
    writer.wake()
    writer.run(lambda: next(rounds))
    assert writer.dropped == {"fault": 3}
    assert "a fault in this program" in caplog.text


def test_a_fault_again_and_again_is_said_once_and_drops_only_what_is_in_hand(
    writer: InfluxWriter, script: Script, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    script.opens = [UnicodeError("label empty")]
    outbox.put(lines(3))
    for _ in range(3):
        assert writer._guarded_step() == 30.0
    assert [record.message for record in caplog.records] == ["InfluxDB: a fault in this program"]
    assert writer.problem == "a fault in this program: UnicodeError"
    assert (writer.dropped, len(outbox)) == ({}, 3)


def test_events_have_names_and_fields(
    writer: InfluxWriter, script: Script, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    script.prepares = [ServiceRefused("not allowed", status=403)]
    script.answers = [Written(503, "no"), GOOD, Written(400, "bad"), RuntimeError("a fault"), GOOD]
    for count in (1, 0, 1, 1):
        outbox.put(lines(count))
        writer._guarded_step()
    script.answers = [Written(503, "no")]
    outbox.put(lines(1))
    writer.finish()
    found = {vars(record)["event"]: vars(record)["fields"] for record in caplog.records}
    assert found.keys() >= {
        "sink-not-ready",
        "sink-failing",
        "sink-recovered",
        "sink-refused",
        "sink-fault",
        "sink-lost",
    }
    assert {fields["target"] for fields in found.values()} == {"InfluxDB"}
    assert found["sink-failing"]["cause"] == "no"


def test_the_end_writes_what_waits(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    writer.step()
    outbox.put(lines(BATCH_LINES + 5))
    writer.run(lambda: True)
    assert writer.written == BATCH_LINES + 5
    assert (writer.dropped, script.closed) == ({}, 1)


@pytest.mark.parametrize("status", [0, 503, 401, 404])
def test_the_end_gives_up_at_the_first_failure(
    writer: InfluxWriter, script: Script, outbox: Outbox, status: int
) -> None:
    writer.step()
    script.answers = [Written(status, "no")]
    outbox.put(lines(BATCH_LINES * 3, scores=2))
    writer.finish()
    assert len(script.sent) == 1
    assert writer.dropped == {"shutdown": BATCH_LINES * 6}
    assert len(outbox) == 0


def test_the_end_does_not_wait_for_one_that_is_away(writer: InfluxWriter, script: Script, outbox: Outbox) -> None:
    script.opens = [ServiceUnreachable("away")]
    outbox.put(lines(5))
    writer.step()
    writer.finish()
    assert script.opened == 1
    assert writer.dropped == {"shutdown": 5}


def test_the_end_has_a_limit_though_all_goes_well(
    writer: InfluxWriter, script: Script, outbox: Outbox, clock: FakeClock
) -> None:
    writer.step()
    script.cost_s = 0.9
    outbox.put(lines(BATCH_LINES * 10))
    begun_s = clock.now_s
    writer.finish()
    assert clock.now_s - begun_s == pytest.approx(FLUSH_S)
    assert script.timeouts_s == pytest.approx([3.0, 2.1, 1.2, 0.3])
    assert writer.written + writer.dropped["shutdown"] == BATCH_LINES * 10
