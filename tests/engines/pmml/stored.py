"""Whether two results are the same to the last bit, and the check that a stored model's are those of the first."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Inputs, Result
from streamscore_cli.engines.pmml.store import load, save


def scored_twice(model: Model, length: int, inputs: Inputs) -> Result:
    """Return what a model answers; fail where it answers otherwise once it was stored and loaded."""
    result = model.score(length, inputs)
    assert same(result, load(save(model)).score(length, inputs)), "the stored model answers otherwise"
    return result


def same(one: Result, other: Result) -> bool:
    """Tell whether two results have the same bits."""

    def cells(array: NDArray[Any] | None) -> object:
        if array is None:
            return None
        return (array.dtype, array.shape, repr(array.tolist()) if array.dtype == object else array.tobytes())

    return (
        cells(one.value) == cells(other.value)
        and one.labels == other.labels
        and cells(one.probabilities) == cells(other.probabilities)
        and list(one.outputs) == list(other.outputs)
        and all(cells(one.outputs[name]) == cells(other.outputs[name]) for name in one.outputs)
        and one.reasons == other.reasons
    )
