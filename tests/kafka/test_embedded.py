"""The broker of the demo and the tests: it starts, keeps its data when told to, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import BrokerUnreachable, UsageProblem
from streamscore_cli.kafka.embedded import FREE_PORTS, EmbeddedBroker, free_port
from streamscore_cli.kafka.probe import check_broker, wait_for_broker
from tests.integration.brokers import make_topics, settings_for
from tests.kafka.driving import fill, read_all, until

pytestmark = pytest.mark.kafka


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_directory_keeps_the_data_and_a_temporary_one_goes(tmp_path: Path) -> None:
    directory = tmp_path / "kafka"
    with EmbeddedBroker(directory=directory) as broker:
        settings = settings_for(broker)
        make_topics(settings)
        fill(settings, settings.topics.data[0], [b"kept"])
        cluster = check_broker(settings).cluster_id
    again = EmbeddedBroker(port=broker.port, directory=directory)
    with again:
        assert check_broker(settings).cluster_id == cluster
        assert read_all(settings, settings.topics.data[0]) == [b"kept"]
    assert (directory / "data").is_dir()


def test_nothing_is_left_behind() -> None:
    broker = EmbeddedBroker()
    with broker:
        assert broker.running
        pid, directory = broker.pid, broker._directory
    assert pid is not None
    assert directory is not None
    assert not alive(pid)
    assert not directory.exists()


def test_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageProblem, match=f"Port {port} .* is taken"), EmbeddedBroker(port=port):
            pass


def test_free_port_is_none_that_the_system_gives_to_outgoing_connections() -> None:
    with socket.socket() as waiting, socket.socket() as outgoing:
        waiting.bind(("127.0.0.1", 0))
        waiting.listen()
        outgoing.connect(waiting.getsockname())
        assert outgoing.getsockname()[1] not in FREE_PORTS
    assert {free_port() for _ in range(20)} <= set(FREE_PORTS)


def test_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\nnode.id=77\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n")
    broker = EmbeddedBroker(directory=tmp_path)
    with pytest.raises(BrokerUnreachable, match=r"(?s)ended while it started.*Stored node id 77"):
        broker.start()
    assert not broker.running


def test_topics_are_not_made_by_mistake(broker: EmbeddedBroker) -> None:
    client = AdminClient({"bootstrap.servers": broker.address})
    topics = client.list_topics(topic="never-made", timeout=10).topics
    assert topics["never-made"].error is not None
    assert "never-made" not in client.list_topics(timeout=10).topics


def test_frozen_broker_answers_again_when_thawed(fresh_broker: EmbeddedBroker) -> None:
    settings = Settings(kafka=KafkaSettings(brokers=fresh_broker.address))
    fresh_broker.pause()
    with pytest.raises(BrokerUnreachable, match=re.escape(fresh_broker.address)):
        check_broker(settings, 1.0)
    fresh_broker.resume()
    assert [broker.id for broker in check_broker(settings, 30.0).brokers] == [1]


def test_waiting_ends_when_the_broker_is_there_or_when_told_to(broker: EmbeddedBroker) -> None:
    cluster = wait_for_broker(Settings(kafka=KafkaSettings(brokers=broker.address)), SystemClock(), lambda: False)
    assert cluster is not None
    assert cluster.brokers[0].port == broker.port
    asked = iter([False, True])
    nobody = Settings(kafka=KafkaSettings(brokers="127.0.0.1:1"))
    assert wait_for_broker(nobody, SystemClock(), lambda: next(asked)) is None


_STARTER = """
import sys, time
from streamscore_cli.kafka.embedded import EmbeddedBroker
broker = EmbeddedBroker()
broker.start()
print(broker.pid, broker.address, broker._directory, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
def test_broker_ends_with_a_killed_parent() -> None:
    starter = subprocess.Popen([sys.executable, "-c", _STARTER], stdout=subprocess.PIPE, text=True)
    try:
        assert starter.stdout is not None
        pid, address, directory = starter.stdout.readline().split()
        assert AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).brokers
        starter.kill()
        starter.wait()
        until(lambda: not alive(int(pid)), lambda: time.sleep(0.05))
    finally:
        starter.kill()
        starter.wait()
        if starter.stdout is not None:
            starter.stdout.close()
    subprocess.run(["rm", "-rf", directory], check=True)


def test_interrupt_of_the_terminal_does_not_reach_it(broker: EmbeddedBroker) -> None:
    assert broker.pid is not None
    assert os.getsid(broker.pid) == broker.pid
    assert os.getsid(broker.pid) != os.getsid(0)


def test_crash_is_noticed(fresh_broker: EmbeddedBroker) -> None:
    assert fresh_broker.pid is not None
    os.kill(fresh_broker.pid, signal.SIGKILL)
    assert fresh_broker.wait(10)
    assert not fresh_broker.running
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": fresh_broker.address}).list_topics(timeout=1)
    fresh_broker.start()
    assert fresh_broker.running
