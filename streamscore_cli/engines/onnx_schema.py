"""The protobuf messages of ONNX, as far as scoring needs them; it is not the `onnx` package and checks nothing.

Numbers and types are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. What is not named here (texts for
readers, metadata, shapes that a run time infers, devices) is dropped when a model is written again. What is named as
`bytes` but is a message there is never looked into: whoever has it is refused.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

OnnxMessage: TypeAlias = Any
"""A message of this schema; its classes are made at run time and have no types."""

_PACKAGE = "streamscore.onnx"

_MESSAGES = {
    "Model": """
        ir_version:1:int64 producer_name:2:string producer_version:3:string model_version:5:int64 graph:7:Graph
        opset_import:8:OperatorSet* training_info:20:bytes* functions:25:bytes*
    """,
    "OperatorSet": "domain:1:string version:2:int64",
    "Graph": """
        node:1:Node* name:2:string initializer:5:Tensor* input:11:ValueInfo* output:12:ValueInfo*
        sparse_initializer:15:bytes*
    """,
    "Node": """
        input:1:string* output:2:string* name:3:string op_type:4:string attribute:5:Attribute* domain:7:string
        overload:8:string
    """,
    "Attribute": """
        name:1:string f:2:float i:3:int64 s:4:bytes t:5:Tensor g:6:Graph floats:7:float* ints:8:int64* strings:9:bytes*
        tensors:10:Tensor* graphs:11:Graph* tp:14:Type type_protos:15:Type* type:20:int32 ref_attr_name:21:string
        sparse_tensor:22:bytes sparse_tensors:23:bytes*
    """,
    "Tensor": """
        dims:1:int64* data_type:2:int32 segment:3:bytes float_data:4:float# int32_data:5:int32# string_data:6:bytes*
        int64_data:7:int64# name:8:string raw_data:9:bytes double_data:10:double# uint64_data:11:uint64#
        external_data:13:bytes* data_location:14:int32
    """,
    "ValueInfo": "name:1:string type:2:Type",
    "Type": """
        tensor_type:1:TensorType:value sequence_type:4:SequenceType:value map_type:5:MapType:value
        opaque_type:7:bytes:value sparse_tensor_type:8:bytes:value optional_type:9:OptionalType:value
    """,
    "TensorType": "elem_type:1:int32 shape:2:Shape",
    "SequenceType": "elem_type:1:Type",
    "MapType": "key_type:1:int32 value_type:2:Type",
    "OptionalType": "elem_type:1:Type",
    "Shape": "dim:1:Dimension*",
    "Dimension": "dim_value:1:int64:value dim_param:2:string:value",
}
"""`name:number:type`, with * for repeated, # for repeated and packed; a name behind the type is that of its oneof."""

_SCALARS = {"double": 1, "float": 2, "int64": 3, "uint64": 4, "int32": 5, "string": 9, "bytes": 12}
_MESSAGE = 11
_OPTIONAL, _REPEATED = 1, 3


@cache
def model_class() -> OnnxMessage:
    """Return the class of a model; its messages are in a pool of their own, so that no other ONNX clashes with it."""
    file = descriptor_pb2.FileDescriptorProto(name="streamscore_cli/onnx.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split():
            _add_field(message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Model"))


def _add_field(message: OnnxMessage, text: str) -> None:
    name, number, kind, *oneof = text.split(":")
    repeated = kind.endswith(("*", "#"))
    field = message.field.add(name=name, number=int(number))
    field.label = _REPEATED if repeated else _OPTIONAL
    if kind.endswith("#"):
        field.options.packed = True
    kind = kind.rstrip("*#")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
    if oneof:
        if not message.oneof_decl:
            message.oneof_decl.add(name=oneof[0])
        field.oneof_index = 0
