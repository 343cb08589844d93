"""ONNX Runtime's inputs and outputs as ours, and how many records it takes at once; it holds no values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.tensor_answers import MAX_WIDTH
from streamscore_cli.engines.tensor_input import InputSpec

NodeArg: TypeAlias = Any
"""ONNX Runtime's description of an input or output: `name`, `type` as in `tensor(float)`, `shape`."""

MAX_FIXED_BATCH = 10_000

_INTEGERS = {f"{sign}int{bits}": FieldType.INTEGER for sign in ("", "u") for bits in (8, 16, 32, 64)}
_TYPES = {
    "float16": FieldType.FLOAT,
    "float": FieldType.FLOAT,
    "double": FieldType.DOUBLE,
    "bool": FieldType.BOOLEAN,
    "string": FieldType.STRING,
    **_INTEGERS,
}
_NUMPY = {"float": np.float32, "double": np.float64, "string": np.object_}


def input_spec(item: NodeArg) -> InputSpec:
    """Describe an input; raises `ModelUnsupported` where no record can give it, `ModelRejected` where it is too wide.

    Missing numbers are handed to a float input as NaN: trees and imputers have their own answer to them.
    """
    what = f"input '{item.name}'"
    kind, name = _type_of(item, what)
    sizes = _sizes(item)[1:]
    if not item.shape:
        raise ModelUnsupported(f"The ONNX {what} is one value for a whole batch, or of unknown shape.")
    if any(size < 0 for size in sizes):
        raise ModelUnsupported(
            f"The ONNX {what} does not say how many numbers it takes: its shape is {_shown(item)}.",
            "Export the model with the full shape of its inputs; only the first size may be open.",
        )
    width = math.prod(sizes)
    check_width(width, f"{what} takes")
    if width < 1 or (width != 1 and not kind.is_numeric):
        raise ModelUnsupported(f"The ONNX {what} takes {width} values of type {name} a record.")
    takes_nan = kind in {FieldType.FLOAT, FieldType.DOUBLE}
    return InputSpec(Field(item.name, kind, width), np.dtype(_NUMPY.get(name, name)), sizes, takes_nan)


def output_field(item: NodeArg, labels: Sequence[str] = ()) -> Field:
    """Describe an output; its width is that of its `labels`, else the graph's, else 1.

    Raises `ModelRejected` where it is too wide, `ModelUnsupported` where no result can have its type.
    """
    what = f"output '{item.name}'"
    kind, _ = _type_of(item, what)
    width = len(labels) or math.prod(max(1, size) for size in _sizes(item)[1:])
    check_width(width, f"{what} gives")
    return Field(item.name, kind, width)


def output_width(item: NodeArg) -> int | None:
    """Return how many numbers of one record an output gives, None where the graph does not say."""
    sizes = _sizes(item)[1:]
    return None if any(size < 0 for size in sizes) else math.prod(sizes)


def check_width(width: int, what: str) -> None:
    """Refuse more numbers a record than `MAX_WIDTH`; `what` is as in "input 'x' takes". Raises `ModelRejected`."""
    if width > MAX_WIDTH:
        raise ModelRejected(f"The ONNX {what} {width:,} numbers a record, the limit is {MAX_WIDTH:,}.")


def fixed_batch(inputs: Sequence[NodeArg]) -> int | None:
    """Return the one number of records that all inputs take at once, None where it is open.

    Raises `ModelUnsupported` where the inputs differ in it, `ModelRejected` above `MAX_FIXED_BATCH`.
    """
    sizes = {_sizes(item)[0] for item in inputs}
    if max(sizes) < 0:
        return None
    if len(sizes) > 1 or min(sizes) < 1:
        shapes = ", ".join(f"'{item.name}' {_shown(item)}" for item in inputs)
        raise ModelUnsupported(
            f"The ONNX model's inputs do not agree on the number of records: {shapes:.300}.",
            "Export the model with an open first dimension.",
        )
    if all(len(item.shape) == 1 for item in inputs) and sizes != {1}:
        raise ModelUnsupported(
            f"The ONNX input '{inputs[0].name}' has the shape {_shown(inputs[0])}: one record or many is not told.",
            "Export the model with an open first dimension.",
        )
    batch = sizes.pop()
    if batch > MAX_FIXED_BATCH:
        raise ModelRejected(f"The ONNX model takes {batch:,} records at once, the limit is {MAX_FIXED_BATCH:,}.")
    return batch


def _type_of(item: NodeArg, what: str) -> tuple[FieldType, str]:
    name = str(item.type).removeprefix("tensor(").removesuffix(")")
    if item.type != f"tensor({name})" or name not in _TYPES:
        raise ModelUnsupported(f"The ONNX {what} is of type {item.type}, which is not taken.")
    return _TYPES[name], name


def _sizes(item: NodeArg) -> tuple[int, ...]:
    """Return an argument's sizes, -1 for open ones."""
    return tuple(size if isinstance(size, int) and size >= 0 else -1 for size in item.shape)


def _shown(item: NodeArg) -> str:
    return str([size if isinstance(size, int) else "?" for size in item.shape]).replace("'", "")
