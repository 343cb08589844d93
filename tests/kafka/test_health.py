"""What clients report, summed up: whether a broker is reachable, why not, said once per change."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaError

from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import KafkaRefused
from streamscore_cli.kafka import faults
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.link import open_records_link
from tests.fakes import FakeClock
from tests.integration.brokers import make_topics, settings_for
from tests.kafka.driving import until

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker


def statistics(state: str, *, kind: str = "consumer", waiting: int = 0) -> str:
    return json.dumps({"type": kind, "msg_cnt": waiting, "brokers": {"a:1/1": {"state": state}}})


def test_nothing_known_is_not_reachable() -> None:
    assert not ClientHealth().broker_reachable()


def test_every_client_that_needs_a_broker_counts() -> None:
    health = ClientHealth(FakeClock())
    records, models, results = (health.watch(name) for name in ("records", "models", "results"))
    records.on_statistics(statistics("UP"))
    models.on_statistics(statistics("UP"))
    results.on_statistics(statistics("INIT", kind="producer"))
    assert health.broker_reachable()
    results.on_statistics(statistics("INIT", kind="producer", waiting=3))
    assert not health.broker_reachable()
    results.closed()
    assert health.broker_reachable()
    models.on_statistics(statistics("CONNECT"))
    assert not health.broker_reachable()


def test_change_is_said_once_with_its_cause_and_then_reminded_of(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    health = ClientHealth(clock)
    client = health.watch("records")
    with caplog.at_level(logging.INFO, "streamscore.kafka"):
        client.on_statistics(statistics("UP"))
        client.on_error(KafkaError(KafkaError._TRANSPORT, "a:1: Connect failed: refused"))
        client.on_error(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
        for _ in range(7):
            client.on_statistics(statistics("CONNECT"))
            clock.advance(2.0)
        assert health.cause == "a:1: Connect failed: refused"
        client.on_statistics(statistics("UP"))
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "no broker answers: a:1: Connect failed: refused; waiting for one",
        "still no broker answers, for 10 s: a:1: Connect failed: refused; waiting",
        "a broker answers again, after 14 s",
    ]
    assert health.cause == ""


def test_fatal_error_is_kept_for_the_loop() -> None:
    health = ClientHealth()
    health.raise_if_fatal()
    health.watch("results").on_error(KafkaError(KafkaError._FENCED, "fenced", fatal=True))
    with pytest.raises(KafkaRefused, match="fenced"):
        health.raise_if_fatal()


def test_errors_are_kept_by_their_name() -> None:
    health = ClientHealth()
    client = health.watch("records")
    client.on_error(KafkaError(KafkaError._AUTHENTICATION, "bad password"))
    client.on_error(KafkaError(KafkaError._AUTHENTICATION, "still bad"))
    assert health.errors == {"_AUTHENTICATION": "still bad"}


@pytest.mark.parametrize("names", [faults.MEMBERSHIP_LOST, faults.DENIED, faults.TOPIC_MISSING, faults.NO_ANSWER])
def test_names_of_errors_are_the_librarys(names: frozenset[str]) -> None:
    for name in names:
        assert KafkaError(getattr(KafkaError, name)).name() == name


@pytest.mark.kafka
def test_broker_that_goes_and_comes_is_seen(fresh_broker: EmbeddedBroker) -> None:
    settings = settings_for(fresh_broker)
    make_topics(settings)
    health = ClientHealth()
    link = open_records_link(settings, health, SystemClock(), lambda: False)
    until(health.broker_reachable, link.source.poll)
    fresh_broker.stop()
    until(lambda: not health.broker_reachable(), link.source.poll, 15)
    assert "refused" in health.cause
    fresh_broker.start()
    until(health.broker_reachable, link.source.poll, 30)
    fresh_broker.pause()
    frozen_s = time.monotonic()
    until(lambda: not health.broker_reachable(), link.source.poll, 15)
    assert time.monotonic() - frozen_s < 15
    fresh_broker.resume()
    until(health.broker_reachable, link.source.poll, 30)
    link.close()
