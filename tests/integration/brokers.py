"""A real Kafka for tests: one broker for the whole run, shared by all, and settings with topics of their own."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from streamscore_cli.config.settings import KafkaSettings, ScoringSettings, Settings, TopicSettings

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker

_STARTED: pytest.StashKey[EmbeddedBroker] = pytest.StashKey()


def shared_broker(config: pytest.Config) -> EmbeddedBroker:
    """Return the broker of this run, started by who needs it first and stopped when the run ends."""
    from streamscore_cli.kafka.embedded import EmbeddedBroker

    if _STARTED not in config.stash:
        broker = EmbeddedBroker()
        config.add_cleanup(broker.close)
        broker.start()
        config.stash[_STARTED] = broker
    return config.stash[_STARTED]


def settings_for(broker: EmbeddedBroker, *, data: tuple[str, ...] = ("data",), partitions: int = 4) -> Settings:
    """Return settings with names of topics and a group that nobody else has; makes nothing."""
    run = uuid.uuid4().hex[:8]
    topics = TopicSettings(
        data=tuple(f"{name}-{run}" for name in data),
        models=f"models-{run}",
        scores=f"scores-{run}",
        dead_letters=f"dead-letters-{run}",
        status=f"status-{run}",
        events=f"events-{run}",
        partitions=partitions,
    )
    scoring = replace(ScoringSettings(), group=f"group-{run}", batch_wait_s=0.05)
    return Settings(kafka=KafkaSettings(brokers=broker.address), topics=topics, scoring=scoring)


def make_topics(settings: Settings) -> None:
    """Make the topics of these settings."""
    from streamscore_cli.kafka.topics import TopicAdmin

    with TopicAdmin(settings) as admin:
        admin.apply(admin.plan())
