"""Messages as columns, also those that the client cannot read whole."""

from __future__ import annotations

import logging

import pytest
from confluent_kafka import Producer

from streamscore_cli.config.settings import Settings
from tests.kafka.driving import committed, copy, open_link, until
from tests.kafka.raw_headers import send_with_header_name

pytestmark = pytest.mark.kafka


def test_record_with_an_unreadable_header_name_is_a_record_without_headers(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    topic = settings.topics.data[0]
    producer = Producer({"bootstrap.servers": settings.kafka.brokers})
    producer.produce(topic, b"before", partition=0, headers=[("own", b"1")])
    assert producer.flush(30) == 0
    for value in (b"broken", b"broken too"):
        send_with_header_name(settings.kafka.brokers, topic, value, b"\xff\xfe")
    producer.produce(topic, b"after", partition=0, headers=[("own", b"2")])
    assert producer.flush(30) == 0
    link = open_link(settings)
    found = {}

    def step() -> None:
        for batch in copy(link, settings.topics.scores):
            headers = batch.headers or [None] * len(batch)
            found.update(dict(zip(batch.values, headers, strict=True)))

    with caplog.at_level(logging.WARNING, "streamscore.kafka"):
        until(lambda: committed(settings, topic) == {0: 4}, step)
    assert found == {b"before": [("own", b"1")], b"broken": None, b"broken too": None, b"after": [("own", b"2")]}
    assert caplog.text.count("whose name is no UTF-8") == 1
    assert f"{topic}[0] at offset 1" in caplog.text
    link.close()
