from __future__ import annotations

import logging

import pytest

from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.pipeline.ledger import Ledger
from streamscore_cli.pipeline.models_loop import TRIES, ModelsLoop
from streamscore_cli.serving.admission import Admission, RecordShape
from streamscore_cli.serving.manager import Manager
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.snapshots import ModelState
from tests.scripted import ScriptedModelsTopic
from tests.servables import FactorEngine


class World:
    """A models loop over a topic in memory and an engine whose models are factors."""

    def __init__(self, *values: bytes | None, end: int | None = None) -> None:
        self.topic = ScriptedModelsTopic(*values)
        self.topic.end = len(values) if end is None else end
        self.engine = FactorEngine()
        self.names: dict[bytes, str] = {}
        self.formats: dict[bytes, ModelFormat] = {}
        self.manager = Manager()
        self.board = ModelsBoard()
        shape = RecordShape((Field("x", FieldType.DOUBLE),), {})
        admission = Admission(lambda _format: [self.engine], lambda _artifact: None, [shape])
        self.loop = ModelsLoop(self.topic, Ledger(self.decode), admission, self.manager, self.board, SystemClock())
        self.loop.step()

    def decode(self, value: bytes) -> ModelDescriptor:
        """Read `data type:factor`; the model's name is `times factor`, unless a test gave it another."""
        data_type, _, factor = value.decode().partition(":")
        if not factor:
            raise ModelRejected("It is no descriptor.")
        artifact = Artifact.of(self.formats.get(value, ModelFormat.PMML), factor.encode())
        return ModelDescriptor(self.names.get(value, f"times {factor}"), "", data_type, artifact)

    def publish(self, value: bytes | None) -> None:
        self.topic.append(value)
        self.loop.step()

    def in_service(self, data_type: str = "wine") -> tuple[str, int] | None:
        model = self.manager.in_service(data_type)
        return (model.identity.name, model.identity.version) if model else None

    def rejected(self) -> list[tuple[str, int]]:
        events = self.board.snapshot().events
        return [(event.reason, event.model.version) for event in events if event.state is ModelState.REJECTED]


def test_only_what_is_wanted_at_the_end_of_the_topic_is_loaded() -> None:
    world = World(b"wine:1", b"wine:2", b"beer:5", b"wine:3")
    assert (world.in_service("wine"), world.in_service("beer")) == (("times 3", 3), ("times 5", 2))
    assert len(world.engine.loaded) == 2
    assert world.board.snapshot().caught_up
    assert world.board.snapshot().declared == {"wine", "beer"}


def test_nothing_is_loaded_before_the_end_of_the_topic_is_reached() -> None:
    world = World(b"wine:1", end=2)
    assert world.in_service() is None
    world.publish(b"wine:2")
    assert (world.in_service(), len(world.engine.loaded)) == (("times 2", 1), 1)


def test_a_new_model_replaces_the_old_one_which_is_closed() -> None:
    world = World(b"wine:1")
    world.publish(b"wine:2")
    assert world.in_service() == ("times 2", 1)
    assert [servable.closed for servable in world.engine.loaded] == [1, 0]
    assert [event.previous for event in world.board.snapshot().events] == ["", "times 1"]


def test_the_same_bytes_again_are_no_reload_and_keep_their_version() -> None:
    world = World(b"wine:1", b"wine:1")
    world.publish(b"wine:1")
    world.publish(None)
    assert (world.in_service(), len(world.engine.loaded), world.board.snapshot().swaps) == (("times 1", 0), 1, 1)


@pytest.mark.parametrize("bad", [b"wine:nonsense", b"wine:bomb", b"junk"])
def test_a_bad_model_is_rejected_with_its_reason_and_the_old_one_stays(bad: bytes) -> None:
    world = World(b"wine:1")
    world.publish(bad)
    assert world.in_service() == ("times 1", 0)
    [(reason, version)] = world.rejected()
    assert reason
    assert version == 1
    assert world.engine.loaded[0].closed == 0


def test_a_rejected_model_that_keeps_coming_is_tried_a_few_times_and_each_is_said() -> None:
    world = World(b"wine:1")
    for _ in range(TRIES + 3):
        world.publish(b"wine:nonsense")
    assert len(world.rejected()) == TRIES


def test_a_rejected_model_is_not_tried_again_by_itself() -> None:
    world = World(b"wine:1", b"wine:nonsense")
    tried = len(world.rejected())
    world.publish(b"beer:1")
    world.publish(b"wine:1")
    assert len(world.rejected()) == tried


def test_the_same_bytes_in_another_format_are_another_model() -> None:
    world = World(b"wine:1")
    world.formats[b"wine:nonsense!"] = ModelFormat.TENSORFLOW
    world.publish(b"wine:nonsense!")
    assert len(world.rejected()) == 1
    world.engine.understands_nonsense = True
    world.formats[b"wine:nonsense!"] = ModelFormat.PMML
    world.publish(b"wine:nonsense!")
    assert world.in_service() == ("times nonsense!", 2)


def test_the_same_bytes_under_a_new_name_are_renamed_without_a_load() -> None:
    world = World(b"wine:1")
    world.names[b"wine:1"] = "a better name"
    world.publish(b"wine:1")
    assert (world.in_service(), len(world.engine.loaded)) == (("a better name", 0), 1)
    assert [model.model.name for model in world.board.snapshot().in_service] == ["a better name"]


def test_told_to_stop_it_loads_no_further_model() -> None:
    world = World(b"wine:1")
    for number in range(20):
        world.topic.append(f"kind{number}:2".encode())
    loads = len(world.engine.loaded)
    world.loop.step(lambda: len(world.engine.loaded) >= loads + 2)
    assert len(world.engine.loaded) == loads + 2


def test_a_load_that_ends_with_the_instance_is_no_rejection(caplog: pytest.LogCaptureFixture) -> None:
    world = World(b"wine:1")
    world.publish(b"wine:abandoned")
    assert (world.in_service(), world.rejected(), caplog.text) == (("times 1", 0), [], "")


def test_a_message_that_cannot_be_read_again_now_is_tried_in_a_later_step() -> None:
    world = World(b"wine:1", b"wine:nonsense", end=3)
    world.topic.unreadable = True
    world.publish(b"wine:bomb")
    assert world.in_service() is None
    assert not world.board.snapshot().caught_up
    world.topic.unreadable = False
    world.loop.step()
    assert world.in_service() == ("times 1", 0)
    assert world.board.snapshot().caught_up


def test_a_restart_behind_a_bad_model_finds_the_good_one_before_it() -> None:
    world = World(b"wine:1", b"wine:2", b"wine:nonsense")
    assert world.in_service() == ("times 2", 1)
    assert len(world.rejected()) == 1


def test_a_data_type_whose_only_model_is_bad_is_declared_and_not_served() -> None:
    world = World(b"wine:nonsense")
    assert "wine" in world.manager.declared
    assert not world.manager.serves("wine")
    assert world.board.snapshot().caught_up


def test_swaps_and_rejections_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "streamscore.models"):
        world = World(b"wine:1")
        world.publish(b"wine:nonsense")
    text = caplog.text
    assert "model in service for wine: times 1 version 0" in text
    assert "model rejected for wine: times nonsense version 1" in text


def test_to_stop_closes_the_reader() -> None:
    world = World(b"wine:1")
    world.loop.run(lambda: True)
    assert world.topic.closed
