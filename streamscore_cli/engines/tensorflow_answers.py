"""A TensorFlow graph's outputs described, and what they gave for a batch as `Scores`; it runs nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field
from streamscore_cli.engines.tensor_answers import scores_of_tables, table_of
from streamscore_cli.engines.tensorflow_program import OutputTensor, Shape
from streamscore_cli.engines.tensorflow_tensors import check_width, field_type


def output_field(item: OutputTensor, type_name: str, shape: Shape) -> Field:
    """Describe an output; its width is 1 where the graph does not say. Raises `ModelRejected` where it is too wide."""
    sizes = (shape or ())[1:]
    check_width(math.prod(max(1, size) for size in sizes), f"output '{item.name}' gives")
    return Field(item.name, field_type(type_name, f"output '{item.name}'"), max(1, math.prod(sizes)))


def scores_of(fields: Sequence[Field], answers: Sequence[NDArray[Any]], rows: int) -> Scores:
    """Make scores of the outputs of `rows` rows as `scores_of_tables` does.

    Raises `StreamscoreError` where an output is not one row a record.
    """
    pairs = zip(fields, answers, strict=True)
    tables = [table_of(f"TensorFlow output '{field.name}'", answer, rows) for field, answer in pairs]
    return scores_of_tables([field.name for field in fields], tables)
