"""The wine records as columns, and the answers that others wrote down for them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.models import Artifact
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Signature
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.registry import engines_for

FIELDS = (
    "fixed acidity",
    "volatile acidity",
    "citric acid",
    "residual sugar",
    "chlorides",
    "free sulfur dioxide",
    "total sulfur dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
)
ROWS = 1599

SEED_CLASSIFIERS = ("winequalityDecisionTreeClassification", "winequalityMultilayerPerceptron")
SEED_FOREST = "winequalityRandonForrestClassification"
SEED_REGRESSIONS = (
    "winequalityDesisionTreeRegression",
    "winequalityGeneralizedLinearRegressionGamma",
    "winequalityGeneralizedLinearRegressionGaussian",
    "winequalityLinearRegression",
)
OUR_CLASSIFIERS = (
    "winequality_decision_tree_classification",
    "winequality_multilayer_perceptron",
    "winequality_random_forest",
)
OUR_REGRESSIONS = (
    "winequality_decision_tree_regression",
    "winequality_glm_gamma",
    "winequality_glm_gaussian",
    "winequality_linear_regression",
)


@dataclass(frozen=True, slots=True)
class Expected:
    """The columns of an expected-*.csv: the answer as text, and the numbers beside it by name."""

    answers: list[str]
    numbers: dict[str, NDArray[np.float64]]


def read_expected(path: Path) -> Expected:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    numbers = {name: np.array([float(row[at]) for row in rows]) for at, name in enumerate(header[1:], start=1)}
    return Expected([row[0] for row in rows], numbers)


def read_matrix(data_dir: Path) -> NDArray[np.float64]:
    return np.loadtxt(data_dir / "winequality_red.csv", delimiter=";")[:, : len(FIELDS)]


def columns_for(signature: Signature, matrix: NDArray[np.float64]) -> Columns:
    """Return the records as the inputs of a model: one column a field, or all in one tensor."""
    arrays = {
        field.name: matrix.copy() if field.width > 1 else matrix[:, FIELDS.index(field.name)].copy()
        for field in signature.inputs
    }
    return Columns(len(matrix), arrays)


def load(data: bytes) -> Servable:
    """Load a model as the product does: format from the content, engine from the registry."""
    artifact = Artifact.of(detect_format(data), data)
    return engines_for(artifact.format)[0].load(artifact)


def assert_classes(scores: Scores, expected: Expected, *, tolerance: float) -> None:
    assert not scores.failures
    assert [str(answer) for answer in scores.result.tolist()] == expected.answers
    assert scores.probabilities is not None
    for place, label in enumerate(scores.labels):
        wanted = expected.numbers[f"probability({label})"]
        np.testing.assert_allclose(scores.probabilities[:, place], wanted, rtol=tolerance, atol=1e-300)


def assert_values(scores: Scores, expected: Expected) -> None:
    assert not scores.failures
    assert scores.result.dtype == np.float64
    np.testing.assert_allclose(scores.result, [float(answer) for answer in expected.answers], rtol=1e-9)
