"""Protobuf message types by name and what of them becomes columns; it reads descriptors, never records."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from streamscore_cli.core.errors import SettingsError
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord

MessageClass = type[Message]


class WireType(IntEnum):
    """How a value is laid out, as its tag says."""

    VARINT = 0
    FIXED64 = 1
    LENGTH_DELIMITED = 2
    GROUP = 3
    FIXED32 = 5


BUILT_IN: Mapping[str, MessageClass] = MappingProxyType({WineRecord.DESCRIPTOR.full_name: WineRecord})
"""The record types that need no descriptor-set file."""

_SIGNED_32 = (-(2**31), 2**31 - 1)
_SIGNED_64 = (-(2**63), 2**63 - 1)
_INTEGER_RANGES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {
        FieldDescriptor.CPPTYPE_INT32: _SIGNED_32,
        FieldDescriptor.CPPTYPE_INT64: _SIGNED_64,
        FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
        FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    }
)
_OTHER_TYPES: Mapping[int, FieldType] = MappingProxyType(
    {
        FieldDescriptor.CPPTYPE_DOUBLE: FieldType.DOUBLE,
        FieldDescriptor.CPPTYPE_FLOAT: FieldType.FLOAT,
        FieldDescriptor.CPPTYPE_BOOL: FieldType.BOOLEAN,
        FieldDescriptor.CPPTYPE_STRING: FieldType.STRING,
        FieldDescriptor.CPPTYPE_ENUM: FieldType.STRING,
    }
)


@dataclass(frozen=True, slots=True)
class ScalarField:
    """One field of a message that becomes a column.

    `optional` tells an absent field from its default; `wire_type` is what its tag must say, `kind` (a TYPE_ of
    `FieldDescriptor`) how its value is written; `limits` are set for integers, `enum_names` (by number) for enums.
    Of the members of one `oneof` a record has at most one. An enum that is `closed` has no other numbers than its own.
    """

    name: str
    type: FieldType
    number: int
    wire_type: WireType
    optional: bool
    kind: int
    limits: tuple[int, int] | None = None
    enum_names: Mapping[int, str] | None = None
    oneof: str = ""
    closed: bool = False

    @property
    def declared(self) -> Field:
        """Return the name and the type, without what only the wire needs."""
        return Field(self.name, self.type)


def find_message(name: str, descriptor_set: str = "") -> MessageClass:
    """Return the class of the message type `name`, built in or from a descriptor-set file.

    Raises `SettingsError` when the file cannot be read or does not hold the type; the nearest name is in the hint.
    """
    if descriptor_set:
        return _from_file(name, Path(descriptor_set))
    if name not in BUILT_IN:
        raise SettingsError(
            f"records.message: there is no built-in message type {name!r}.",
            _nearest(name, list(BUILT_IN)) + " Types of your own need records.descriptor_set (a file from protoc -o).",
        )
    return BUILT_IN[name]


def scalar_fields(message: MessageClass) -> tuple[ScalarField, ...]:
    """Return the fields that become columns, in the order of the message's text.

    Message, group, repeated, map and bytes fields do not. Raises `SettingsError` when none is left.
    """
    descriptor = message.DESCRIPTOR
    every = cast("Iterable[FieldDescriptor]", descriptor.fields)
    fields = tuple(_scalar_field(field) for field in every if _is_column(field))
    if not fields:
        raise SettingsError(
            f"records.message: {descriptor.full_name} has no number, string, bool or enum field of its own.",
            "Only such fields become columns: nested, repeated, map and bytes fields do not. Name a flat message type.",
        )
    return fields


def _is_column(field: FieldDescriptor) -> bool:
    is_value = field.cpp_type in _INTEGER_RANGES or field.cpp_type in _OTHER_TYPES
    return is_value and not field.is_repeated and field.type != FieldDescriptor.TYPE_BYTES


def _scalar_field(field: FieldDescriptor) -> ScalarField:
    limits = _INTEGER_RANGES.get(field.cpp_type)
    enum = field.enum_type
    return ScalarField(
        name=field.name,
        type=FieldType.INTEGER if limits else _OTHER_TYPES[field.cpp_type],
        number=field.number,
        wire_type=_wire_type(field.type),
        optional=field.has_presence,
        kind=field.type,
        limits=limits,
        enum_names=None if enum is None else {number: value.name for number, value in enum.values_by_number.items()},
        oneof="" if field.containing_oneof is None else field.containing_oneof.name,
        closed=enum is not None and enum.is_closed,
    )


def _wire_type(field_type: int) -> WireType:
    if field_type in {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_SFIXED64}:
        return WireType.FIXED64
    if field_type in {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_FIXED32, FieldDescriptor.TYPE_SFIXED32}:
        return WireType.FIXED32
    return WireType.LENGTH_DELIMITED if field_type == FieldDescriptor.TYPE_STRING else WireType.VARINT


def _from_file(name: str, path: Path) -> MessageClass:
    """Load `path` into a pool of its own, so that its types never meet ours or TensorFlow's."""
    try:
        file_set = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"records.descriptor_set: {path} cannot be read: {error.strerror}.", "Make it with protoc -o."
        ) from error
    except DecodeError as error:
        raise SettingsError(
            f"records.descriptor_set: {path} is not a descriptor set.", "Make it with protoc --include_imports -o."
        ) from error
    names = [name for file in file_set.file for name in _names(file.package, file.message_type)]
    if name not in names:
        raise SettingsError(f"records.message: {path} holds no message type {name!r}.", _nearest(name, names))
    return _load(name, file_set, path)


def _load(name: str, file_set: descriptor_pb2.FileDescriptorSet, path: Path) -> MessageClass:
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in file_set.file:
            pool.AddSerializedFile(file.SerializeToString())
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    except (TypeError, KeyError) as error:
        raise SettingsError(
            f"records.descriptor_set: {path} is not complete: {error}.",
            "Make it with protoc --include_imports -o, so that it holds what its files import.",
        ) from error


def _names(scope: str, messages: Iterable[descriptor_pb2.DescriptorProto]) -> list[str]:
    names: list[str] = []
    for message in messages:
        full = f"{scope}.{message.name}" if scope else message.name
        names += [full, *_names(full, message.nested_type)]
    return names


def _nearest(name: str, known: list[str]) -> str:
    """Say which known name is meant, judged without the package first: that is what people leave out."""
    by_last = {full.rpartition(".")[2]: full for full in known}
    near = difflib.get_close_matches(name, known, n=1) or [
        by_last[last] for last in difflib.get_close_matches(name.rpartition(".")[2], list(by_last), n=1)
    ]
    return f"Did you mean {near[0]}?" if near else f"It has: {', '.join(sorted(known)[:10]) or 'none'}."
