"""General regressions of plain numbers, each parameter one or none: the same bits as the general way."""

from __future__ import annotations

import numpy as np
import pytest

from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.values.decode import decoded
from streamscore_cli.engines.pmml.values.types import DataType
from streamscore_cli.engines.pmml.values.words import BatchWords, Dictionary
from tests.engines.pmml.documents import data_field, document, schema

CELL = '<PPCell value="{}" predictorName="{}" parameterName="{}"/>'


def general(cells: tuple[tuple[str, str, str], ...], betas: tuple[float, ...]) -> bytes:
    names = "".join(f'<Parameter name="p{place}"/>' for place in range(len(betas)))
    shares = "".join(f'<PCell parameterName="p{place}" beta="{beta!r}"/>' for place, beta in enumerate(betas))
    body = (
        '<GeneralRegressionModel functionName="regression" modelType="generalizedLinear" linkFunction="identity">'
        f'{schema("x", "z", target="y")}<ParameterList>{names}</ParameterList><CovariateList><Predictor name="x"/>'
        f'<Predictor name="z"/></CovariateList><PPMatrix>{"".join(CELL.format(*one) for one in cells)}</PPMatrix>'
        f"<ParamMatrix>{shares}</ParamMatrix></GeneralRegressionModel>"
    )
    return document([data_field(name) for name in "yxz"], body)


X, Z = ("1", "x", "p1"), ("1", "z", "p2")


@pytest.mark.parametrize(
    ("cells", "betas", "wanted"),
    [
        ((X, Z), (0.25, 2.0, -3.0), [0.25 + 2.0 - 6.0, 0.25 - 0.0 - 1.5, 0.25 + 0.2 - 0.3]),
        ((("1", "z", "p0"), ("1", "x", "p2")), (-3.0, 0.25, 2.0), [-6.0 + 0.25 + 2.0, -1.5 + 0.25, -0.3 + 0.25 + 0.2]),
        ((("2", "x", "p1"), Z), (0.25, 2.0, -3.0), [0.25 + 2.0 - 6.0, 0.25 - 1.5, 0.25 + 0.02 - 0.3]),
        ((X, ("1", "z", "p1")), (0.25, 2.0), [0.25 + 4.0, 0.25, 0.25 + 0.02]),
        ((("1", "x", "p0"),), (2.0,), [2.0, 0.0, 0.2]),
        ((("1", "x", "p0"),), (-2.0,), [-2.0, 0.0, -0.2]),
    ],
    ids=["intercept first", "intercept inside", "power", "product", "alone", "negative zero"],
)
@pytest.mark.parametrize("times", [1, 100])
def test_sums(
    cells: tuple[tuple[str, str, str], ...], betas: tuple[float, ...], wanted: list[float], times: int
) -> None:
    model = compile_pmml(general(cells, betas))
    inputs = {"x": np.array([1.0, 0.0, 0.1] * times), "z": np.array([2.0, 0.5, 0.1] * times)}
    found, slow = model.score(3 * times, inputs).value, model.general(3 * times, inputs).value
    assert found == pytest.approx(wanted * times, rel=1e-14, abs=1e-15)
    assert found.tobytes() == slow.tobytes()


def test_whole_numbers_beyond_64_bits_stay_what_they_are() -> None:
    words = BatchWords(Dictionary(()))
    assert decoded(np.array([3.0, 2.0**63, -1e20]), DataType.INTEGER, words).tolist() == [3, 2**63, -(10**20)]
    assert decoded(np.array([3.0, np.nan]), DataType.INTEGER, words).tolist() == [3, None]
    assert decoded(np.array([1e20, np.nan]), DataType.INTEGER, words).tolist() == [10**20, None]
    assert decoded(np.array([]), DataType.INTEGER, words).dtype == np.int64
    assert decoded(np.array([1.0, 0.0]), DataType.BOOLEAN, words).tolist() == [True, False]
