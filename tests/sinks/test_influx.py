"""The sink as a whole, with its two threads, against servers that answer as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import pytest

from streamscore_cli.core.choices import Points
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import ServiceUnreachable
from streamscore_cli.provision.influx import InfluxProvisioner
from streamscore_cli.records.scored_rows import TimedRows
from streamscore_cli.sinks.influx import InfluxSink
from streamscore_cli.state.snapshots import SinkSnapshot
from tests.influx.fake_v2 import FakeInflux2
from tests.influx.settings import TOKEN, influx_settings
from tests.integration.servers import wait_until
from tests.servers.hostile import Answer, Hang, HttpServer, Reply, as_json, black_hole, refusing
from tests.servers.influx import DISK_FULL
from tests.sinks.scores import parse, part

WRITE = "/write"


class Running:
    """A sink whose threads run; leaving ends them in the supervisor's order."""

    def __init__(self, port: int, **settings: Any) -> None:
        chosen = {"points": Points.RAW, "timeout_s": 0.5, "retention_s": 0.0, **settings}
        self.prepared = 0
        self.prepare: Callable[[], None] = lambda: None
        self.sink = InfluxSink(influx_settings(port, **chosen), "one", SystemClock(), self._prepare)
        self._stop = threading.Event()
        work = (self.sink.make_points, self.sink.write_points)
        self._threads = [threading.Thread(target=each, args=(self._stop.is_set,), daemon=True) for each in work]

    def _prepare(self) -> None:
        self.prepared += 1
        self.prepare()

    def score(self, count: int, first_offset: int = 0) -> None:
        self.sink.intake.scored([part([5.0] * count, first_offset=first_offset)])

    def await_counts(self, **counts: Any) -> SinkSnapshot:
        """Wait until the snapshot says so, and return it."""

        def agrees() -> bool:
            snapshot = self.sink.snapshot()
            return all(getattr(snapshot, name) == count for name, count in counts.items())

        wait_until(agrees, f"{counts}, there is {self.sink.snapshot()}")
        return self.sink.snapshot()

    def end(self) -> SinkSnapshot:
        self._stop.set()
        for thread, wake in zip(self._threads, (self.sink.wake_maker, self.sink.wake_writer), strict=True):
            wake()
            thread.join(30)
            assert not thread.is_alive()
        return self.sink.snapshot()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()


@contextmanager
def old_influx(*replies: Reply) -> Iterator[HttpServer]:
    with HttpServer(Answer(404)) as server:
        server.on("GET", "/ping", Answer(204, headers={"X-Influxdb-Version": "1.6.7"}))
        server.on("POST", WRITE, *replies)
        yield server


def offsets(server: HttpServer) -> set[int]:
    """Return the offsets of the scores in all writes that were asked for."""
    lines = [line for request in server.asked("POST", WRITE) for line in request.body.split(b"\n")]
    return {point.time % 1_000_000 for point in map(parse, lines) if "partition" in point.tags}


def test_scores_arrive_and_are_counted() -> None:
    with old_influx(Answer(204)) as server, Running(server.port) as running:
        running.score(3)
        running.score(2, first_offset=3)
        running.await_counts(points=5, written=5, waiting=0, dropped={}, problem="")
        assert offsets(server) == set(range(5))
        assert running.prepared == 1


def test_one_that_comes_late_gets_what_waited() -> None:
    with old_influx(Answer(204)) as server:
        server.stop()
        with Running(server.port) as running:
            running.score(5)
            wait_until(lambda: "does not answer" in running.sink.snapshot().problem, "a failure")
            assert running.sink.snapshot().waiting == 5
            server.start()
            running.await_counts(written=5, waiting=0, problem="")


def test_one_that_could_not_be_made_ready_is_made_so_later() -> None:
    with old_influx(Answer(204)) as server:
        running = Running(server.port)
        absent = [True]

        def prepare() -> None:
            if absent:
                raise ServiceUnreachable("no")

        running.prepare = prepare
        with running:
            running.score(1)
            wait_until(lambda: running.prepared > 1, "another attempt")
            assert not server.asked("POST", WRITE)
            absent.clear()
            running.await_counts(written=1)


def test_the_end_writes_the_second_that_is_not_over() -> None:
    with old_influx(Answer(204)) as server, Running(server.port, points=Points.AUTO) as running:
        wait_until(lambda: running.prepared == 1, "the start")
        running.score(7)
        snapshot = running.end()
        assert (snapshot.written, snapshot.waiting, snapshot.dropped) == (7, 0, {})
        assert offsets(server) == set(range(7))


@contextmanager
def hanging() -> Iterator[int]:
    with old_influx(Hang()) as server:
        yield server.port


@contextmanager
def nowhere() -> Iterator[int]:
    with refusing() as url:
        yield int(url.rpartition(":")[2])


@contextmanager
def swallowing() -> Iterator[int]:
    with black_hole() as url:
        yield int(url.rpartition(":")[2])


@contextmanager
def full_disk() -> Iterator[int]:
    with old_influx(DISK_FULL) as server:
        yield server.port


@contextmanager
def denying() -> Iterator[int]:
    with old_influx(as_json({"error": "authorization failed"}, 401)) as server:
        yield server.port


@pytest.mark.parametrize("bad", [hanging, nowhere, swallowing, full_disk, denying])
def test_whatever_it_does_scoring_goes_on_memory_is_bounded_and_all_is_counted(bad: Any) -> None:
    """The offering thread is this one: were it ever made to wait for the other two, the test would not end."""
    with bad() as port, Running(port, queue_points=1000) as running:
        for number in range(300):
            running.score(100, first_offset=number * 100)
        wait_until(lambda: running.sink.snapshot().problem != "", "a failure")
        during = running.sink.snapshot()
        assert during.points == 30_000
        assert during.waiting <= 3000
        after = running.end()
    assert (after.points, after.written, after.waiting) == (30_000, 0, 0)
    assert sum(after.dropped.values()) == 30_000
    assert after.dropped["queue-full"] >= 27_000
    assert 0 < after.dropped["shutdown"] <= 3000


def test_its_recovery_is_noticed_without_a_restart() -> None:
    replies = (Answer(204), as_json({"error": "timeout"}, 503), Hang(), as_json({}, 429, Retry_After="1"), Answer(204))
    with old_influx(*replies) as server, Running(server.port) as running:
        for number in range(10):
            running.score(10, first_offset=number * 10)
        running.await_counts(written=100, waiting=0, dropped={}, problem="")
        assert offsets(server) == set(range(100))


def test_a_fault_costs_a_second_and_never_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    with old_influx(Answer(204)) as server, Running(server.port) as running:
        broken = part([5.0, 6.0])
        running.sink.intake.scored([TimedRows(broken.rows, broken.engine, float("nan"))])
        wait_until(lambda: "a fault in this program" in caplog.text, "the fault")
        running.score(3)
        running.await_counts(points=5, written=3)


def test_a_2x_is_made_ready_and_written_to() -> None:
    with FakeInflux2() as server:
        provisioner = InfluxProvisioner(influx_settings(server.port, token=TOKEN))
        running = Running(server.port, token=TOKEN)
        running.prepare = lambda: provisioner.apply(provisioner.plan())
        with running:
            running.score(3)
            running.await_counts(written=3, waiting=0, problem="")
            server.state.buckets.clear()
            running.score(2, first_offset=3)
            running.await_counts(written=5, waiting=0, problem="")
        assert running.prepared == 2
        found = [parse(line.encode()) for line in server.state.lines if line.startswith("serving,")]
        assert [point.time % 1_000_000 for point in found] == list(range(5))
