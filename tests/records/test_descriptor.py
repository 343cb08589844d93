"""Model descriptors: those of the original are read, ours are read by the original, bad ones say why."""

from __future__ import annotations

import hashlib

import pytest

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.records.descriptor import decode_descriptor, encode_descriptor
from tests.records.wire import integer, text

PMML = b"<PMML/>"


def original(modeltype: int, data: bytes = PMML) -> bytes:
    """Return what the original's publisher sends: fields 1 to 5, a zero left out."""
    kind = integer(4, modeltype) if modeltype else b""
    return text(1, "tree") + text(2, "a tree") + text(3, "wine") + kind + text(5, data)


@pytest.mark.parametrize(("modeltype", "model_format"), [(0, ModelFormat.TENSORFLOW), (1, ModelFormat.PMML)])
def test_a_message_of_the_original(modeltype: int, model_format: ModelFormat) -> None:
    found = decode_descriptor(original(modeltype))
    artifact = Artifact(model_format, PMML, hashlib.sha256(PMML).hexdigest())
    assert found == ModelDescriptor("tree", "a tree", "wine", artifact)


@pytest.mark.parametrize(
    ("model_format", "number"),
    [
        (ModelFormat.TENSORFLOW, 0),
        (ModelFormat.PMML, 1),
        (ModelFormat.ONNX, 16),
        (ModelFormat.TENSORFLOW_SAVED_MODEL, 17),
    ],
)
def test_our_message_is_the_original_one_with_more_behind_it(model_format: ModelFormat, number: int) -> None:
    descriptor = ModelDescriptor("tree", "a tree", "wine", Artifact.of(model_format, PMML), label="v2")
    ours = text(16, hashlib.sha256(PMML).digest()) + integer(17, len(PMML)) + text(18, "v2")
    assert encode_descriptor(descriptor) == original(number) + ours
    assert decode_descriptor(encode_descriptor(descriptor)) == descriptor


def test_a_reference_keeps_its_location() -> None:
    found = decode_descriptor(text(1, "far") + text(3, "wine") + integer(4, 1) + text(6, "https://models/far.pmml"))
    assert (found.artifact, found.location) == (None, "https://models/far.pmml")


def test_a_reference_cannot_be_encoded() -> None:
    with pytest.raises(ModelRejected, match=r"'far' is a reference \(https://models/far\)"):
        encode_descriptor(ModelDescriptor("far", "", "wine", None, "https://models/far"))


def test_a_name_that_is_missing_comes_from_the_data_type() -> None:
    assert decode_descriptor(text(3, "wine") + text(5, PMML)).name == "wine model"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xff\xff", "2 bytes are not a ModelDescriptor"),
        (b"", "names no data type"),
        (text(1, "tree") + text(5, PMML), "'tree' names no data type"),
        (original(2), "'tree' has model type 2, which this program does not know"),
        (original(4711), "model type 4711"),
        (text(1, "tree") + text(3, "wine"), "'tree' has neither bytes nor a location"),
        (text(1, "tree") + text(3, "wine") + text(5, b""), "neither bytes nor a location"),
        (original(1) + integer(17, 8), "'tree' has 7 bytes; its message says 8"),
        (original(1) + text(16, bytes(32)), "have sha256 .*; its message says 0000"),
        (original(1) + text(16, b"short"), "its message says 73686f7274"),
    ],
)
def test_a_bad_message_is_rejected_with_its_reason(value: bytes, reason: str) -> None:
    with pytest.raises(ModelRejected, match=reason):
        decode_descriptor(value)


def test_fields_of_a_later_version_are_passed_by() -> None:
    assert decode_descriptor(original(1) + text(99, "later")).name == "tree"


def test_a_models_bytes_are_not_copied() -> None:
    value = original(1, b"<PMML>" + bytes(10_000) + b"</PMML>")
    artifact = decode_descriptor(value).artifact
    assert artifact is not None
    assert isinstance(artifact.content, memoryview)
    assert artifact.content.obj is value


@pytest.mark.parametrize(
    ("value", "data", "location"),
    [
        (text(5, b"first") + text(5, b"last"), b"last", ""),
        (text(5, b"bytes") + text(6, "far"), None, "far"),
        (text(6, "far") + text(5, b"bytes"), b"bytes", ""),
    ],
)
def test_the_last_content_is_the_one_that_counts(value: bytes, data: bytes | None, location: str) -> None:
    found = decode_descriptor(text(3, "wine") + integer(4, 1) + value)
    assert (found.artifact.data if found.artifact else None, found.location) == (data, location)


def test_more_fields_than_any_publisher_writes() -> None:
    artifact = decode_descriptor(original(1) + integer(17, len(PMML)) * 200).artifact
    assert artifact is not None
    assert artifact.data == PMML
