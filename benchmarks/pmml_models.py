"""The models and rows that the native PMML engine is measured with; nothing is measured here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.pmml.engine import PmmlEngine, PmmlServable

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
DATA = Path(__file__).parent.parent / "data"
WINE_MODELS = {
    "random forest 10 x 5": "winequality_random_forest",
    "decision tree": "winequality_decision_tree_classification",
    "linear": "winequality_linear_regression",
    "perceptron": "winequality_multilayer_perceptron",
    "generalized linear": "winequality_glm_gamma",
}
Arrays = dict[str, NDArray[np.float64]]
FEATURES = [f"f{place}" for place in range(11)]
LABELS = [str(label) for label in range(3, 9)]


def servable(data: bytes) -> PmmlServable:
    """Return a document compiled."""
    return PmmlEngine().load(Artifact.of(ModelFormat.PMML, data))


def wine() -> Arrays:
    """Return the wine records as columns."""
    rows = [line.split(";") for line in (DATA / "winequality_red.csv").read_text().split()]
    return {name: np.array([float(row[place]) for row in rows]) for place, name in enumerate(WINE)}


Ranges = Mapping[str, tuple[float, float]]
UNIT: Ranges = dict.fromkeys(FEATURES, (0.0, 1.0))


def wine_forest(trees: int, depth: int, seed: int = 5) -> bytes:
    """Return a random forest over the fields of wine records, its thresholds within what these have."""
    return forest(trees, depth, seed, {name: (column.min(), column.max()) for name, column in wine().items()})


def forest(trees: int, depth: int, seed: int = 5, ranges: Ranges = UNIT) -> bytes:
    """Return a random forest of about 220 KB a tree, at depth 12, as scikit-learn's exporters write them."""
    draw = np.random.default_rng(seed)
    features = list(ranges)
    schema = '<MiningField name="y" usageType="target"/>' + "".join(f'<MiningField name="{f}"/>' for f in features)
    schema = f"<MiningSchema>{schema}</MiningSchema>"
    parts: list[str] = []

    def node(left: int, number: int, predicate: str) -> int:
        parts.append(f'<Node id="{number}" score="{LABELS[draw.integers(len(LABELS))]}" recordCount="100">{predicate}')
        if left == 0 or (left < depth - 2 and draw.random() < 0.265):
            parts.extend(f'<ScoreDistribution value="{one}" recordCount="{draw.integers(30)}"/>' for one in LABELS)
        else:
            name, place = features[draw.integers(len(features))], draw.random()
            low, high = ranges[name]
            value = low + place * (high - low)
            for comparison in ("lessOrEqual", "greaterThan"):
                test = f'<SimplePredicate field="{name}" operator="{comparison}" value="{value}"/>'
                number = node(left - 1, number + 1, test)
        parts.append("</Node>")
        return number

    for tree in range(trees):
        parts.append(f'<Segment id="{tree}"><True/><TreeModel functionName="classification">{schema}')
        node(depth, 0, "<True/>")
        parts.append("</TreeModel></Segment>")
    values = "".join(f'<Value value="{label}"/>' for label in LABELS)
    fields = "".join(f'<DataField name="{name}" optype="continuous" dataType="double"/>' for name in features)
    return (
        '<PMML xmlns="http://www.dmg.org/PMML-4_3" version="4.3"><Header/><DataDictionary>'
        f'{fields}<DataField name="y" optype="categorical" dataType="string">{values}</DataField></DataDictionary>'
        f'<MiningModel functionName="classification">{schema}<Segmentation multipleModelMethod="average">'
        + "\n".join(parts)
        + "</Segmentation></MiningModel></PMML>"
    ).encode()
