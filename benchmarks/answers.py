"""What a program answered, read back from its results topic and compared with another's; nothing is measured here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, TopicPartition

from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.records.results import ResultRecord, decode_result

TOLERANCE = 1e-9
READ_WAIT_S = 20.0
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """Results by the partition and offset of the record that they answer, and their bytes."""

    records: Mapping[Place, ResultRecord]
    bodies: Mapping[Place, bytes]

    def typical(self) -> bytes:
        """Return the result whose length is nearest to the mean."""
        mean = sum(map(len, self.bodies.values())) / len(self.bodies)
        return min(self.bodies.values(), key=lambda body: abs(len(body) - mean))


def read_answers(brokers: str, topic: str, ends: list[int], result_format: ResultFormat) -> Answers:
    """Read a results topic up to these offsets; raises RuntimeError where they do not come."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "bench-answers", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(len(ends))])
    records: dict[Place, ResultRecord] = {}
    bodies: dict[Place, bytes] = {}
    left = sum(ends)
    while left:
        messages = consumer.consume(left, READ_WAIT_S) if left < 2 else consumer.consume(min(left, 1000), READ_WAIT_S)
        if not messages:
            raise RuntimeError(f"{left} results of {topic} cannot be read")
        for message in messages:
            body = message.value() or b""
            record = decode_result(body, result_format)
            records[record.partition, record.offset] = record
            bodies[record.partition, record.offset] = body
        left -= len(messages)
    consumer.close()
    return Answers(records, bodies)


def differences(ours: Answers, theirs: Answers, records: int) -> tuple[list[str], int]:
    """Return where a program answers otherwise than ours, and how many probabilities it leaves out.

    Labels are equal, numbers within 1e-9, and so are the data type, the model's hash and the source.
    """
    wrong, left_out = [], 0
    if len(theirs.records) != records or len(ours.records) != records:
        wrong.append(f"{len(theirs.records)} records are answered, by ours {len(ours.records)}, of {records}")
    for place, record in theirs.records.items():
        expected = ours.records.get(place)
        if expected is None or not _alike(expected, record):
            wrong.append(f"{place}: {record} where ours is {expected}")
            continue
        left_out += sum(label not in record.probabilities for label in expected.probabilities)
    return wrong, left_out


def _alike(ours: ResultRecord, theirs: ResultRecord) -> bool:
    same = (ours.data_type, ours.model.sha256, ours.model.name, ours.topic, ours.timestamp_ms) == (
        theirs.data_type,
        theirs.model.sha256,
        theirs.model.name,
        theirs.topic,
        theirs.timestamp_ms,
    )
    numbers = [(ours.probabilities.get(label), value) for label, value in theirs.probabilities.items()]
    return same and _close(ours.result, theirs.result) and all(_close(*pair) for pair in numbers)


def _close(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float | int):
        return math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return ours == theirs
