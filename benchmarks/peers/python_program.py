"""The program that a Python user writes today: poll, parse, pypmml, produce, commit; a record at a time."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, Producer
from pypmml import Model, PMMLContext

from streamscore_cli.records.pb.score_result_pb2 import ScoreResult
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord

COMMIT_EVERY = 100
PREFIX = "probability("
Answer = dict[str, Any]


def as_json(answer: Answer) -> bytes:
    """Return a result as docs/wire-format.md has it."""
    return json.dumps(answer).encode()


def as_protobuf(answer: Answer) -> bytes:
    """Return a result as a message; what there is goes into the fields of the same names."""
    parts = dict(answer)
    result, probabilities = parts.pop("result"), parts.pop("probabilities", {})
    message = ScoreResult(**parts)
    if isinstance(result, str):
        message.result.label = result
    elif result is not None:
        message.result.value = result
    message.labels.extend(probabilities)
    message.probabilities.extend(probabilities.values())
    return bytes(message.SerializeToString())


FORMATS = {"json": as_json, "protobuf": as_protobuf}


def inputs_of(wine: WineRecord) -> dict[str, float]:
    """Return a record as the model names its fields."""
    return {field.name.replace("_", " "): getattr(wine, field.name) for field in wine.DESCRIPTOR.fields[:11]}


def plain(value: object) -> float | str | None:
    """Return a value of Java's as one of Python's, which by py4j it is already."""
    if value is None:
        return None
    return float(value) if isinstance(value, int | float) else str(value)


def answer_of(predicted_by_java: Mapping[str, object], target: str) -> Answer:
    """Return the result, and the probabilities by label where there are any; pypmml gives NaN for some that are not.

    A document that declares outputs gets no predicted label from pypmml: it is that of the largest probability.
    """
    scores = {str(name): plain(value) for name, value in predicted_by_java.items()}
    found = {name[len(PREFIX) : -1]: float(value or 0) for name, value in scores.items() if name.startswith(PREFIX)}
    probabilities = {label: value for label, value in found.items() if not math.isnan(value)}
    predicted = f"predicted_{target}"
    likeliest = max(probabilities, key=probabilities.__getitem__, default=None)
    result = scores.get(predicted, likeliest)
    return {"result": result, "probabilities": probabilities} if probabilities else {"result": result}


def settle(producer: Producer, consumer: Consumer, count: int) -> None:
    """Commit what has been produced for."""
    producer.flush()
    if count:
        consumer.commit()


def main() -> None:
    """Score until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("brokers", "data", "scores", "group", "model", "format", "name", "version", "sha256", "label"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--gateway", default="py4j", help="how Python talks to Java: py4j, pypmml's default, or jpype")
    options = parser.parse_args()
    PMMLContext.getOrCreate(gateway=options.gateway)
    named = {"name": options.name, "version": int(options.version), "sha256": options.sha256, "label": options.label}
    model, encode = Model.load(options.model), FORMATS[options.format]
    consumer = Consumer(
        {
            "bootstrap.servers": options.brokers,
            "group.id": options.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": options.brokers})
    consumer.subscribe([options.data])
    count = 0
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            settle(producer, consumer, count)
            continue
        wine = WineRecord.FromString(message.value() or b"")
        answer = answer_of(model.predict(inputs_of(wine)), model.targetName)
        source = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        source["timestamp"] = message.timestamp()[1]
        body = {"schema": 1, "data_type": wine.dataType, **answer, "model": named, "source": source}
        producer.produce(options.scores, encode(body), message.key())
        count += 1
        if count % COMMIT_EVERY == 0:
            settle(producer, consumer, count)


if __name__ == "__main__":
    main()
