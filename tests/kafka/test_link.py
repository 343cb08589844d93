"""The two ends in Kafka when they cannot be opened."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pytest

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import TopicMismatch
from tests.kafka.driving import open_link, until

pytestmark = pytest.mark.kafka


def clients() -> int:
    """Return how many of librdkafka's clients this process has: each has one main thread."""
    names = (task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm"))
    return sum(name == "rdk:main" for name in names)


@pytest.mark.parametrize("bulk", [True, False])
def test_what_could_not_be_opened_leaves_no_client_behind(settings: Settings, bulk: bool) -> None:
    gc.collect()
    before = clients()
    absent = replace(settings.topics, data=("absent",))
    with pytest.raises(TopicMismatch, match="absent"):
        open_link(replace(settings, topics=absent, kafka=replace(settings.kafka, bulk=bulk)))
    until(lambda: clients() <= before, gc.collect)
