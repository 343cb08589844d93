"""PMML documents written for tests, from their parts; what they must answer is said by the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.program import Result
from tests.engines.pmml.stored import scored_twice


def data_field(name: str, kind: str = "double", optype: str = "", inside: str = "") -> str:
    """Return a DataField."""
    optype = optype or ("continuous" if kind in {"double", "float", "integer"} else "categorical")
    return f'<DataField name="{name}" dataType="{kind}" optype="{optype}">{inside}</DataField>'


def categories(*names: str) -> str:
    """Return the Values of a categorical field."""
    return "".join(f'<Value value="{name}"/>' for name in names)


def schema(*names: str, target: str = "", extra: Mapping[str, str] | None = None) -> str:
    """Return a MiningSchema; `extra` has further attributes by field."""
    fields = "".join(f'<MiningField name="{name}" {(extra or {}).get(name, "")}/>' for name in names)
    predicted = f'<MiningField name="{target}" usageType="target"/>' if target else ""
    return f"<MiningSchema>{predicted}{fields}</MiningSchema>"


def document(fields: Sequence[str], model: str, transformations: str = "", version: str = "4.4") -> bytes:
    """Return a document."""
    namespace = f"http://www.dmg.org/PMML-{version.replace('.', '_')}"
    return (
        f'<PMML xmlns="{namespace}" version="{version}"><Header/>'
        f"<DataDictionary>{''.join(fields)}</DataDictionary>"
        f"<TransformationDictionary>{transformations}</TransformationDictionary>{model}</PMML>"
    ).encode()


def column(values: Sequence[object]) -> NDArray[Any]:
    """Return a column as the engine is given it: float64 for numbers, else object."""
    if all(value is None or (isinstance(value, float | int) and not isinstance(value, bool)) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def scored(data: bytes, **inputs: Sequence[object]) -> Result:
    """Compile a document and score rows given by column; stored and loaded it must answer the same."""
    length = len(next(iter(inputs.values())))
    return scored_twice(compile_pmml(data), length, {name: column(values) for name, values in inputs.items()})
