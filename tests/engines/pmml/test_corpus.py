"""Models of others: the original application's seven, this project's own seven, and the corpus of 55."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.corpus import differences_of, inputs_of, outcome, table, triples

EXACT = 1e-12
CORPUS_DIGITS = 1e-6
"""What the corpus' own expected files were compared with by those who wrote them."""

RIGHT_AT_LEAST = 52
CONTRADICTS_ITS_DOCUMENT = {"pmml-rattle/GeneralRegressionAudit", "pmml-rattle/GeneralRegressionIris"}
"""Expected files that hold s / (s + 0.5) where the document's logit link, and today's JPMML-Evaluator, give s."""

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


def wine(path: Path) -> dict[str, list[str]]:
    rows = [line.split(";") for line in path.read_text().split()]
    return {name: [row[place] for row in rows] for place, name in enumerate(WINE)}


def check_wine(pmml: Path, expected: Path, records: Path) -> None:
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
    wrong = {name: why for name, (kind, why) in outcomes.items() if kind == "wrong"}
    assert set(wrong) == CONTRADICTS_ITS_DOCUMENT, wrong
    counts = Counter(kind for kind, _ in outcomes.values())
    assert counts["right"] >= RIGHT_AT_LEAST, {name: why for name, (kind, why) in outcomes.items() if kind != "right"}


@pytest.mark.parametrize("name", sorted(CONTRADICTS_ITS_DOCUMENT))
def test_expected_files_that_contradict_their_document_do_so_in_one_known_way(shared: Path, name: str) -> None:
    found = next(triple for triple in triples(shared / "pmml-corpus") if triple.name == name)
    model = compile_pmml(found.pmml.read_bytes())
    result = model.score(*inputs_of(model, table(found.input)))
    wanted = np.array(table(found.expected)["Probability_1"], dtype=np.float64)
    right = result.outputs["Probability_1"]
    np.testing.assert_allclose(right / (right + 0.5), wanted, rtol=CORPUS_DIGITS, atol=1e-12)
