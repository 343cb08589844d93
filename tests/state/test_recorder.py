"""The recorder: what it counts, and when readers see it."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import pytest

from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.recorder import MOST_USES, Recorder
from streamscore_cli.state.snapshots import BatchObservation, SlotUse
from tests.fakes import FakeClock

FOREST = ModelIdentity("forest", 3, "aa")
LINEAR = ModelIdentity("linear", 4, "bb")
GAMMA = ModelIdentity("gamma", 5, "cc")
NOW_MS = 1_000_000


def observe(*slots: SlotUse, records: int | None = None, latencies_ms: tuple[int, ...] = ()) -> BatchObservation:
    total = sum(slot.records for slot in slots) if records is None else records
    timed = tuple(replace(one, timestamps_ms=[NOW_MS - latency for latency in latencies_ms]) for one in slots)
    return BatchObservation(total, NOW_MS, timed, {}, {})


def slot(model: ModelIdentity = FOREST, records: int = 10, scoring_ns: int = 5000, result: object = 1) -> SlotUse:
    return SlotUse("wine", model, records, scoring_ns, result)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def recorder(clock: FakeClock) -> Recorder:
    return Recorder(clock)


def test_counts_of_a_batch(recorder: Recorder) -> None:
    dead = {(Stage.DECODE, Cause.UNDECODABLE): 2}
    timed = replace(slot(), timestamps_ms=[NOW_MS - 3, -1, NOW_MS - 5])
    recorder.record(BatchObservation(15, NOW_MS, (timed,), dead, {Cause.NO_MODEL: 3}))
    recorder.record(
        BatchObservation(2, NOW_MS, (replace(slot(LINEAR), timestamps_ms=[NOW_MS - 4]),), {}, {Cause.NO_MODEL: 1})
    )
    recorder.publish(force=True)
    now = recorder.snapshot()
    assert (now.records, now.results) == (17, 20)
    assert now.dead_letters == {(Stage.DECODE, Cause.UNDECODABLE): 2}
    assert (now.batches.count, now.batches.minimum, now.batches.maximum) == (2, 2, 15)
    assert [(use.latency.count, use.latency.total) for use in now.models] == [(2, 8000), (1, 4000)]
    assert now.dropped == {Cause.NO_MODEL: 4}
    assert (now.latency.count, now.latency.minimum, now.latency.maximum) == (3, 3000, 5000)
    assert (now.scoring.count, now.scoring.minimum) == (20, 500)


def test_latencies_of_several_data_types_in_a_batch_are_kept_apart(recorder: Recorder) -> None:
    stamps = ((slot(), [NOW_MS - 3, -1, NOW_MS - 5]), (slot(LINEAR), [-1]), (slot(GAMMA), [NOW_MS - 4, NOW_MS + 9]))
    timed = tuple(replace(one, timestamps_ms=times) for one, times in stamps)
    recorder.record(BatchObservation(30, NOW_MS, timed, {}, {}))
    recorder.publish(force=True)
    now = recorder.snapshot()
    assert [(use.latency.count, use.latency.total) for use in now.models] == [(2, 8000), (0, 0), (2, 4001)]
    assert (now.latency.count, now.latency.minimum, now.latency.maximum) == (4, 1, 5000)


def test_use_per_model_in_milliseconds_a_record(recorder: Recorder) -> None:
    recorder.record(observe(slot(records=10, scoring_ns=5_000)))
    recorder.record(observe(slot(records=4, scoring_ns=8_000), slot(LINEAR, records=1, scoring_ns=250)))
    recorder.publish(force=True)
    forest, linear = recorder.snapshot().models
    assert (forest.model, forest.invocations) == (FOREST, 14)
    assert forest.duration_ms == pytest.approx(0.013)
    assert (forest.min_ms, forest.max_ms) == pytest.approx((0.0005, 0.002))
    assert (linear.invocations, linear.min_ms, linear.max_ms) == (1, 0.00025, 0.00025)


def test_a_model_that_comes_back_under_another_version_is_counted_apart(recorder: Recorder) -> None:
    again = ModelIdentity("forest", 9, "aa")
    for model in (FOREST, LINEAR, again):
        recorder.record(observe(slot(model)))
    recorder.publish(force=True)
    assert [(use.model.version, use.invocations) for use in recorder.snapshot().models] == [(3, 10), (4, 10), (9, 10)]


def test_uses_are_bounded_and_the_longest_unused_goes_first(recorder: Recorder) -> None:
    recorder.record(observe(slot(FOREST)))
    for version in range(10, 10 + MOST_USES - 1):
        recorder.record(observe(slot(ModelIdentity("m", version, "cc"))))
        recorder.record(observe(slot(FOREST)))
    recorder.record(observe(slot(ModelIdentity("m", 5000, "cc"))))
    recorder.publish(force=True)
    versions = [use.model.version for use in recorder.snapshot().models]
    assert len(versions) == MOST_USES
    assert FOREST.version in versions
    assert 10 not in versions
    assert recorder.snapshot().results == 10 * (2 * MOST_USES)


def test_readers_see_a_batch_after_the_interval_and_not_before(recorder: Recorder, clock: FakeClock) -> None:
    clock.advance(0.3)
    recorder.record(observe(slot()))
    assert recorder.snapshot().records == 10
    clock.advance(0.1)
    recorder.record(observe(slot()))
    assert recorder.snapshot().records == 10
    clock.advance(0.1)
    recorder.tick()
    assert recorder.snapshot().records == 20


def test_a_tick_with_nothing_new_builds_nothing(recorder: Recorder, clock: FakeClock) -> None:
    clock.advance(1)
    recorder.record(observe(slot()))
    taken = recorder.snapshot().taken_ms
    clock.advance(1)
    recorder.tick()
    assert recorder.snapshot().taken_ms == taken
    assert recorder.snapshot().uptime_s == 2


def test_the_rate_is_of_the_moment_of_reading(recorder: Recorder, clock: FakeClock) -> None:
    for _ in range(100):
        clock.advance(0.1)
        recorder.record(observe(slot(records=50)))
    now = recorder.snapshot()
    assert now.rate_per_s == pytest.approx(500, rel=0.05)
    assert now.models[0].rate_per_s == pytest.approx(500, rel=0.05)
    clock.advance(7)
    later = recorder.snapshot()
    assert (later.rate_per_s, later.models[0].rate_per_s) == (0, 0)
    assert later.records == now.records


def test_the_last_scores_are_kept(recorder: Recorder, clock: FakeClock) -> None:
    for number in range(12):
        clock.advance(1)
        recorder.record(observe(slot(result=number)))
    last = recorder.snapshot().last_scores
    assert [score.result for score in last] == list(range(2, 12))
    assert (last[-1].model, last[-1].data_type, last[-1].at_ms) == ("forest", "wine", clock.epoch_ms())


def test_partitions_waiting_and_lag_are_replaced(recorder: Recorder) -> None:
    recorder.partitions([("b", 1), ("a", 0)])
    recorder.waiting({("a", 0): "beer"})
    recorder.lag({("a", 0): 7})
    recorder.publish(force=True)
    now = recorder.snapshot()
    assert now.partitions == (("a", 0), ("b", 1))
    assert (now.waiting, now.lag) == ({("a", 0): "beer"}, {("a", 0): 7})
    recorder.waiting({})
    recorder.publish(force=True)
    assert recorder.snapshot().waiting == {}


def test_odd_batches_do_no_harm(recorder: Recorder) -> None:
    recorder.record(observe(records=0))
    recorder.record(observe(slot(records=0)))
    recorder.record(observe(slot(records=1, scoring_ns=0), latencies_ms=(-3, 0, NOW_MS)))
    recorder.publish(force=True)
    assert recorder.snapshot().results == 1
    assert recorder.snapshot().latency.count == 3


def test_readers_in_other_threads_see_whole_snapshots(recorder: Recorder, clock: FakeClock) -> None:
    """Every published snapshot has as many results as scorings counted; a torn one would not."""
    torn: list[tuple[int, int, int]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            now = recorder.snapshot()
            used = sum(use.invocations for use in now.models)
            if not now.results == now.scoring.count == used:
                torn.append((now.results, now.scoring.count, used))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        for version in range(2000):
            recorder.record(observe(slot(ModelIdentity("m", version % 7, "dd"), records=3)))
            clock.advance(0.3)
    finally:
        done.set()
        reader.join()
        sys.setswitchinterval(interval)
    assert torn == []


def test_a_model_that_is_called_otherwise_stays_one_model(recorder: Recorder) -> None:
    relabelled = replace(FOREST, name="grove", label="v2")
    recorder.record(observe(slot()))
    recorder.record(observe(slot(relabelled)))
    recorder.publish(force=True)
    assert [(use.model, use.invocations) for use in recorder.snapshot().models] == [(relabelled, 20)]
