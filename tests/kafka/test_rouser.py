"""Which client is made to look for a broker, and how often."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.rouser import Rouser
from tests.fakes import FakeClock


class Silent:
    """A client whose brokers do not answer."""

    def __init__(self) -> None:
        self.questions = 0

    def list_topics(self, *, timeout: float) -> object:
        assert 0 < timeout <= 1
        self.questions += 1
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def test_a_client_without_a_broker_is_roused_every_few_seconds_and_no_other() -> None:
    clock, client = FakeClock(), Silent()
    health = ClientHealth(clock)
    rouser = Rouser(client, "models", health, clock)

    def questions_in(seconds: int) -> int:
        before = client.questions
        for _ in range(seconds * 4):
            rouser.rouse()
            clock.advance(0.25)
        return client.questions - before

    assert questions_in(10) == 0
    health.on_statistics("models", '{"type":"consumer","brokers":{"a":{"state":"DOWN"}}}')
    assert questions_in(10) == 5
    health.on_statistics("models", '{"type":"consumer","brokers":{"a":{"state":"UP"}}}')
    assert questions_in(10) == 0
