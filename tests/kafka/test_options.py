"""The options of clients: ours, the operator's, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from streamscore_cli.config.settings import KafkaSettings, ModelSettings, Settings
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.kafka.options import Role, client_options, models_options, records_options, weakened_tls


def test_operators_property_wins_over_a_tuned_default() -> None:
    kafka = KafkaSettings(properties={"reconnect.backoff.max.ms": "9", "security.protocol": "SSL"})
    properties = client_options(kafka, Role.RECORDS).properties
    assert properties["reconnect.backoff.max.ms"] == "9"
    assert properties["security.protocol"] == "SSL"


def test_consumer_table_is_for_the_data_consumer_only() -> None:
    kafka = KafkaSettings(consumer={"queued.min.messages": "7"}, producer={"compression.type": "lz4"})
    assert client_options(kafka, Role.RECORDS).properties["queued.min.messages"] == "7"
    assert client_options(kafka, Role.MODELS).properties["queued.min.messages"] != "7"
    assert "compression.type" not in client_options(kafka, Role.RECORDS).properties


@pytest.mark.parametrize("role", [role for role in Role if role.produces])
def test_producer_table_is_for_every_producer(role: Role) -> None:
    kafka = KafkaSettings(producer={"compression.type": "lz4"})
    assert client_options(kafka, role).properties["compression.type"] == "lz4"


@pytest.mark.parametrize(
    "name", ["plugin.library.paths", "sasl.kerberos.kinit.cmd", "ssl.engine.location", "ssl.providers"]
)
def test_properties_that_could_run_code_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(name) + ".*run code"):
        client_options(KafkaSettings(properties={name: "/tmp/evil.so"}), Role.ADMIN)  # noqa: S108


@pytest.mark.parametrize("name", ["enable.auto.commit", "enable.idempotence", "isolation.level", "acks", "group.id"])
def test_properties_that_the_guarantees_rest_on_cannot_be_set(name: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(name) + ".*cannot be set"):
        client_options(KafkaSettings(properties={name: "x"}), Role.RECORDS)


def test_callbacks_are_refused() -> None:
    with pytest.raises(SettingsError, match="error_cb"):
        client_options(KafkaSettings(properties={"error_cb": "x"}), Role.RECORDS)


def test_secrets_are_in_no_representation_and_no_error() -> None:
    kafka = KafkaSettings(properties={"sasl.password": "hunter2", "ssl.key.password": "hunter3"})
    options = client_options(kafka, Role.RESULTS)
    assert options.properties["sasl.password"] == "hunter2"
    assert "hunter" not in repr(options)
    assert "hunter" not in str(options)
    with pytest.raises(SettingsError) as caught:
        client_options(replace(kafka, producer={"acks": "hunter4"}), Role.RESULTS)
    assert "hunter" not in str(caught.value)


def test_new_group_protocol_has_no_assignment_strategy() -> None:
    options = client_options(KafkaSettings(consumer={"group.protocol": "consumer"}), Role.RECORDS)
    assert "partition.assignment.strategy" not in options.properties


def test_group_of_the_data_consumer_is_the_setting() -> None:
    assert records_options(Settings()).properties["group.id"] == "streamscore"


def test_models_reader_takes_the_largest_model() -> None:
    size = 300 * 1024 * 1024
    settings = Settings(models=ModelSettings(max_bytes=size))
    assert int(models_options(settings).properties["receive.message.max.bytes"]) > size


@pytest.mark.parametrize(("brokers", "family"), [("localhost:29092", "v4"), ("kafka-1:9092,localhost:9092", None)])
def test_localhost_alone_is_the_loopback_that_local_brokers_listen_on(brokers: str, family: str | None) -> None:
    options = client_options(KafkaSettings(brokers=brokers), Role.ADMIN)
    assert options.properties.get("broker.address.family") == family


def test_weakened_tls_is_named() -> None:
    kafka = KafkaSettings(properties={"enable.ssl.certificate.verification": "False"})
    assert weakened_tls(client_options(kafka, Role.ADMIN)) == ["enable.ssl.certificate.verification=false"]
    assert weakened_tls(client_options(KafkaSettings(), Role.ADMIN)) == []
