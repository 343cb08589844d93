"""Lone trees whose comparisons are made at once: the same bits as the general way, at the thresholds themselves too."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.engines.pmml.fast.gate import gate_of
from streamscore_cli.engines.pmml.fast.panel import Panel
from streamscore_cli.engines.pmml.fast.rewrite import rewritten
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.fast.trees import FastTree
from streamscore_cli.engines.pmml.model import Model
from tests.engines.pmml.test_fast import Random, assert_same, inputs, model_of, seeds
from tests.engines.pmml.test_fast_gaps import Gappy

LIMITS = (-1.5, -0.7, -0.0, 0.1, 0.3, 1e-50, 1.9)
NEAR = sorted(
    {float(np.nextafter(limit, limit + side)) for limit in LIMITS for side in (-1, 0, 1)}
    | {float(np.nextafter(np.float32(limit), np.float32(limit + side))) for limit in LIMITS for side in (-1, 0, 1)}
)
SIZES = st.sampled_from([41, 256, 1025])


def ordered(draw: random.Random, names: str) -> tuple[str, str]:
    """Return a predicate with one of few thresholds, and its opposite."""
    form = f'<SimplePredicate field="{draw.choice(names)}" operator="{{}}" value="{draw.choice(LIMITS)}"/>'
    first, second = draw.choice([("lessOrEqual", "greaterThan"), ("lessThan", "greaterOrEqual")])
    return form.format(first), form.format(second)


class Ordered(Random):
    """Writes trees that compare fields with few thresholds."""

    def __init__(self, seed: int, names: str) -> None:
        super().__init__(seed)
        self.names = names

    def pair(self) -> tuple[str, str]:
        """Return a predicate and its opposite."""
        return ordered(self.draw, self.names)


class OrderedGaps(Gappy):
    """Writes such trees that say what becomes of missing cells."""

    def pair(self) -> tuple[str, str]:
        """Return a predicate and its opposite."""
        return ordered(self.draw, "xf")


def rows_of(seed: int, count: int, *, gaps: bool = False) -> list[dict[str, object]]:
    draw = random.Random(seed)  # noqa: S311 - rows, not secrets

    def cell() -> float | None:
        return None if gaps and draw.random() < 0.05 else draw.choice([*NEAR, draw.uniform(-2, 2)])

    fixed = {"i": 1.0, "w": 0.5, "c": "red"}
    return [{"x": cell(), "f": cell(), **fixed} for _ in range(count)]


def panel(model: Model) -> Panel | None:
    gate = gate_of(model.program)
    assert gate is not None
    (tree,) = rewritten(model.program, Site(gate.places, gate.rows, len(model.program.words), gate.singles))
    return tree.panel if isinstance(tree, FastTree) else None


def compare(model: Model, rows: list[dict[str, object]]) -> None:
    given_rows = inputs(rows)
    with np.errstate(all="ignore"):
        general = model.general(len(rows), given_rows)
    assert_same(model.score(len(rows), given_rows), general)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, names=st.sampled_from(["x", "f", "xf"]), depth=st.integers(1, 5), labels=st.booleans(), size=SIZES)
def test_a_tree_of_few_thresholds(seed: int, names: str, depth: int, labels: bool, size: int) -> None:
    compare(model_of(Ordered(seed, names).tree(depth, labels), labels), rows_of(seed, size))


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    strategy=st.sampled_from(["defaultChild", "nullPrediction", "lastPrediction"]),
    labels=st.booleans(),
    gaps=st.booleans(),
)
def test_a_tree_that_takes_missing_cells(seed: int, strategy: str, labels: bool, gaps: bool) -> None:
    compare(model_of(OrderedGaps(seed, strategy).tree(4, labels), labels), rows_of(seed, 64, gaps=gaps))


@pytest.mark.parametrize(("names", "kind"), [("x", np.float64), ("f", np.float32), ("xf", np.float64)])
def test_cells_are_compared_in_32_bits_where_they_all_have_so_many(names: str, kind: type) -> None:
    found = [panel(model_of(Ordered(seed, names).tree(3, labels=False), labels=False)) for seed in range(20)]
    kinds = {one.thresholds.dtype for one in found if one is not None and len(set(one.features.tolist())) == len(names)}
    assert kinds == {np.dtype(kind)}


def test_trees_of_many_thresholds_or_sets_have_no_panel() -> None:
    many = "".join(
        f'<Node score="{place}"><SimplePredicate field="x" operator="lessThan" value="{place}"/></Node>'
        for place in range(9)
    )
    model = model_of(Ordered(0, "x").tree(0, labels=False).replace("</Node>", f"{many}</Node>"), labels=False)
    assert panel(model) is None
    compare(model, rows_of(0, 64))
    colours = [panel(model_of(Random(seed).tree(5, labels=False), labels=False)) for seed in range(5)]
    assert None in colours
