"""Message types made at run time and batches of their records, whole and damaged; the library writes the bytes."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from hypothesis import strategies as st

from tests.records.wire import double, integer, text

Field = descriptor_pb2.FieldDescriptorProto
SCALARS = (
    *(Field.TYPE_DOUBLE, Field.TYPE_FLOAT, Field.TYPE_FIXED32, Field.TYPE_FIXED64, Field.TYPE_SFIXED32),
    *(Field.TYPE_SFIXED64, Field.TYPE_INT32, Field.TYPE_INT64, Field.TYPE_UINT32, Field.TYPE_UINT64),
    *(Field.TYPE_SINT32, Field.TYPE_SINT64, Field.TYPE_BOOL, Field.TYPE_ENUM, Field.TYPE_STRING),
)
FIXED_OR_TEXT = (*SCALARS[:6], Field.TYPE_STRING)
NUMBERS = (*range(1, 30), 2047, 2048, 2**29 - 1)
TEXTS = ("wine", "beer", "bi\u00e8", "a\0b\0", "\0\0\0\0", "", "\U0001f377", "water")


@st.composite
def message_types(draw: st.DrawFn) -> type[Message]:
    """Make a message type of flat fields, some with presence, some in a oneof, and of one that is no column."""
    syntax = draw(st.sampled_from(["proto3", "proto2"]))
    kinds = draw(st.sampled_from([SCALARS, FIXED_OR_TEXT]))
    numbers = draw(st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=9, unique=True))
    file = descriptor_pb2.FileDescriptorProto(name="random.proto", package="random", syntax=syntax)
    enum = file.enum_type.add(name="Mode")
    for number, name in enumerate(("OFF", "ON", "AUTO")):
        enum.value.add(name=name, number=number)
    message = file.message_type.add(name="Record")
    message.oneof_decl.add(name="either")
    for place, number in enumerate(numbers[1:]):
        presence = draw(st.sampled_from(["plain", "plain", "plain", "oneof" if place > 1 else "plain", "optional"]))
        kind = draw(st.sampled_from(kinds))
        field = message.field.add(name=f"f{place}", number=number, type=kind, label=Field.LABEL_OPTIONAL)
        if kind == Field.TYPE_ENUM:
            field.type_name = ".random.Mode"
        if presence == "oneof":
            field.oneof_index = 0
        elif presence == "optional" and syntax == "proto3":
            field.proto3_optional = True
    message.field.add(name="raw", number=numbers[0], type=Field.TYPE_BYTES, label=Field.LABEL_OPTIONAL)
    _close_oneofs(message)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("random.Record"))


def _close_oneofs(message: descriptor_pb2.DescriptorProto) -> None:
    """Give each optional field of proto3 the oneof of its own that the format asks for, and no empty one to others."""
    if not any(field.HasField("oneof_index") for field in message.field):
        del message.oneof_decl[:]
    for field in message.field:
        if field.proto3_optional:
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{field.name}")


@st.composite
def batches(draw: st.DrawFn, message: type[Message]) -> list[bytes | None]:
    """Make a batch of records with few shapes, in which some are damaged."""
    dice = draw(st.randoms(use_true_random=True))
    names = [field.name for field in message.DESCRIPTOR.fields if field.name != "raw"]
    shapes = draw(st.lists(st.lists(st.sampled_from(names), unique=True), min_size=1, max_size=3))
    size = draw(st.sampled_from([20, 60, 150, 300]))
    wild = draw(st.booleans())
    values: list[bytes | None] = [_record(message, dice.choice(shapes), dice, wild=wild) for _ in range(size)]
    for damage in draw(st.lists(st.sampled_from(DAMAGES), max_size=6)):
        for _ in range(dice.choice([1, 1, 3, 40])):
            row = dice.randrange(size)
            values[row] = damage(values[row] or b"", dice, message)
    return values


def _record(message: type[Message], shape: Sequence[str], dice: random.Random, *, wild: bool) -> bytes:
    record = message()
    for name in shape:
        kind = message.DESCRIPTOR.fields_by_name[name].type
        setattr(record, name, _value(kind, dice, wild=wild))
    return record.SerializeToString()


def _value(kind: int, dice: random.Random, *, wild: bool) -> object:
    if kind == Field.TYPE_STRING:
        return dice.choice(TEXTS if wild else TEXTS[:5])
    if kind in {Field.TYPE_DOUBLE, Field.TYPE_FLOAT}:
        bits = dice.getrandbits(32)
        any_float = struct.unpack("<f", struct.pack("<I", bits))[0]
        return dice.choice([any_float, float(bits), 0.0, -0.0]) if wild else bits / 7 + 1
    if kind in {Field.TYPE_BOOL, Field.TYPE_ENUM}:
        return True if kind == Field.TYPE_BOOL else dice.choice([1, 2])
    return _integer(kind, dice) if wild else dice.getrandbits(7)


def _integer(kind: int, dice: random.Random) -> int:
    number = dice.getrandbits(dice.choice([7, 14, 31]))
    if kind in {Field.TYPE_UINT64, Field.TYPE_FIXED64}:
        return 2**64 - 1 - number
    return number if kind in {Field.TYPE_UINT32, Field.TYPE_FIXED32} else -number


Damage = Callable[[bytes, random.Random, type[Message]], bytes | None]


def _flipped(value: bytes, dice: random.Random, _message: type[Message]) -> bytes:
    if not value:
        return b"\x80"
    place = dice.randrange(len(value))
    return value[:place] + bytes([value[place] ^ 1 << dice.randrange(8)]) + value[place + 1 :]


def _overwritten(value: bytes, dice: random.Random, _message: type[Message]) -> bytes:
    place = dice.randrange(len(value) + 1)
    return value[:place] + dice.randbytes(min(len(value) - place, 3)) + value[place + 3 :]


def _truncated(value: bytes, dice: random.Random, _message: type[Message]) -> bytes:
    return value[: dice.randrange(len(value) + 1)]


def _doubled(value: bytes, _dice: random.Random, _message: type[Message]) -> bytes:
    return value + value


def _reversed_halves(value: bytes, dice: random.Random, _message: type[Message]) -> bytes:
    place = dice.randrange(len(value) + 1)
    return value[place:] + value[:place]


def _with_others(value: bytes, dice: random.Random, message: type[Message]) -> bytes:
    """Add a field of any number and wire type, known or not, before or behind."""
    numbers = [field.number for field in message.DESCRIPTOR.fields]
    number = dice.choice([*numbers, 31, 999])
    long = dice.choice([0, 1, 2, 127, 128, 2**31, 2**32 + 1, 2**63, 2**64 - 1])
    group = integer(number, 0)[:-1]
    other = dice.choice(
        [
            double(number, 1.5),
            integer(number, long),
            integer(number, long)[:-1] + bytes([long & 0x7F | 0x80, 0]),
            text(number, dice.randbytes(4)),
            text(number, b"\xff\xfe\xed\xa0"),
            bytes([group[0] | 5, *group[1:]]) + dice.randbytes(4),
            bytes([group[0] | 3, *group[1:]]) + bytes([group[0] | 4, *group[1:]]),
        ]
    )
    return dice.choice([value + other, other + value, other])


def _null(_value: bytes, dice: random.Random, _message: type[Message]) -> bytes | None:
    return dice.choice([None, b""])


DAMAGES: tuple[Damage, ...] = (_flipped, _overwritten, _truncated, _doubled, _reversed_halves, _with_others, _null)
