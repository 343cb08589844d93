"""The fast way against the general way on the models of others: the same bits, with gaps and oddities or without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Result
from tests.engines.pmml.corpus import inputs_of, table, triples
from tests.engines.pmml.test_corpus import wine

Arrays = dict[str, NDArray[Any]]
MOST_ROWS = 600
ALONE = (0, 7, 13)
ODD_NUMBERS = (np.nan, np.inf, -np.inf, 1e300, -0.0, 0.5)


def bits(array: NDArray[Any]) -> object:
    if array.dtype == object:
        return array.tolist()
    return str(array.dtype), np.where(array != array, np.nan, array).tobytes()  # noqa: PLR0124 - one NaN


def rows_of(result: Result, rows: NDArray[np.intp]) -> list[object]:
    """Return the answers of some rows as what can be compared, those that could not be scored as their reasons."""
    reasons = [result.reasons.get(row) for row in rows.tolist()]
    good = rows[[reason is None for reason in reasons]]
    shares = [] if result.probabilities is None else [result.probabilities]
    return [reasons, *(bits(array[good]) for array in [result.value, *shares, *result.outputs.values()])]


def spoiled(inputs: Arrays) -> Arrays:
    """Return the inputs with one odd cell in every third row, in one column after the other."""
    result = {name: array.copy() for name, array in inputs.items()}
    for place, (name, array) in enumerate(result.items()):
        rows = np.arange(3 * place, len(array), 3 * len(result))
        if array.dtype == object:
            array[rows] = np.resize(np.array([None, "unheard of", ""], dtype=object), len(rows))
        else:
            array[rows] = np.resize(ODD_NUMBERS, len(rows))
        result[name] = array
    return result


def check(model: Model, inputs: Arrays) -> None:
    length = len(next(iter(inputs.values())))
    everyone = np.arange(length)
    for given in (inputs, spoiled(inputs)):
        with np.errstate(all="ignore"):
            general = model.general(length, given)
        assert rows_of(model.score(length, given), everyone) == rows_of(general, everyone)
        for row in ALONE[:length]:
            alone = {name: array[row : row + 1] for name, array in given.items()}
            with np.errstate(all="ignore"):
                expected = model.general(1, alone)
            assert rows_of(model.score(1, alone), np.array([0])) == rows_of(expected, np.array([0]))


def compiled(path: Path) -> Model | None:
    try:
        return compile_pmml(path.read_bytes())
    except (ModelRejected, ModelUnsupported):
        return None


def test_models_of_the_corpus(shared: Path) -> None:
    seen = 0
    for triple in triples(shared / "pmml-corpus"):
        model = compiled(triple.pmml)
        if model is not None:
            _, inputs = inputs_of(model, table(triple.input))
            check(model, {name: array[:MOST_ROWS] for name, array in inputs.items()})
            seen += 1
    assert seen > len(triples(shared / "pmml-corpus")) // 2


@pytest.mark.parametrize("folder", ["seed-models", "data"])
def test_models_of_the_wines(shared: Path, folder: str) -> None:
    where = shared / folder if folder == "seed-models" else Path(__file__).parents[3] / folder
    columns = wine(where / "winequality_red.csv")
    for path in sorted(where.glob("*.pmml")):
        model = compiled(path)
        assert model is not None
        _, inputs = inputs_of(model, columns)
        check(model, {name: array[:MOST_ROWS] for name, array in inputs.items()})
