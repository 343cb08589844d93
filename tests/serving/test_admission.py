from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import pytest

from streamscore_cli.core.errors import MissingDependency, ModelRejected, ModelUnsupported, SignatureMismatch
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.serving.admission import Admission, RecordShape
from tests.servables import DoublingServable, FactorEngine

X = (Field("x", FieldType.DOUBLE),)


def admission(engine: FactorEngine, *shapes: RecordShape) -> Admission:
    def guard(artifact: Artifact) -> None:
        if artifact.data == b"unsafe":
            raise ModelRejected("It is unsafe.")

    return Admission(lambda _format: [engine], guard, shapes or (RecordShape(X, {}),))


def descriptor(data: bytes, location: str = "") -> ModelDescriptor:
    artifact = None if location else Artifact.of(ModelFormat.PMML, data)
    return ModelDescriptor("m", "a model", "wine", artifact, location)


def test_a_good_model_is_loaded_verified_and_warm() -> None:
    model = admission(FactorEngine()).admit(descriptor(b"3"), version=7)
    assert (model.identity.name, model.identity.version, model.engine, model.data_type) == ("m", 7, "factor", "wine")
    assert model.identity.sha256 == Artifact.of(ModelFormat.PMML, b"3").sha256
    assert model.load_ms >= 0


def test_what_the_guard_refuses_never_reaches_the_engine() -> None:
    engine = FactorEngine()
    with pytest.raises(ModelRejected, match="unsafe"):
        admission(engine).admit(descriptor(b"unsafe"), 1)
    assert engine.loaded == []


def test_an_engine_that_breaks_over_a_model_rejects_it() -> None:
    with pytest.raises(ModelRejected, match="engine cannot load it: could not convert"):
        admission(FactorEngine()).admit(descriptor(b"bad"), 1)


def test_a_model_that_fails_on_its_first_records_is_rejected_and_closed() -> None:
    engine = FactorEngine()
    with pytest.raises(ModelRejected, match="fails on its first records: boom"):
        admission(engine).admit(descriptor(b"bomb"), 1)
    assert engine.loaded[0].closed == 1


def test_a_model_whose_inputs_the_records_never_have_is_rejected_and_closed() -> None:
    engine = FactorEngine()
    with pytest.raises(SignatureMismatch, match="'x'"):
        admission(engine, RecordShape((Field("y", FieldType.DOUBLE),), {})).admit(descriptor(b"3"), 1)
    assert engine.loaded[0].closed == 1


@pytest.mark.parametrize("shapes", [(RecordShape((), {}), RecordShape(X, {})), (RecordShape(None, {}),)])
def test_one_topic_whose_records_fit_or_declare_nothing_is_enough(shapes: tuple[RecordShape, ...]) -> None:
    assert admission(FactorEngine(), *shapes).admit(descriptor(b"3"), 1)


def test_a_reference_is_refused_with_the_way_out() -> None:
    with pytest.raises(ModelRejected, match=r"by reference.*publish model FILE"):
        admission(FactorEngine()).admit(descriptor(b"", "s3://bucket/model"), 1)


def test_a_missing_extra_is_a_rejection_that_names_it() -> None:
    class AbsentEngine(FactorEngine):
        def load(self, artifact: Artifact) -> NoReturn:
            raise MissingDependency("TensorFlow is not installed.", "pip install 'streamscore[tensorflow]'")

    with pytest.raises(ModelRejected, match=r"not installed.*streamscore\[tensorflow\]"):
        admission(AbsentEngine()).admit(descriptor(b"3"), 1)


class GreedyEngine(FactorEngine):
    """Loads models that want more memory than there is, at load or for their first row."""

    def load(self, artifact: Artifact) -> DoublingServable:
        if artifact.data == b"at load":
            raise MemoryError
        servable = super().load(Artifact.of(ModelFormat.PMML, b"2"))
        servable.signature = Signature((Field("wide", FieldType.DOUBLE, width=10**15),))
        return servable


@pytest.mark.parametrize("data", [b"at load", b"for a row"])
def test_a_model_that_wants_too_much_memory_is_rejected_and_nothing_else_is_harmed(data: bytes) -> None:
    with pytest.raises(ModelRejected):
        admission(GreedyEngine(), RecordShape(None, {})).admit(descriptor(data), 1)


def test_an_engine_that_cannot_be_made_rejects_the_model() -> None:
    def no_engine(_format: ModelFormat) -> list[FactorEngine]:
        raise ImportError("its package is broken")

    with pytest.raises(ModelRejected, match="its package is broken"):
        Admission(no_engine, lambda _artifact: None, [RecordShape(X, {})]).admit(descriptor(b"3"), 1)


@dataclass
class Beyond:
    """An engine that supports nothing."""

    name: str

    def load(self, artifact: Artifact) -> NoReturn:
        raise ModelUnsupported(f"{len(artifact.data)} bytes are too many.", "Use fewer.")


def test_the_next_engine_tries_what_the_first_does_not_support_and_its_name_is_shown() -> None:
    factor = FactorEngine()
    gate = Admission(lambda _format: [Beyond("a"), factor], lambda _artifact: None, [RecordShape(X, {})])
    assert gate.admit(descriptor(b"3"), 1).engine == "factor"


def test_what_no_engine_supports_is_refused_with_the_reasons_of_all() -> None:
    gate = Admission(lambda _format: [Beyond("a"), Beyond("b")], lambda _artifact: None, [RecordShape(X, {})])
    with pytest.raises(ModelUnsupported, match=r"a: 1 bytes are too many\. b: 1 bytes are too many\.") as caught:
        gate.admit(descriptor(b"3"), 1)
    assert caught.value.hint == "Use fewer."


def test_a_model_that_the_first_engine_rejects_goes_nowhere() -> None:
    spare = FactorEngine()
    gate = Admission(lambda _format: [FactorEngine(), spare], lambda _artifact: None, [RecordShape(X, {})])
    with pytest.raises(ModelRejected, match="cannot load it"):
        gate.admit(descriptor(b"bad"), 1)
    assert spare.loaded == []
