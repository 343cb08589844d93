from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.kafka.embedded import EmbeddedBroker
from streamscore_cli.kafka.outbox import KafkaOutbox
from streamscore_cli.kafka.reader import TopicReader
from streamscore_cli.records.dead_letters import describe_dead_letter
from streamscore_cli.records.descriptor import encode_descriptor
from tests.integration.brokers import make_topics, settings_for, shared_broker
from tests.integration.servers import Server, wait_until
from tests.integration.wines import (
    WAIT_S,
    KeyedResult,
    assert_as_expected,
    expected_rows,
    read_results,
    send,
    send_model,
    send_raw_model,
    source_of,
    wines,
)

pytestmark = pytest.mark.kafka

LINEAR = "winequality_linear_regression"
TREE = "winequality_decision_tree_regression"
GAMMA = "winequality_glm_gamma"

OURS = (
    "winequality_decision_tree_classification",
    TREE,
    GAMMA,
    "winequality_glm_gaussian",
    LINEAR,
    "winequality_multilayer_perceptron",
    "winequality_random_forest",
    pytest.param("winequality_neural_network", marks=pytest.mark.tensorflow),
)


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, Server]]:
    """Run one server for all sample models, one after the other."""
    settings = settings_for(shared_broker(request.config))
    make_topics(settings)
    with Server(settings, tmp_path_factory.mktemp("server")) as server:
        server.await_ready()
        yield settings, server


@pytest.mark.parametrize("name", OURS)
def test_every_sample_model_answers_as_the_library_that_trained_it(
    name: str, running: tuple[Settings, Server], data_dir: Path
) -> None:
    settings, server = running
    [file] = data_dir.glob(f"{name}.p*")
    send_model(settings, file)
    server.await_model(name)
    before = server.stats()["results"]
    send(settings, wines(settings, data_dir), (f"{name}:{row}".encode() for row in range(1599)))
    wait_until(lambda: server.stats()["results"] == before + 1599, "1,599 results")
    mine = [result for result in read_results(settings) if (result.key or b"").startswith(f"{name}:".encode())]
    by_row = {int((result.key or b"").split(b":")[1]): result.result for result in mine}
    assert len(mine) == 1599
    assert {result.result.model.name for result in mine} == {name}
    assert_as_expected(by_row, expected_rows(data_dir / "expected" / f"{name}.csv"))


class Stream:
    """Wines sent at a steady rate from a thread of its own, until told to stop; each key is a number of its own."""

    def __init__(self, settings: Settings, data_dir: Path, per_second: int = 2000) -> None:
        self.sent = 0
        self._settings = settings
        self._wines = wines(settings, data_dir)
        self._per_second = per_second
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with KafkaOutbox(self._settings) as outbox:
            while not self._over.wait(0.05):
                for _ in range(self._per_second // 20):
                    value = self._wines[self.sent % len(self._wines)]
                    outbox.send(self._settings.topics.data[0], str(self.sent).encode(), value)
                    self.sent += 1
            assert outbox.flush(WAIT_S)
            assert outbox.failed == 0

    def __enter__(self) -> Stream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(WAIT_S)


def keys_of(results: list[KeyedResult]) -> Counter[int]:
    return Counter(int(result.key or b"-1") for result in results)


def assert_nothing_lost(results: list[KeyedResult], sent: int, most_repeats: int = 0) -> None:
    counts = keys_of(results)
    assert counts.keys() == set(range(sent))
    repeats = sum(counts.values()) - sent
    assert repeats <= most_repeats, f"{repeats} results came twice"


def await_all(settings: Settings, sent: int) -> list[KeyedResult]:
    """Read the results again and again until every record has one."""
    found: list[KeyedResult] = []

    def complete() -> bool:
        found[:] = read_results(settings)
        return len(keys_of(found)) >= sent

    wait_until(complete, f"results for {sent} records")
    return found


def has_scored(server: Server, results: int) -> bool:
    return bool(server.stats()["results"] > results)


def test_models_are_swapped_under_load_and_every_record_has_one_result_of_the_old_or_the_new(
    settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    with Server(settings, tmp_path) as server:
        server.await_ready()
        with Stream(settings, data_dir) as stream:
            for name in (TREE, GAMMA, LINEAR, TREE):
                send_model(settings, data_dir / f"{name}.pmml")
                server.await_model(name)
                wait_until(partial(has_scored, server, server.stats()["results"] + 500), "results after the swap")
        await_all(settings, stream.sent)
        assert server.end() == 0
    results = read_results(settings)
    assert_nothing_lost(results, stream.sent)
    for partition in range(4):
        of_partition = sorted(source_of(result) for result in results if result.partition == partition)
        by_source = {source_of(result): result.result.model.name for result in results}
        order = [by_source[place] for place in of_partition]
        changes = [name for name, before in zip(order, [None, *order], strict=False) if name != before]
        assert changes == [LINEAR, TREE, GAMMA, LINEAR, TREE]
        assert all(result.result.partition == result.partition for result in results)


def test_bad_records_and_bad_models_harm_nothing_beside_them(
    settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    good = wines(settings, data_dir)[:100]
    bad = [b"\xff\xff junk", *wines(settings, data_dir, data_type="beer")[:2]]
    evil = Artifact.of(ModelFormat.PMML, b'<!DOCTYPE PMML [<!ENTITY a "b">]><PMML version="4.4"/>')
    with Server(settings, tmp_path) as server:
        server.await_ready()
        send_raw_model(settings, b"\xff\xff not a descriptor")
        send_raw_model(settings, encode_descriptor(ModelDescriptor("evil", "", "wine", evil)))
        wait_until(lambda: server.stats()["rejections"] == 2, "two rejections")
        assert server.model() == LINEAR
        send(settings, [*good[:50], *bad, *good[50:]], [b"k"] * 103)
        wait_until(lambda: server.stats()["records"] == 103, "103 records")
        reasons = " ".join(event["reason"] for event in server.stats()["events"])
        assert "DOCTYPE" in reasons
        assert server.end() == 0
    assert len(read_results(settings)) == 100
    with TopicReader(settings, settings.topics.dead_letters) as reader:
        batches = list(reader)
    letters = [
        (batch.values[row], batch.keys[row], describe_dead_letter((batch.headers or [])[row] or ()))
        for batch in batches
        for row in range(len(batch))
    ]
    assert {value for value, _, _ in letters} == set(bad)
    assert {key for _, key, _ in letters} == {b"k"}
    causes = Counter(why.cause for _, _, why in letters if why)
    assert causes == {"undecodable": 1, "unknown-data-type": 2}
    assert {why.topic for _, _, why in letters if why} == {settings.topics.data[0]}


def test_a_server_that_is_stopped_and_started_loses_and_repeats_nothing(
    settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    with Server(settings, tmp_path) as server, Stream(settings, data_dir) as stream:
        for _ in range(2):
            server.await_ready()
            wait_until(lambda: server.stats().get("results", 0) > 1000, "a stream of results")
            assert server.end() == 0
            server.start()
        server.await_ready()
        wait_until(lambda: server.stats().get("results", 0) > 1000, "a stream of results")
        stream.__exit__()
        await_all(settings, stream.sent)
        assert server.end() == 0
    assert_nothing_lost(read_results(settings), stream.sent)


def test_a_server_that_is_killed_loses_nothing(settings: Settings, data_dir: Path, tmp_path: Path) -> None:
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    with Server(settings, tmp_path) as server, Stream(settings, data_dir) as stream:
        server.await_ready()
        wait_until(lambda: server.stats().get("results", 0) > 1000, "a stream of results")
        server.process.kill()
        server.process.wait()
        server.start()
        server.await_ready()
        wait_until(lambda: server.stats().get("results", 0) > 1000, "a stream of results")
        stream.__exit__()
        results = await_all(settings, stream.sent)
        assert server.end() == 0
    assert_nothing_lost(results, stream.sent, most_repeats=4000)


def test_a_broker_that_is_restarted_is_found_again_and_nothing_is_lost(
    fresh_broker: EmbeddedBroker, data_dir: Path, tmp_path: Path
) -> None:
    settings = settings_for(fresh_broker)
    make_topics(settings)
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    with Server(settings, tmp_path) as server:
        server.await_ready()
        with Stream(settings, data_dir, per_second=500) as stream:
            wait_until(lambda: server.stats()["results"] > 500, "a stream of results")
            fresh_broker.stop()
            wait_until(lambda: not server.ready(), "the server to see it", wait_s=20)
            fresh_broker.start()
            before = server.stats()["results"]
            wait_until(lambda: server.stats()["results"] > before + 500, "results after the restart")
        results = await_all(settings, stream.sent)
        wait_until(server.ready, "the server to say that it is well again")
        assert server.end() == 0
    # no commit succeeds while the broker is away: what was scored since comes again, a batch at most
    assert_nothing_lost(results, stream.sent, most_repeats=4000)


def test_two_instances_share_the_partitions_and_both_get_a_new_model(
    settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    with Server(settings, tmp_path, "one") as one, Server(settings, tmp_path, "two") as two:
        one.await_ready()
        two.await_ready()
        wait_until(lambda: len(one.stats()["partitions"]) == len(two.stats()["partitions"]) == 2, "two each")
        with Stream(settings, data_dir) as stream:
            wait_until(lambda: min(one.stats()["results"], two.stats()["results"]) > 200, "both to score")
            send_model(settings, data_dir / f"{TREE}.pmml")
            one.await_model(TREE)
            two.await_model(TREE)
            wait_until(lambda: stream.sent > 6000, "more records")
            assert two.end() == 0
            wait_until(lambda: len(one.stats()["partitions"]) == 4, "one to take over")
        results = await_all(settings, stream.sent)
        assert one.end() == 0
    assert_nothing_lost(results, stream.sent)
    assert {result.result.model.name for result in results} == {LINEAR, TREE}


def test_records_without_a_model_wait_for_it(settings: Settings, data_dir: Path, tmp_path: Path) -> None:
    with Server(settings, tmp_path) as server:
        server.await_ready()
        send(settings, wines(settings, data_dir), (str(row).encode() for row in range(1599)))
        wait_until(lambda: len(server.stats()["waiting"]) == 4, "all partitions to wait")
        assert server.stats()["results"] == 0
        send_model(settings, data_dir / f"{LINEAR}.pmml")
        results = await_all(settings, 1599)
        wait_until(lambda: not server.stats()["waiting"], "nothing to wait")
        assert server.end() == 0
    assert_nothing_lost(results, 1599)


@pytest.mark.tensorflow
def test_told_to_stop_while_a_model_is_loaded_it_stops_in_order(
    settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    with Server(settings, tmp_path) as server:
        server.await_ready()
        send_model(settings, data_dir / "winequality_neural_network.pb")
        wait_until(lambda: server.stats().get("loading") == "winequality_neural_network", "the load to begin")
        assert server.end() == 0
        assert "stopped" in server.log.read_text().splitlines()[-1]


def test_a_missing_topic_ends_the_server_with_its_name(broker: EmbeddedBroker, tmp_path: Path) -> None:
    settings = settings_for(broker)
    with Server(settings, tmp_path) as server:
        assert server.process.wait(30) == 6
        log = server.log.read_text()
    assert settings.topics.models in log
    assert "streamscore topics create" in log
