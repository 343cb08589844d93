"""Topics on a real broker: planned, made, described."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.core.errors import BrokerUnreachable, TopicMismatch
from streamscore_cli.kafka.topic_plan import Action
from streamscore_cli.kafka.topics import TopicAdmin
from tests.integration.brokers import settings_for
from tests.kafka.driving import fill, until

if TYPE_CHECKING:
    from streamscore_cli.kafka.embedded import EmbeddedBroker

pytestmark = pytest.mark.kafka


def test_plan_is_made_once_and_then_all_is_well(broker: EmbeddedBroker) -> None:
    settings = settings_for(broker)
    with TopicAdmin(settings) as admin:
        plan = admin.plan()
        assert {one.action for one in plan} == {Action.CREATE}
        assert set(admin.apply(plan)) == {one.name for one in plan}
        again = admin.plan()
        assert {one.action for one in again} == {Action.OK}
        assert admin.apply(again) == ()


def test_applying_an_outdated_plan_is_no_error(broker: EmbeddedBroker) -> None:
    with TopicAdmin(settings_for(broker)) as admin:
        plan = admin.plan()
        admin.apply(plan)
        admin.apply(plan)


def test_scores_grow_with_the_data_topic(settings: Settings) -> None:
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    for future in client.create_partitions([NewPartitions(settings.topics.data[0], 6)]).values():
        future.result(10)
    with TopicAdmin(settings) as admin:
        until(lambda: len(admin.describe([settings.topics.data[0]])[0].partitions) == 6, lambda: None)
        changed = admin.apply(admin.plan())
        assert changed == (settings.topics.scores,)
        assert len(admin.describe([settings.topics.scores])[0].partitions) == 6


def test_scores_grow_with_a_topic_that_a_pattern_matches(settings: Settings) -> None:
    name = f"pattern-{settings.scoring.group}-wine"
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    for future in client.create_topics([NewTopic(name, 8, 1)]).values():
        future.result(10)
    pattern = f"^pattern-{settings.scoring.group}-.*"
    with TopicAdmin(replace(settings, topics=replace(settings.topics, data=(pattern,)))) as admin:
        until(lambda: name in admin.names(), lambda: None)
        assert admin.apply(admin.plan()) == (settings.topics.scores,)
        assert len(admin.describe([settings.topics.scores])[0].partitions) == 8


def test_models_topic_with_three_partitions_differs(broker: EmbeddedBroker) -> None:
    settings = settings_for(broker)
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    for future in client.create_topics([NewTopic(settings.topics.models, 3, 1)]).values():
        future.result(10)
    with TopicAdmin(settings) as admin:
        plan = {one.name: one for one in admin.plan()}[settings.topics.models]
    assert plan.action is Action.DIFFERS
    assert plan.differences[0] == "partitions is 3, must be 1"


def test_description_counts_records(settings: Settings) -> None:
    topic = settings.topics.data[0]
    fill(settings, topic, (b"%d" % number for number in range(100)))
    with TopicAdmin(settings) as admin:
        (info,) = admin.describe([topic])
        assert info.records == 100
        assert len(info.partitions) == 4
        assert info.replicas == 1
        assert topic in admin.names()


def test_limit_of_a_topic_is_its_own(settings: Settings) -> None:
    with TopicAdmin(settings) as admin:
        assert admin.max_message_bytes(settings.topics.models) == 64 * 1024 * 1024
        assert admin.max_message_bytes(settings.topics.data[0]) == 1_048_588


def test_missing_topic_is_named(settings: Settings) -> None:
    with TopicAdmin(settings) as admin, pytest.raises(TopicMismatch, match=r"nowhere.*streamscore topics create"):
        admin.describe(["nowhere"])


def test_no_broker_is_named_with_the_next_step() -> None:
    settings = Settings(kafka=KafkaSettings(brokers="127.0.0.1:1"))
    with TopicAdmin(settings, timeout_s=2.0) as admin, pytest.raises(BrokerUnreachable) as caught:
        admin.plan()
    assert "127.0.0.1:1" in caught.value.message
    assert "refused" in caught.value.message
    assert "streamscore broker" in caught.value.hint
