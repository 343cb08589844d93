"""The original's two circles, by a clock that is told the time and an outbox that remembers."""

from __future__ import annotations

from pathlib import Path

from streamscore_cli.core.models import ModelDescriptor, ModelFormat
from streamscore_cli.publishing.everything import Circle, publish_everything
from streamscore_cli.publishing.models import OutgoingModel
from streamscore_cli.publishing.records import Messages
from streamscore_cli.publishing.session import Session
from tests.fakes import FakeClock, FakeStop, RecordingOutbox


def a_model(name: str) -> OutgoingModel:
    descriptor = ModelDescriptor(name, "", "wine", None)
    return OutgoingModel(Path(name), descriptor, ModelFormat.PMML, b"wine", name.encode())


RECORDS = Messages([b"r0", b"r1", b"r2"])
MODELS = [a_model("m0"), a_model("m1")]


def run(*, seconds: float, data_s: float, model_s: float, cost_s: float = 0.0) -> RecordingOutbox:
    clock = FakeClock(0.0)
    outbox = RecordingOutbox(clock, cost_s=cost_s)
    session = Session(outbox, clock, FakeStop(clock, at_s=seconds))
    publish_everything(RECORDS, MODELS, Circle("data", data_s), Circle("models", model_s), session)
    return outbox


def test_one_record_an_interval_round_and_round() -> None:
    sent = run(seconds=6.5, data_s=1.0, model_s=300.0).to("data")
    assert [(message.at_s, message.value) for message in sent] == [
        (0.0, b"r0"),
        (1.0, b"r1"),
        (2.0, b"r2"),
        (3.0, b"r0"),
        (4.0, b"r1"),
        (5.0, b"r2"),
        (6.0, b"r0"),
    ]
    assert {message.key for message in sent} == {None}


def test_the_first_model_at_once_and_then_one_a_model_interval() -> None:
    sent = run(seconds=1_000.0, data_s=1.0, model_s=300.0).to("models")
    assert [(message.at_s, message.key, message.value) for message in sent] == [
        (0.0, b"wine", b"m0"),
        (300.0, b"wine", b"m1"),
        (600.0, b"wine", b"m0"),
        (900.0, b"wine", b"m1"),
    ]


def test_the_first_model_goes_before_the_first_record() -> None:
    assert run(seconds=0.5, data_s=1.0, model_s=300.0).messages[0].topic == "models"


def test_a_slow_broker_costs_neither_circle_a_message() -> None:
    outbox = run(seconds=100.0, data_s=0.5, model_s=5.0, cost_s=0.4)
    assert len(outbox.to("models")) == 20
    assert len(outbox.to("data")) == 200


def test_records_without_an_interval_leave_the_models_their_turn() -> None:
    outbox = run(seconds=10.0, data_s=0.0, model_s=2.0, cost_s=0.000_01)
    assert len(outbox.to("models")) == 5
    assert len(outbox.to("data")) > 900_000
