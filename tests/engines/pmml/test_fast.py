"""The fast way against the general way: the same bits for every row, plain or odd, in any company."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.fast.gate import gate_of
from streamscore_cli.engines.pmml.fast.linear import FastTable
from streamscore_cli.engines.pmml.fast.neural import PlainClassification
from streamscore_cli.engines.pmml.fast.rewrite import rewritten
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.fast.trees import FastPoll, FastSum, FastTree
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.models.regression.model import Classification, Regression
from streamscore_cli.engines.pmml.program import Result
from streamscore_cli.engines.pmml.values.batch import Predicts
from tests.engines.pmml.documents import categories, column, data_field, document, schema

FIELDS = (
    data_field("x"),
    data_field("f", "float"),
    data_field("i", "integer"),
    data_field("w", inside='<Interval closure="openClosed" leftMargin="-2" rightMargin="2"/>'),
    data_field("c", "string", inside=categories("red", "green", "blue")),
)
NAMES = ("x", "f", "i", "w", "c")
LABELS = ("a", "b", "d")
SCHEMA = schema(
    *NAMES,
    target="y",
    extra={"x": 'outliers="asExtremeValues" lowValue="-90" highValue="90"', "c": 'invalidValueTreatment="asIs"'},
)
CONTEXTS = ("double", "float")
TINY = 0.1

usual = {
    "x": st.floats(-3, 3),
    "f": st.floats(-3, 3, width=32),
    "i": st.integers(-3, 3).map(float),
    "w": st.floats(-1.5, 2),
    "c": st.sampled_from(["red", "green", "blue"]),
}
odd = {
    "x": st.sampled_from([None, float("inf"), float("-inf"), 1e300, 91.0]),
    "f": st.sampled_from([None, 1e300, 0.1, -1e-60]),
    "i": st.sampled_from([None, 0.5, float("inf")]),
    "w": st.sampled_from([None, -2.0, 2.0000001, float("inf")]),
    "c": st.sampled_from([None, "unseen", ""]),
}
plain_rows = st.fixed_dictionaries(usual)
odd_rows = st.fixed_dictionaries({name: st.one_of(usual[name], odd[name]) for name in NAMES})
batches = st.lists(st.one_of(plain_rows, plain_rows, odd_rows), min_size=1, max_size=12)


class Random:
    """Writes random models; a seed says which."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - models, not secrets

    def pair(self) -> tuple[str, str]:
        """Return a predicate and one that is its opposite."""
        draw = self.draw
        name = draw.choice("xxffiwwc")
        if name == "c":
            colours = draw.sample(["red", "green", "blue"], draw.choice([1, 2]))
            array = f'<Array type="string" n="{len(colours)}">{" ".join(colours)}</Array>'
            form = '<SimpleSetPredicate field="c" booleanOperator="{}">{}</SimpleSetPredicate>'
            return form.format("isIn", array), form.format("isNotIn", array)
        value = draw.choice([draw.randint(-3, 3), round(draw.uniform(-3, 3), 1), draw.uniform(-3, 3)])
        pairs = [("lessOrEqual", "greaterThan"), ("lessThan", "greaterOrEqual"), ("equal", "notEqual")]
        first, second = draw.choice([*pairs[:2], *pairs])
        form = '<SimplePredicate field="{}" operator="{}" value="{}"/>'
        return form.format(name, first, value), form.format(name, second, value)

    def said(self, labels: bool) -> tuple[str, str]:
        """Return a score and, for a classification, the distribution beside it."""
        if not labels:
            return f' score="{self.draw.uniform(-5, 5)}"', ""
        counts = [self.draw.randint(0, 9) for _ in LABELS]
        counts[self.draw.randrange(3)] += 1
        shares = zip(LABELS, counts, strict=True)
        return f' score="{self.draw.choice(LABELS)}"', "".join(
            f'<ScoreDistribution value="{label}" recordCount="{count}"/>' for label, count in shares if count
        )

    def node(self, depth: int, labels: bool, predicate: str = "<True/>", stop: float = TINY) -> str:
        score, shares = self.said(labels)
        if depth == 0 or self.draw.random() < stop:
            return f"<Node{score}>{predicate}{shares}</Node>"
        first, second = self.pair()
        second = self.draw.choice([second, "<True/>"])
        inside = self.node(depth - 1, labels, first, stop) + self.node(depth - 1, labels, second, stop)
        return f"<Node{score}>{predicate}{shares}{inside}</Node>"

    def tree(self, depth: int, labels: bool, last: bool = True) -> str:
        function = "classification" if labels else "regression"
        end = "returnLastPrediction" if last else "returnNullPrediction"
        root = self.node(depth, labels)
        return f'<TreeModel functionName="{function}" noTrueChildStrategy="{end}">{SCHEMA}{root}</TreeModel>'

    def forest(self, method: str, depths: list[int], labels: bool, context: str) -> str:
        weighted = method.startswith("weighted")
        segments = [
            f'<Segment weight="{self.draw.choice([0.5, 1, 1.7]) if weighted else 1}"><True/>'
            f"{self.tree(depth, labels)}</Segment>"
            for depth in depths
        ]
        function = "classification" if labels else "regression"
        target = '<Targets><Target field="y" rescaleFactor="0.7" rescaleConstant="1.3"/></Targets>'
        return (
            f'<MiningModel functionName="{function}" x-mathContext="{context}">{SCHEMA}{"" if labels else target}'
            f'<Segmentation multipleModelMethod="{method}">{"".join(segments)}</Segmentation></MiningModel>'
        )

    def table(self, category: str = "") -> str:
        names = [name for name in "xfiw" if self.draw.random() < 1 - TINY] or ["x"]
        terms = [f'<NumericPredictor name="{name}" coefficient="{self.draw.uniform(-2, 2)}"/>' for name in names]
        colour = '<CategoricalPredictor name="c" value="red" coefficient="0.3"/>' if self.draw.random() < TINY else ""
        of = f' targetCategory="{category}"' if category else ""
        return f'<RegressionTable intercept="{self.draw.uniform(-2, 2)}"{of}>{"".join(terms)}{colour}</RegressionTable>'

    def regression(self, labels: bool, method: str, context: str) -> str:
        function = "classification" if labels else "regression"
        tables = "".join(map(self.table, LABELS)) if labels else self.table()
        return (
            f'<RegressionModel functionName="{function}" normalizationMethod="{method}" x-mathContext="{context}">'
            f"{SCHEMA}{tables}</RegressionModel>"
        )


OUTPUTS = (
    '<Output><OutputField name="p" feature="probability" value="b" dataType="double" optype="continuous"/>'
    '<OutputField name="l" feature="predictedValue" dataType="string" optype="categorical"/></Output>'
)


def model_of(body: str, labels: bool) -> Model:
    if labels:
        body = body.replace("</MiningSchema>", f"</MiningSchema>{OUTPUTS}", 1)
    target = data_field("y", "string", inside=categories(*LABELS)) if labels else data_field("y")
    return compile_pmml(document([target, *FIELDS], body))


def inputs(rows: list[dict[str, object]]) -> dict[str, NDArray[Any]]:
    result = {name: column([row[name] for row in rows]) for name in NAMES}
    result["c"] = result["c"].astype(object)
    return result


def bits(array: NDArray[Any] | None) -> object:
    if array is None or array.dtype == object:
        return None if array is None else array.tolist()
    return str(array.dtype), array.shape, np.where(array != array, np.nan, array).tobytes()  # noqa: PLR0124 - one NaN


def assert_same(fast: Result, general: Result) -> None:
    assert fast.reasons == general.reasons
    good = np.array([row not in general.reasons for row in range(len(general.value))])
    for one, other in [
        (fast.value, general.value),
        (fast.probabilities, general.probabilities),
        *((fast.outputs[name], general.outputs[name]) for name in general.outputs),
    ]:
        assert bits(None if one is None else one[good]) == bits(None if other is None else other[good])
    assert (fast.labels, set(fast.outputs)) == (general.labels, set(general.outputs))


def check(model: Model, rows: list[dict[str, object]]) -> None:
    """Compare a batch, and each of its rows alone."""
    given_rows = inputs(rows)
    with np.errstate(all="ignore"):
        general = model.general(len(rows), given_rows)
    assert_same(model.score(len(rows), given_rows), general)
    for place in range(len(rows)):
        alone = inputs(rows[place : place + 1])
        found = model.score(1, alone)
        assert list(found.reasons.values()) == [reason for row, reason in general.reasons.items() if row == place]
        if found.reasons:
            continue
        for one, other in [
            (found.value, general.value),
            (found.probabilities, general.probabilities),
            *((found.outputs[name], general.outputs[name]) for name in general.outputs),
        ]:
            if one is not None and other is not None:
                assert bits(one) == bits(other[[place]].astype(one.dtype))


def first_plain(model: Model, rows: list[dict[str, object]]) -> int | None:
    gate = gate_of(model.program)
    matrix = None if gate is None else gate.read(inputs(rows))
    if gate is None or matrix is None:
        return None
    odd = gate.odd(matrix)
    return 0 if odd is None else next(iter(np.flatnonzero(~odd).tolist()), None)


def kinds(model: Model) -> set[type]:
    """Return the kinds of the models that the fast way scores with, those inside of others too."""
    gate = gate_of(model.program)
    assert gate is not None
    found: set[type] = set()
    site = Site(gate.places, gate.rows, len(model.program.words))
    waiting: list[Predicts] = list(rewritten(model.program, site))
    while waiting:
        one = waiting.pop()
        found.add(type(one))
        inside = getattr(one, "model", None)
        waiting += [] if inside is None or isinstance(inside, int) else [inside]
        tables = (
            [one.table] if isinstance(one, Regression) else list(one.tables) if isinstance(one, Classification) else []
        )
        found |= {type(table) for table in tables}
    return found


seeds = st.integers(0, 10**9)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, depth=st.integers(0, 8), labels=st.booleans(), last=st.booleans(), rows=batches)
def test_a_tree(seed: int, depth: int, labels: bool, last: bool, rows: list[dict[str, object]]) -> None:
    model = model_of(Random(seed).tree(depth, labels, last), labels)
    assert FastTree in kinds(model)
    check(model, rows)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    method=st.sampled_from(["average", "weightedAverage", "majorityVote", "weightedMajorityVote"]),
    depths=st.lists(st.sampled_from([1, 2, 4, 7]), min_size=1, max_size=12),
    context=st.sampled_from(CONTEXTS),
    rows=batches,
)
def test_a_forest_that_classifies(
    seed: int, method: str, depths: list[int], context: str, rows: list[dict[str, object]]
) -> None:
    model = model_of(Random(seed).forest(method, depths, True, context), True)
    assert FastPoll in kinds(model)
    check(model, rows)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    method=st.sampled_from(["sum", "weightedSum", "average", "weightedAverage"]),
    depths=st.lists(st.sampled_from([1, 2, 4, 7]), min_size=1, max_size=12),
    context=st.sampled_from(CONTEXTS),
    rows=batches,
)
def test_an_ensemble_that_sums(
    seed: int, method: str, depths: list[int], context: str, rows: list[dict[str, object]]
) -> None:
    model = model_of(Random(seed).forest(method, depths, False, context), False)
    assert FastSum in kinds(model)
    check(model, rows)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    labels=st.booleans(),
    method=st.sampled_from(["none", "softmax", "logit"]),
    context=st.sampled_from(CONTEXTS),
    rows=batches,
)
def test_a_regression(seed: int, labels: bool, method: str, context: str, rows: list[dict[str, object]]) -> None:
    check(model_of(Random(seed).regression(labels, method, context), labels), rows)


def test_a_regression_of_numbers_has_a_fast_table() -> None:
    assert FastTable in kinds(model_of(Random(2).regression(False, "none", "double"), False))


@pytest.mark.parametrize("rows", [1, 3, 300, 3000])
def test_a_deep_forest_in_batches_of_any_size(rows: int) -> None:
    writer = Random(7)
    model = model_of(writer.forest("average", [11] * 9 + [3], True, "double"), True)
    numbers = np.random.default_rng(rows)
    given_rows = {name: numbers.uniform(-3, 3, rows) for name in ("x", "f", "w")}
    given_rows["i"] = numbers.integers(-3, 3, rows).astype(float)
    given_rows["w"][::7] = np.nan
    colours: NDArray[np.object_] = np.array(["red", "green", "blue"], dtype=object)[numbers.integers(0, 3, rows)]
    assert_same(model.score(rows, {**given_rows, "c": colours}), model.general(rows, {**given_rows, "c": colours}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda given_rows: given_rows.pop("x"),
        lambda given_rows: given_rows.update(x=np.array(["1.5", None, "2"], dtype=object)),
        lambda given_rows: given_rows.update(c=np.array([1.0, 2.0, 3.0])),
        lambda given_rows: given_rows.update(i=np.array([1, 2, 3])),
        lambda given_rows: given_rows.update(f=np.array([0.1, 2, 3], dtype=np.float32)),
    ],
)
def test_inputs_of_other_kinds_than_expected(spoil: Callable[[dict[str, NDArray[Any]]], object]) -> None:
    model = model_of(Random(3).forest("average", [4, 4, 4], True, "double"), True)
    given_rows = inputs([{"x": 1.0, "f": 0.1, "i": 2.0, "w": 0.5, "c": "red"}] * 3)
    spoil(given_rows)
    assert_same(model.score(3, given_rows), model.general(3, given_rows))


def test_no_rows() -> None:
    model = model_of(Random(3).tree(3, False), False)
    assert model.score(0, {name: np.empty(0) for name in NAMES}).value.shape == (0,)


def network(seed: int, labels: bool, sizes: list[int], activation: str, dense: bool) -> str:
    """Return a random network over the numbers; a class for each of its last neurons."""
    draw = random.Random(seed)  # noqa: S311 - models, not secrets
    names = [f"in-{name}" for name in "xfiw"]
    given_inputs = "".join(
        f'<NeuralInput id="{name}"><DerivedField optype="continuous" dataType="double">'
        f'<FieldRef field="{name[-1]}"/></DerivedField></NeuralInput>'
        for name in names
    )
    layers, before = [], names
    for number, size in enumerate([*sizes, len(LABELS) if labels else 1]):
        here = [f"{number}-{place}" for place in range(size)]
        neurons = []
        for name in here:
            sources = before if dense else draw.sample(before, draw.randint(1, len(before)))
            cons = "".join(f'<Con from="{one}" weight="{draw.uniform(-2, 2)}"/>' for one in sources)
            neurons.append(f'<Neuron id="{name}" bias="{draw.uniform(-1, 1)}">{cons}</Neuron>')
        last = ' normalizationMethod="softmax"' if labels and number == len(sizes) else ""
        layers.append(f"<NeuralLayer{last}>{''.join(neurons)}</NeuralLayer>")
        before = here
    order = draw.sample(LABELS, len(LABELS))
    means = [f'<NormDiscrete field="y" value="{label}"/>' for label in order] if labels else ['<FieldRef field="y"/>']
    outputs = "".join(
        f'<NeuralOutput outputNeuron="{name}"><DerivedField optype="{"categorical" if labels else "continuous"}"'
        f' dataType="{"string" if labels else "double"}">{mean}</DerivedField></NeuralOutput>'
        for name, mean in zip(before, means, strict=True)
    )
    return (
        f'<NeuralNetwork functionName="{"classification" if labels else "regression"}"'
        f' activationFunction="{activation}">{SCHEMA}<NeuralInputs>{given_inputs}</NeuralInputs>{"".join(layers)}'
        f"<NeuralOutputs>{outputs}</NeuralOutputs></NeuralNetwork>"
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    labels=st.booleans(),
    sizes=st.lists(st.integers(1, 12), max_size=2),
    activation=st.sampled_from(["logistic", "tanh", "rectifier", "identity"]),
    dense=st.booleans(),
    rows=batches,
)
def test_a_network(
    seed: int, labels: bool, sizes: list[int], activation: str, dense: bool, rows: list[dict[str, object]]
) -> None:
    model = model_of(network(seed, labels, sizes, activation, dense), labels)
    assert not labels or PlainClassification in kinds(model)
    check(model, rows)
