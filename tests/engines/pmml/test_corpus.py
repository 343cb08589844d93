"""Models of others: the original application's seven, this project's own seven, and the corpus of 55."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.corpus import differences_of, outcome, table, triples

EXACT = 1e-12
CORPUS_DIGITS = 1e-6
"""What the corpus' own expected files were compared with by those who wrote them."""

RIGHT_AT_LEAST = 31
WINE = (
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
NOT_YET = {
    "winequalityGeneralizedLinearRegressionGamma",
    "winequalityGeneralizedLinearRegressionGaussian",
    "winequalityMultilayerPerceptron",
    "winequality_glm_gamma",
    "winequality_glm_gaussian",
    "winequality_multilayer_perceptron",
}


def wine(path: Path) -> dict[str, list[str]]:
    rows = [line.split(";") for line in path.read_text().split()]
    return {name: [row[place] for row in rows] for place, name in enumerate(WINE)}


def check_wine(pmml: Path, expected: Path, records: Path) -> None:
    if pmml.stem in NOT_YET:
        with pytest.raises(ModelUnsupported):
            compile_pmml(pmml.read_bytes())
        return
    assert differences_of(pmml, wine(records), table(expected), EXACT) == []


@pytest.mark.parametrize(
    "name",
    [
        "winequalityDecisionTreeClassification",
        "winequalityDesisionTreeRegression",
        "winequalityGeneralizedLinearRegressionGamma",
        "winequalityGeneralizedLinearRegressionGaussian",
        "winequalityLinearRegression",
        "winequalityMultilayerPerceptron",
        "winequalityRandonForrestClassification",
    ],
)
def test_original_models_answer_as_jpmml_does(shared: Path, name: str) -> None:
    folder = shared / "seed-models"
    check_wine(folder / f"{name}.pmml", folder / f"expected-{name}.csv", folder / "winequality_red.csv")


@pytest.mark.parametrize(
    "name",
    [
        "winequality_decision_tree_classification",
        "winequality_decision_tree_regression",
        "winequality_glm_gamma",
        "winequality_glm_gaussian",
        "winequality_linear_regression",
        "winequality_multilayer_perceptron",
        "winequality_random_forest",
    ],
)
def test_own_models_answer_as_they_were_trained_to(data_dir: Path, name: str) -> None:
    check_wine(data_dir / f"{name}.pmml", data_dir / "expected" / f"{name}.csv", data_dir / "winequality_red.csv")


def test_models_of_the_corpus_are_right_or_refused(shared: Path) -> None:
    outcomes = {triple.name: outcome(triple, CORPUS_DIGITS) for triple in triples(shared / "pmml-corpus")}
    assert {name: why for name, (kind, why) in outcomes.items() if kind == "wrong"} == {}
    counts = Counter(kind for kind, _ in outcomes.values())
    assert counts["right"] >= RIGHT_AT_LEAST, {name: why for name, (kind, why) in outcomes.items() if kind != "right"}
