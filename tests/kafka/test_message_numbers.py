"""Numbers of messages, read at once, held against the accessors of the client library."""

from __future__ import annotations

from confluent_kafka import KafkaError, Message
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.kafka.message_numbers import asked, events_among, numbers_of, places

NUMBERS = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))


def made(partition: int, offset: int, time_ms: int) -> Message:
    return Message(topic="data", value=b"v", key=b"k", partition=partition, offset=offset, timestamp=(1, time_ms))


def test_the_client_library_keeps_numbers_in_known_places() -> None:
    assert places() is not None


@given(st.lists(NUMBERS, max_size=20))
def test_numbers_are_those_of_the_accessors(numbers: list[tuple[int, int, int]]) -> None:
    messages = [made(*each) for each in numbers]
    for found in (numbers_of(messages), asked(messages)):
        assert found.partitions.tolist() == [message.partition() for message in messages]
        assert found.offsets.tolist() == [message.offset() for message in messages]
        assert found.timestamps_ms.tolist() == [message.timestamp()[1] for message in messages]


@given(st.lists(st.booleans(), max_size=20))
def test_events_are_told_from_records(kinds: list[bool]) -> None:
    event = KafkaError(KafkaError._PARTITION_EOF)
    messages = [Message(topic="data", partition=1, offset=2, error=event if kind else None) for kind in kinds]
    assert events_among(messages) == any(kinds)
