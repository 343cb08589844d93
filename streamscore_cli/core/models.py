"""What a model is before it is loaded: its bytes, its format, its identity; it runs nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class ModelFormat(StrEnum):
    """The formats a model can have on the wire."""

    PMML = "pmml"
    TENSORFLOW = "tensorflow"
    TENSORFLOW_SAVED_MODEL = "tensorflow-saved-model"
    ONNX = "onnx"


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model answered: identity is the sha256, the version is the offset in the models topic (-1: from a file)."""

    name: str
    version: int
    sha256: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model's bytes with their format and sha256 (lower-case hexadecimal).

    `content` may be part of the message that brought it: a large model is not copied before it has to be.
    """

    format: ModelFormat
    content: bytes | memoryview
    sha256: str

    @classmethod
    def of(cls, model_format: ModelFormat, data: bytes) -> Artifact:
        """Make an artifact of `data`, computing the sha256."""
        return cls(model_format, data, hashlib.sha256(data).hexdigest())

    @property
    def data(self) -> bytes:
        """Return the model's bytes, copied where they are part of a message."""
        return bytes(self.content)

    @property
    def size_bytes(self) -> int:
        """Return the size of the model's bytes."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class ModelDescriptor:
    """A message of the models topic, decoded: a model by value (`artifact`) or by reference (`location`)."""

    name: str
    description: str
    data_type: str
    artifact: Artifact | None
    location: str = ""
    label: str = ""
