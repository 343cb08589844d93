"""The native PMML engine, timed with everything that a caller pays; pypmml beside it on demand.

`python -m benchmarks.pmml [--pypmml]` prints microseconds a record, and seconds and memory of compiling a large forest.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
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
    "glm": "winequality_glm_gamma",
}
Arrays = dict[str, NDArray[np.float64]]
BATCHES = (1, 16, 256, 4000)
FEATURES = [f"f{place}" for place in range(11)]
LABELS = [str(label) for label in range(3, 9)]


def best(run: Callable[[], object], rounds: int = 12) -> float:
    """Return the seconds of the best of some rounds of runs, a round lasting about 20 ms."""
    start = time.perf_counter()
    run()
    times = max(1, int(0.02 / (time.perf_counter() - start + 1e-9)))
    found = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            run()
        found = min(found, (time.perf_counter() - start) / times)
    return found


def servable(data: bytes) -> PmmlServable:
    """Return a document compiled."""
    return PmmlEngine().load(Artifact.of(ModelFormat.PMML, data))


def wine() -> Arrays:
    """Return the wine records as columns."""
    rows = [line.split(";") for line in (DATA / "winequality_red.csv").read_text().split()]
    return {name: np.array([float(row[place]) for row in rows]) for place, name in enumerate(WINE)}


def forest(trees: int, depth: int, seed: int = 5) -> bytes:
    """Return a random forest of about 220 KB a tree, at depth 12, as scikit-learn's exporters write them."""
    draw = np.random.default_rng(seed)
    schema = '<MiningField name="y" usageType="target"/>' + "".join(f'<MiningField name="{f}"/>' for f in FEATURES)
    schema = f"<MiningSchema>{schema}</MiningSchema>"
    parts: list[str] = []

    def node(left: int, number: int, predicate: str) -> int:
        parts.append(f'<Node id="{number}" score="{LABELS[draw.integers(len(LABELS))]}" recordCount="100">{predicate}')
        if left == 0 or (left < depth - 2 and draw.random() < 0.265):
            parts.extend(f'<ScoreDistribution value="{one}" recordCount="{draw.integers(30)}"/>' for one in LABELS)
        else:
            name, value = FEATURES[draw.integers(len(FEATURES))], draw.random()
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
    fields = "".join(f'<DataField name="{name}" optype="continuous" dataType="double"/>' for name in FEATURES)
    return (
        '<PMML xmlns="http://www.dmg.org/PMML-4_3" version="4.3"><Header/><DataDictionary>'
        f'{fields}<DataField name="y" optype="categorical" dataType="string">{values}</DataField></DataDictionary>'
        f'<MiningModel functionName="classification">{schema}<Segmentation multipleModelMethod="average">'
        + "\n".join(parts)
        + "</Segmentation></MiningModel></PMML>"
    ).encode()


def report(name: str, model: PmmlServable, columns: Arrays) -> None:
    """Print the microseconds a record of one model."""
    costs = []
    for size in BATCHES:
        batch = Columns(size, {key: np.resize(column, size) for key, column in columns.items()})
        costs.append(best(partial(model.score, batch)) / size * 1e6)
    print(f"{name:24}" + "".join(f"{cost:10.2f}" for cost in costs))


def pypmml(name: str, path: Path, columns: Arrays) -> None:
    """Print what pypmml takes for the same, a dictionary a record."""
    from pypmml import Model

    model = Model.fromString(path.read_text())
    rows = [dict(zip(columns, map(float, row), strict=True)) for row in zip(*columns.values(), strict=True)][:256]
    cost = best(lambda: [model.predict(row) for row in rows], 3) / len(rows) * 1e6
    print(f"{name + ', pypmml':24}{cost:30.2f}")


def compiling(path: Path) -> None:
    """Print what compiling a large document takes."""
    data = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, busy = time.perf_counter(), time.process_time()
    servable(data)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(
        f"compile {len(data) / 1e6:.1f} MB: {seconds:.1f} s ({busy:.1f} s of the processor),"
        f" memory {grown / len(data):.1f} x the document"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pypmml", action="store_true")
    parser.add_argument("--compile", type=Path)
    options = parser.parse_args()
    if options.compile is not None:
        compiling(options.compile)
        return
    print(f"{'us a record at batch':24}" + "".join(f"{size:10}" for size in BATCHES))
    columns = wine()
    for name, stem in WINE_MODELS.items():
        report(name, servable((DATA / f"{stem}.pmml").read_bytes()), columns)
        if options.pypmml:
            pypmml(name, DATA / f"{stem}.pmml", columns)
    numbers = np.random.default_rng(0)
    report("random forest 200 x 12", servable(forest(200, 12)), {name: numbers.random(4000) for name in FEATURES})
    with tempfile.NamedTemporaryFile(suffix=".pmml") as file:
        file.write(forest(128, 12))
        file.flush()
        subprocess.run([sys.executable, "-m", "benchmarks.pmml", "--compile", file.name], check=True)


if __name__ == "__main__":
    main()
