"""`ModelDescriptor` messages to values and back; whether the model in one is any good is admission's matter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from google.protobuf.message import DecodeError

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.core.protobuf_fields import LENGTH_DELIMITED, NotProtobuf, fields_of
from streamscore_cli.records.pb import model_descriptor_pb2 as pb

_TO_WIRE: Mapping[ModelFormat, pb.ModelDescriptor.ModelType.ValueType] = MappingProxyType(
    {
        ModelFormat.TENSORFLOW: pb.ModelDescriptor.TENSORFLOW,
        ModelFormat.PMML: pb.ModelDescriptor.PMML,
        ModelFormat.ONNX: pb.ModelDescriptor.ONNX,
        ModelFormat.TENSORFLOW_SAVED_MODEL: pb.ModelDescriptor.TENSORFLOW_SAVED_MODEL,
    }
)
_FROM_WIRE: Mapping[int, ModelFormat] = MappingProxyType({number: name for name, number in _TO_WIRE.items()})

_DATA, _LOCATION = pb.ModelDescriptor.DATA_FIELD_NUMBER, pb.ModelDescriptor.LOCATION_FIELD_NUMBER
_MOST_FIELDS = 100
"""A message with more fields is the protobuf library's alone."""


def encode_descriptor(descriptor: ModelDescriptor) -> bytes:
    """Encode a model by value; readers of the original see its name, description, data type, type and bytes.

    Raises `ModelRejected` for a model by reference: the descriptor does not say which format the reference is of.
    """
    artifact = descriptor.artifact
    if artifact is None:
        raise ModelRejected(
            f"The model {descriptor.name!r} is a reference ({descriptor.location}); only bytes can be published.",
            "Publish the model's file.",
        )
    return pb.ModelDescriptor(
        name=descriptor.name,
        description=descriptor.description,
        dataType=descriptor.data_type,
        modeltype=_TO_WIRE[artifact.format],
        data=artifact.data,
        sha256=bytes.fromhex(artifact.sha256),
        size_bytes=artifact.size_bytes,
        label=descriptor.label,
    ).SerializeToString()


def decode_descriptor(value: bytes) -> ModelDescriptor:
    """Decode a message of the models topic.

    A message without a name gets one from its data type. Raises `ModelRejected`, with the reason, for bytes that are no
    descriptor, no data type, a model type this program does not know, neither bytes nor a location, and bytes that are
    not those that the message's size or sha256 were made from.
    """
    rest, data = _apart(value)
    try:
        message = pb.ModelDescriptor.FromString(rest)
    except DecodeError as error:
        raise ModelRejected(f"{len(value)} bytes are not a ModelDescriptor: {error}.") from error
    if not message.dataType:
        raise ModelRejected(f"The descriptor {message.name!r} names no data type.", "Set dataType (field 3).")
    name = message.name or f"{message.dataType} model"
    model_format = _FROM_WIRE.get(message.modeltype)
    if model_format is None:
        raise ModelRejected(
            f"The model {name!r} has model type {message.modeltype}, which this program does not know.",
            f"It knows {', '.join(f'{kind} ({number})' for number, kind in _FROM_WIRE.items())}; a later one may.",
        )
    return ModelDescriptor(
        name=name,
        description=message.description,
        data_type=message.dataType,
        artifact=_artifact(name, model_format, message, data or message.data),
        location=message.location,
        label=message.label,
    )


def _apart(value: bytes) -> tuple[bytes, memoryview | None]:
    """Return a message without the model's bytes, and these where they are; else the message as it is.

    The protobuf library would copy them twice, which the scoring thread had to wait for.
    """
    try:
        fields = list(fields_of(value, 0, len(value), _MOST_FIELDS))
    except NotProtobuf:
        return value, None
    contents = [place for place, field in enumerate(fields) if field.number in {_DATA, _LOCATION}]
    if len(contents) != 1 or fields[-1].end != len(value):
        return value, None
    [place] = contents
    field = fields[place]
    if field.number != _DATA or field.wire_type != LENGTH_DELIMITED:
        return value, None
    begin = fields[place - 1].end if place else 0
    return value[:begin] + value[field.end :], memoryview(value)[field.start : field.end]


def _artifact(
    name: str, model_format: ModelFormat, message: pb.ModelDescriptor, data: bytes | memoryview
) -> Artifact | None:
    """Return the model's bytes, or None when the message says where they are."""
    if message.location:
        return None
    if not data:
        raise ModelRejected(f"The model {name!r} has neither bytes nor a location.", "Set data (5) or location (6).")
    if message.size_bytes and message.size_bytes != len(data):
        raise ModelRejected(f"The model {name!r} has {len(data)} bytes; its message says {message.size_bytes}.")
    sha256 = hashlib.sha256(data)
    if message.sha256 and message.sha256 != sha256.digest():
        raise ModelRejected(
            f"The bytes of the model {name!r} have sha256 {sha256.hexdigest()}; its message says "
            f"{message.sha256.hex()}.",
            "Publish the model again.",
        )
    return Artifact(model_format, data, sha256.hexdigest())
