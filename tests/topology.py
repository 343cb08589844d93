"""The whole pipeline without a broker: bytes in, bytes out; real loops, real codecs, models that are factors."""

from __future__ import annotations

import json
from typing import Any

from streamscore_cli.core.choices import NoModel, OnError, ResultFormat
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.pipeline.ledger import Ledger
from streamscore_cli.pipeline.models_loop import ModelsLoop
from streamscore_cli.pipeline.no_tracing import NO_TRACING
from streamscore_cli.pipeline.policy import Policy
from streamscore_cli.pipeline.ports import Tracer
from streamscore_cli.pipeline.records_loop import LoopSettings, RecordsLoop
from streamscore_cli.pipeline.route import TopicRecords
from streamscore_cli.pipeline.score import Scorer
from streamscore_cli.records.json_codec import JsonCodec
from streamscore_cli.records.results import encoder_for
from streamscore_cli.serving.admission import Admission, RecordShape
from streamscore_cli.serving.manager import Manager
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.recorder import Recorder
from tests.fakes import FakeClock
from tests.scripted import ScriptedCheckpoint, ScriptedModelsTopic, ScriptedSource
from tests.servables import FactorEngine


def decode_factor(value: bytes) -> ModelDescriptor:
    """Read `data type:factor`; the model's name is `times factor`."""
    data_type, _, factor = value.decode().partition(":")
    if not factor:
        raise ModelRejected("It is no descriptor.")
    return ModelDescriptor(f"times {factor}", "", data_type, Artifact.of(ModelFormat.PMML, factor.encode()))


class Topology:
    """Records of two partitions as JSON objects with `x` and `kind` (default `number`), models as factors."""

    def __init__(
        self,
        *models: bytes,
        no_model: NoModel = NoModel.WAIT,
        on_error: OnError = OnError.DEAD_LETTER,
        max_result_bytes: int = 1000,
        tracer: Tracer = NO_TRACING,
    ) -> None:
        self.clock = FakeClock()
        self.source = ScriptedSource()
        self.checkpoint = ScriptedCheckpoint()
        self.models = ScriptedModelsTopic(*models)
        self.manager = Manager()
        self.board = ModelsBoard()
        self.engine = FactorEngine()
        self.recorder = Recorder(self.clock)
        admission = Admission(lambda _format: [self.engine], lambda _artifact: None, [RecordShape(None, {})])
        self.models_loop = ModelsLoop(
            self.models, Ledger(decode_factor), admission, self.manager, self.board, self.clock
        )
        scorer = Scorer(self.manager, encoder_for(ResultFormat.JSON), self.clock, {"out": max_result_bytes})
        topics = {"in": TopicRecords(JsonCodec(), "kind", "number", {}, "out")}
        settings = LoopSettings(topics, Policy(on_error, no_model), "me", tracer=tracer)
        self.records_loop = RecordsLoop(self.source, self.checkpoint, scorer, self.recorder, settings, self.clock)
        self.models_loop.step()

    def publish_model(self, value: bytes) -> None:
        """Append to the models topic and let the models loop see it."""
        self.models.append(value)
        self.models_loop.step()

    def feed(self, partition: int, *values: object, key: bytes | None = None) -> None:
        """Append records: bytes as they are, anything else as JSON."""
        for value in values:
            encoded = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
            self.source.feed(partition, encoded, key)

    def step(self) -> None:
        """Let the scoring thread do one step."""
        self.records_loop.step()

    @property
    def results(self) -> list[dict[str, Any]]:
        """Return all results so far, decoded, in the order produced."""
        return [json.loads(value) for value in self.checkpoint.values]

    @property
    def answers(self) -> list[float]:
        """Return what the models answered so far."""
        return [result["result"] for result in self.results]
