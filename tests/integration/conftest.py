"""Fixtures for tests on a real Kafka: `broker` for all of a run, `settings` with topics made for one test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from streamscore_cli.config.settings import Settings
from tests.integration.brokers import make_topics, settings_for, shared_broker

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> EmbeddedBroker:
    """Return the broker of this run; tests share it, so none may stop it."""
    return shared_broker(request.config)


@pytest.fixture
def fresh_broker() -> Iterator[EmbeddedBroker]:
    """Start a broker for one test, which may stop, freeze and restart it."""
    from streamscore_cli.kafka.embedded import EmbeddedBroker

    with EmbeddedBroker() as own:
        yield own


@pytest.fixture
def settings(broker: EmbeddedBroker) -> Settings:
    """Return settings for the shared broker, with topics and a group of this test alone; the topics exist."""
    own = settings_for(broker)
    make_topics(own)
    return own
