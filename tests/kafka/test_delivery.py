"""Waiting for room and for deliveries, with a producer that is told what to take."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaError

from streamscore_cli.core.batch import Headers, OutboundResults
from streamscore_cli.core.errors import DeliveryFailed, TimedOut
from streamscore_cli.kafka.delivery import GRACE_S, DeliveringProducer
from streamscore_cli.kafka.faults import NotTaken
from streamscore_cli.kafka.health import ClientHealth
from tests.fakes import FakeClock


class Narrow:
    """Takes as many results a call as it is told, and nothing once that is used up; nothing ever waits in it."""

    def __init__(self, room: Sequence[int], clock: FakeClock) -> None:
        self.room = list(room)
        self.clock = clock
        self.taken: list[bytes] = []
        self.polls = 0

    def produce_all(self, results: OutboundResults) -> int:
        values = list(results.values)[: self.room.pop(0) if self.room else 0]
        self.taken += values
        return len(values)

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> bool:
        return bool(self.produce_all(OutboundResults(topic, [value or b""], [key], [0])))

    def poll(self, timeout_s: float) -> None:
        self.polls += 1
        self.clock.advance(timeout_s)

    def flush(self, _timeout_s: float) -> int:
        return 0

    def __len__(self) -> int:
        return 0

    def list_topics(self, *, timeout: float) -> object:
        raise NotTaken(KafkaError(KafkaError._TRANSPORT), "", None)

    def close(self, timeout_s: float) -> None:
        """Have nothing to drop."""


def delivering(room: Sequence[int], *, stopping: bool = False) -> tuple[DeliveringProducer, Narrow]:
    clock = FakeClock()
    narrow = Narrow(room, clock)
    return DeliveringProducer(lambda _: narrow, ClientHealth(clock).watch("results"), clock, lambda: stopping), narrow


def test_a_queue_that_was_full_and_is_empty_by_now_is_tried_again() -> None:
    values = [b"%d" % number for number in range(10)]
    producer, narrow = delivering([3, 0, 0, 4, 0, 10])
    producer.send_all(OutboundResults("scores", values, [None] * 10, [0] * 10))
    assert narrow.taken == values
    producer, narrow = delivering([0, 0, 1])
    producer.send("letters", None, b"one", ())
    assert narrow.taken == [b"one"]


def test_a_stop_ends_the_wait_for_room_after_its_grace() -> None:
    producer, narrow = delivering([1], stopping=True)
    with pytest.raises(TimedOut):
        producer.send_all(OutboundResults("scores", [b"1", b"2"], [None] * 2, [0] * 2))
    assert narrow.clock.monotonic_s() >= GRACE_S
    assert narrow.taken == [b"1"]


def test_what_is_refused_is_an_error_for_good() -> None:
    class Refuses(Narrow):
        def produce_all(self, results: OutboundResults) -> int:
            raise NotTaken(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), results.topic, 1)

    clock = FakeClock()
    refuses = Refuses([], clock)
    producer = DeliveringProducer(lambda _: refuses, ClientHealth(clock).watch("results"), clock, lambda: False)
    with pytest.raises(DeliveryFailed, match=r"scores\[1\]"):
        producer.send_all(OutboundResults("scores", [b"1"], [None], [0]))
    with pytest.raises(DeliveryFailed):
        producer.settle()
