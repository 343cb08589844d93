"""The fast way where cells are missing: the same bits as the general way, which it does not ask without need."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.fast import build_fast
from streamscore_cli.engines.pmml.fields.targets import Narrowed
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Inputs, Result
from tests.engines.pmml.documents import data_field, document, schema
from tests.engines.pmml.test_fast import FIELDS, NAMES, Random, assert_same, check, inputs, model_of, odd, seeds, usual

STRATEGIES = ("none", "defaultChild", "nullPrediction", "lastPrediction")
HOLES = {name: st.one_of(values, values, st.none()) for name, values in usual.items()}
rows_with_gaps = st.lists(st.fixed_dictionaries(HOLES), min_size=1, max_size=12)
rows_of_all_kinds = st.lists(
    st.fixed_dictionaries({name: st.one_of(HOLES[name], odd[name]) for name in NAMES}), min_size=1, max_size=12
)


class Gappy(Random):
    """Writes trees that say what becomes of missing cells."""

    def __init__(self, seed: int, strategy: str) -> None:
        super().__init__(seed)
        self.strategy = strategy
        self.count = 0

    def pair(self) -> tuple[str, str]:
        """Return a predicate and its opposite, now and then about being missing."""
        if self.draw.random() > 0.15:
            return super().pair()
        form = f'<SimplePredicate field="{self.draw.choice(NAMES)}" operator="{{}}"/>'
        first, second = self.draw.sample(["isMissing", "isNotMissing"], 2)
        return form.format(first), form.format(second)

    def node(self, depth: int, labels: bool, predicate: str = "<True/>", stop: float = 0.1) -> str:
        """Return a node with an identifier, and what is below it."""
        self.count += 1
        name = f"n{self.count}"
        score, shares = self.said(labels)
        if depth == 0 or self.draw.random() < stop:
            return f'<Node id="{name}"{score}>{predicate}{shares}</Node>'
        first, second = self.pair()
        second = self.draw.choice([second, second, "<True/>"])
        children = [f"n{self.count + 1}"]
        inside = self.node(depth - 1, labels, first, stop)
        children.append(f"n{self.count + 1}")
        inside += self.node(depth - 1, labels, second, stop)
        default = f' defaultChild="{self.draw.choice(children)}"' if self.strategy == "defaultChild" else ""
        return f'<Node id="{name}"{score}{default}>{predicate}{shares}{inside}</Node>'

    def tree(self, depth: int, labels: bool, last: bool = True) -> str:
        """Return a tree."""
        text = super().tree(depth, labels, last)
        return text.replace("<TreeModel", f'<TreeModel missingValueStrategy="{self.strategy}"', 1)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds, strategy=st.sampled_from(STRATEGIES), depth=st.integers(0, 7), labels=st.booleans(), rows=rows_with_gaps
)
def test_a_tree(seed: int, strategy: str, depth: int, labels: bool, rows: list[dict[str, object]]) -> None:
    check(model_of(Gappy(seed, strategy).tree(depth, labels), labels), rows)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    strategy=st.sampled_from(["defaultChild", *STRATEGIES]),
    labels=st.booleans(),
    depths=st.lists(st.sampled_from([1, 2, 4, 7, 8]), min_size=1, max_size=8),
    rows=rows_of_all_kinds,
)
def test_a_forest(seed: int, strategy: str, labels: bool, depths: list[int], rows: list[dict[str, object]]) -> None:
    method = "average" if labels else "sum"
    check(model_of(Gappy(seed, strategy).forest(method, depths, labels, "double"), labels), rows)


def nobody(length: int, inputs: Inputs) -> NoReturn:
    raise AssertionError((length, inputs))


def fast_alone(model: Model, rows: list[dict[str, object]]) -> Result:
    """Return what the fast way answers when there is no other."""
    fast = build_fast(model.program)
    assert fast is not None
    with np.errstate(all="ignore"):
        return fast.score(len(rows), inputs(rows), nobody)


WHOLE: dict[str, object] = {"x": 0.3, "f": 0.5, "i": 1.0, "w": 0.5, "c": "green"}
GAPS = [{**WHOLE, name: None} for name in NAMES] + [dict.fromkeys(NAMES), WHOLE]


@pytest.mark.parametrize("depths", [[3] * 5, [7] * 3, [1]])
@pytest.mark.parametrize("labels", [True, False])
def test_missing_cells_that_go_the_default_way_need_no_other_way(depths: list[int], labels: bool) -> None:
    method = "average" if labels else "sum"
    model = model_of(Gappy(11, "defaultChild").forest(method, depths, labels, "double"), labels)
    assert_same(fast_alone(model, GAPS), model.general(len(GAPS), inputs(GAPS)))


def test_missing_cells_that_end_the_walk_are_given_to_the_general_way() -> None:
    model = model_of(Gappy(11, "nullPrediction").forest("sum", [3] * 5, False, "double"), False)
    with pytest.raises(AssertionError):
        fast_alone(model, GAPS)


def test_trees_whose_values_are_rounded_to_32_bits_each_are_summed_the_fast_way() -> None:
    body = Gappy(5, "defaultChild").forest("sum", [4] * 6, False, "double")
    model = compile_pmml(document([data_field("y", "float"), *FIELDS], body))
    assert any(isinstance(one, Narrowed) for one in model.program.models)
    assert_same(fast_alone(model, GAPS), model.general(len(GAPS), inputs(GAPS)))


def replaced(treatment: str) -> Model:
    """Return a regression over x and i in which missing values are replaced."""
    fields = [data_field("y"), data_field("x"), data_field("i", "integer")]
    extra = {"x": f'missingValueReplacement="2.5" missingValueTreatment="{treatment}"'}
    table = '<RegressionTable intercept="1"><NumericPredictor name="x" coefficient="2"/></RegressionTable>'
    body = schema("x", "i", target="y", extra=extra)
    return compile_pmml(document(fields, f'<RegressionModel functionName="regression">{body}{table}</RegressionModel>'))


def test_missing_cells_that_are_replaced_need_no_other_way() -> None:
    model = replaced("asMean")
    given_rows = {"x": np.array([np.nan, 1.0, np.nan]), "i": np.array([1.0, 2.0, 3.0])}
    fast = build_fast(model.program)
    assert fast is not None
    assert fast.score(3, given_rows, nobody).value.tolist() == [6.0, 3.0, 6.0]
    assert np.isnan(given_rows["x"]).tolist() == [True, False, True]
