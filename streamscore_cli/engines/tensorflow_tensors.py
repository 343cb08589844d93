"""TensorFlow's types and shapes as ours; it holds no values and scores nothing."""

from __future__ import annotations

import math

import numpy as np

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.tensor_answers import MAX_WIDTH
from streamscore_cli.engines.tensor_input import InputSpec
from streamscore_cli.engines.tensorflow_program import Shape

_TYPES = {
    "half": FieldType.FLOAT,
    "float16": FieldType.FLOAT,
    "float32": FieldType.FLOAT,
    "float64": FieldType.DOUBLE,
    "bool": FieldType.BOOLEAN,
    "string": FieldType.STRING,
    **{f"{sign}int{bits}": FieldType.INTEGER for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


def field_type(type_name: str, what: str) -> FieldType:
    """Return our type for one of TensorFlow's; raises `ModelUnsupported` naming `what`."""
    if type_name not in _TYPES:
        raise ModelUnsupported(f"The TensorFlow {what} is of type {type_name}, which no record can have.")
    return _TYPES[type_name]


def check_width(width: int, what: str) -> None:
    """Refuse more numbers a record than `MAX_WIDTH`; `what` is as in "input 'x' takes". Raises `ModelRejected`."""
    if width > MAX_WIDTH:
        raise ModelRejected(f"The TensorFlow {what} {width:,} numbers a record, the limit is {MAX_WIDTH:,}.")


def input_spec(name: str, type_name: str, shape: Shape) -> InputSpec:
    """Describe an input, whose first size is open, for the batch.

    Raises `ModelUnsupported` where its sizes are not known, `ModelRejected` where it is too wide.
    """
    kind = field_type(type_name, f"input '{name}'")
    if shape is None or any(size < 0 for size in shape[1:]):
        raise ModelUnsupported(
            f"The TensorFlow input '{name}' does not say how many numbers it takes.",
            "Export the model with the full shape of its inputs.",
        )
    if not shape or shape[0] >= 0:
        raise ModelUnsupported(
            f"The TensorFlow input '{name}' has the fixed shape {list(shape)}: it takes no batch of any size.",
            "Export the model with an open first dimension.",
        )
    width = math.prod(shape[1:])
    check_width(width, f"input '{name}' takes")
    if width != 1 and not kind.is_numeric:
        raise ModelUnsupported(f"The TensorFlow input '{name}' takes {width} values of type {type_name} a record.")
    numpy_type = np.dtype(object) if kind is FieldType.STRING else np.dtype(type_name)
    return InputSpec(Field(name, kind, width), numpy_type, shape[1:])
