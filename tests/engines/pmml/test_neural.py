"""Neural networks: activations, normalizations and outputs against JPMML and a neuron-by-neuron reading of the text."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, column, data_field, document, schema, scored

EXACT = 1e-12
ROWS: dict[str, list[object]] = {"x": [1.0, -2.0, 3.5, None, 1.0, 0.0], "z": [0.5, 2.0, 1.0, 1.0, None, 0.0]}
HIDDEN = (("h1", 0.1, (("ix", 0.5), ("iz", -0.3))), ("h2", None, (("iz", 0.7), ("ix", 0.2))))
LAST = (("o", 0.2, (("h1", 1.5), ("h2", -0.5))),)
LAST_THREE = (
    ("o1", 0.2, (("h1", 1.5), ("h2", -0.5))),
    ("o2", -0.1, (("h1", 0.5), ("h2", 0.4))),
    ("o3", 0.0, (("h1", -0.5), ("h2", 0.3))),
)
Neuron = tuple[str, float | None, tuple[tuple[str, float], ...]]
IDENTITY = 'activationFunction="identity"'
NUMBER = '<FieldRef field="y"/>'
POINTS = "".join(f'<LinearNorm orig="{orig}" norm="{norm}"/>' for orig, norm in ((10, 0), (20, 1), (50, 2)))
NORM = f'<NormContinuous field="y"{{}}>{POINTS}</NormContinuous>'


def layer(neurons: tuple[Neuron, ...], attributes: str = "") -> str:
    inside = ""
    for name, bias, sources in neurons:
        cons = "".join(f'<Con from="{source}" weight="{weight!r}"/>' for source, weight in sources)
        said = "" if bias is None else f' bias="{bias!r}"'
        inside += f'<Neuron id="{name}"{said}>{cons}</Neuron>'
    return f"<NeuralLayer {attributes}>{inside}</NeuralLayer>"


def output(neuron: str, expression: str) -> str:
    derived = f'<DerivedField optype="continuous" dataType="double">{expression}</DerivedField>'
    return f'<NeuralOutput outputNeuron="{neuron}">{derived}</NeuralOutput>'


def network(function: str, attributes: str, layers: str, outputs: str, extra: str = "") -> bytes:
    inputs = "".join(
        f'<NeuralInput id="i{name}"><DerivedField optype="continuous" dataType="double"><FieldRef field="{name}"/>'
        "</DerivedField></NeuralInput>"
        for name in "xz"
    )
    target = (
        data_field("y") if function == "regression" else data_field("y", "string", inside=categories("a", "b", "c"))
    )
    model = (
        f'<NeuralNetwork functionName="{function}" {attributes}>{schema("x", "z", target="y")}{extra}'
        f"<NeuralInputs>{inputs}</NeuralInputs>{layers}<NeuralOutputs>{outputs}</NeuralOutputs></NeuralNetwork>"
    )
    return document([target, data_field("x"), data_field("z")], model)


def regression(attributes: str, expression: str = NUMBER) -> bytes:
    return network("regression", attributes, layer(HIDDEN) + layer(LAST, IDENTITY), output("o", expression))


def classification(attributes: str, hidden: str, last: str, extra: str = "") -> bytes:
    outputs = "".join(
        output(f"o{place}", f'<NormDiscrete field="y" value="{name}"/>') for place, name in enumerate("abc", 1)
    )
    return network("classification", attributes, layer(HIDDEN, hidden) + layer(LAST_THREE, last), outputs, extra)


@pytest.mark.parametrize(
    ("activation", "wanted"),
    [
        ("threshold", [1.2, -0.3, 1.2, 0.2]),
        ("logistic", [0.7988910554184325, 0.10810899639453209, 1.0362786534746493, 0.73746878121841]),
        ("tanh", [0.5825884022798943, -1.538519458445182, 1.1280024110756102, 0.34950199193743375]),
        ("identity", [0.5999999999999999, -2.55, 1.8250000000000002, 0.35000000000000003]),
        ("exponential", [1.6858417693015555, -0.824445674006878, 5.239605290463776, 1.3577563771134715]),
        ("reciprocal", [2.6242424242424245, -1.3, 0.8105990783410137, -math.inf]),
        ("square", [0.3524999999999999, 3.075, 2.823750000000001, 0.21500000000000002]),
        ("Gauss", [1.0555454797676942, 0.1741591162570753, 0.26530795203502133, 1.185074750623752]),
        ("sine", [0.5911046867015157, -1.7169779723100298, 1.2069507812898055, 0.34975012497024227]),
        ("cosine", [1.1244083924992625, 0.03595464956748448, 0.14620867025451814, 1.1925062479170387]),
        ("Elliott", [0.4880978865406006, -0.95, 0.8200980392156862, 0.33636363636363636]),
        ("arctan", [0.4437357900604969, -0.9884988745670036, 0.8502891800985377, 0.29517655229166073]),
        ("rectifier", [0.5999999999999999, -0.29999999999999993, 1.8250000000000002, 0.35000000000000003]),
        ("radialBasis", [0.8543978203786897, 0.1958796284238522, 0.2003743314792261, 1.3802385067148077]),
    ],
)
def test_activations_answer_as_jpmml_does(activation: str, wanted: list[float]) -> None:
    attributes = f'activationFunction="{activation}" width="0.8" altitude="1.2" threshold="0.4"'
    result = scored(regression(attributes), **ROWS)
    np.testing.assert_allclose(result.value, [*wanted[:3], math.nan, math.nan, wanted[3]], rtol=EXACT)
    assert result.reasons == {}


@pytest.mark.parametrize(
    ("attributes", "wanted"), [("", [1.2, -0.3, 1.2, 1.7]), ('threshold="0.4"', [1.2, -0.3, 1.2, 0.2])]
)
def test_a_threshold_is_0_unless_it_is_stated(attributes: str, wanted: list[float]) -> None:
    result = scored(regression(f'activationFunction="threshold" {attributes}'), **ROWS)
    np.testing.assert_allclose(result.value[[0, 1, 2, 5]], wanted, rtol=EXACT)


def test_an_output_is_taken_back_through_its_normalization() -> None:
    result = scored(regression(IDENTITY, NORM.format("")), **ROWS)
    np.testing.assert_allclose(result.value[[0, 2, 5]], [15.999999999999998, 44.75000000000001, 13.5], rtol=EXACT)
    closed = scored(regression(IDENTITY, NORM.format(' outliers="asMissingValues"')), **ROWS)
    assert set(closed.reasons) == {1}


SOFTMAX, SIMPLEMAX = 'normalizationMethod="softmax"', 'normalizationMethod="simplemax"'


@pytest.mark.parametrize(
    ("attributes", "hidden", "last", "wanted"),
    [
        ("", "", "", [0.68973721716835, 0.6127707174257268, 0.471261973280342]),
        ("", "", SOFTMAX, [0.3663454216296924, 0.3392068721293078, 0.29444770624099986]),
        ("", "", SIMPLEMAX, [0.38885382715444217, 0.3454623481351282, 0.2656838247104296]),
        (SOFTMAX, "", "", [0.3634496841978719, 0.33580745894402786, 0.30074285685810026]),
        (SOFTMAX, "", SIMPLEMAX, [0.38511766275336595, 0.3393470304573169, 0.2755353067893171]),
        (SIMPLEMAX, "", 'normalizationMethod="none"', [0.663989518617452, 0.5863886913035133, 0.47690404660694274]),
        ("", SOFTMAX, "", [0.66557804326515, 0.5864751330926751, 0.47619277971351276]),
    ],
)
def test_normalizations_answer_as_jpmml_does(attributes: str, hidden: str, last: str, wanted: list[float]) -> None:
    result = scored(classification(f'activationFunction="logistic" {attributes}', hidden, last), **ROWS)
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities[0], wanted, rtol=EXACT)
    assert np.isnan(result.probabilities[3:5]).all()
    assert result.value.tolist()[3:5] == [None, None]


def test_the_entity_is_the_neuron_of_the_predicted_category() -> None:
    extra = '<Output><OutputField name="e" feature="entityId" optype="categorical" dataType="string"/></Output>'
    result = scored(classification('activationFunction="logistic"', "", "", extra), **ROWS)
    assert result.value.tolist() == ["a", "b", "a", None, None, "a"]
    assert result.outputs["e"].tolist() == ["o1", "o2", "o1", None, None, "o1"]


def test_an_output_may_refer_to_a_derived_field() -> None:
    derived = f'<DerivedField name="yy" optype="continuous" dataType="double">{NORM.format("")}</DerivedField>'
    data = network(
        "regression",
        IDENTITY,
        layer(HIDDEN) + layer(LAST),
        output("o", '<FieldRef field="yy"/>'),
        f"<LocalTransformations>{derived}</LocalTransformations>",
    )
    np.testing.assert_allclose(scored(data, **ROWS).value[[0, 5]], [15.999999999999998, 13.5], rtol=EXACT)


def test_a_default_is_rescaled_as_any_prediction() -> None:
    targets = '<Targets><Target field="y" rescaleFactor="2"><TargetValue defaultValue="7"/></Target></Targets>'
    data = network("regression", IDENTITY, layer(HIDDEN) + layer(LAST), output("o", NUMBER), targets)
    wanted = [1.1999999999999997, -5.1, 3.6500000000000004, 14.0, 14.0, 0.7000000000000001]
    np.testing.assert_allclose(scored(data, **ROWS).value, wanted, rtol=EXACT)


LAYERS = layer(HIDDEN) + layer(LAST)


@pytest.mark.parametrize(
    "data",
    [
        regression('activationFunction="magic"'),
        regression(""),
        regression('activationFunction="radialBasis"'),
        regression('activationFunction="logistic" mathContext="float"'),
        regression(IDENTITY, '<FieldRef field="x"/>'),
        regression(IDENTITY, NORM.format("").replace('norm="1"', 'norm="3"')),
        network("regression", IDENTITY, LAYERS, output("o", NUMBER) * 2),
        network("regression", IDENTITY, layer(LAST), output("o", NUMBER)),
        network("regression", IDENTITY, layer(HIDDEN) * 2 + layer(LAST), output("o", NUMBER)),
        network("regression", IDENTITY, LAYERS, output("nobody", NUMBER)),
        network("classification", IDENTITY, LAYERS, output("o", '<NormDiscrete field="y" value="a"/>')),
        network("classification", IDENTITY, LAYERS, output("o", NUMBER)),
    ],
)
def test_what_is_not_surely_right_is_refused(data: bytes) -> None:
    with pytest.raises(ModelRejected):
        compile_pmml(data)


ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "logistic": lambda v: 1 / (1 + math.exp(-v)),
    "tanh": math.tanh,
    "rectifier": lambda v: max(0.0, v),
    "identity": lambda v: v,
    "Elliott": lambda v: v / (1 + abs(v)),
}
weights = st.floats(-2, 2)
cells = st.one_of(st.none(), st.floats(-3, 3))


@settings(max_examples=50, deadline=None)
@given(
    data=st.data(),
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    kinds=st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=3, max_size=3),
    batch=st.lists(st.tuples(cells, cells), min_size=1, max_size=6),
)
def test_a_network_is_what_the_specification_says(
    data: st.DataObject, sizes: list[int], kinds: list[str], batch: list[tuple[float | None, float | None]]
) -> None:
    known = ["ix", "iz"]
    layers: list[tuple[Neuron, ...]] = []
    for depth, size in enumerate([*sizes, 1]):
        drawn = st.lists(st.tuples(st.sampled_from(known), weights), min_size=1, max_size=5)
        made = [(f"n{depth}-{place}", data.draw(weights), tuple(data.draw(drawn))) for place in range(size)]
        layers.append(tuple(made))
        known += [neuron[0] for neuron in made]
    kinds = [*kinds[: len(sizes)], "identity"]
    xml = "".join(layer(one, f'activationFunction="{kind}"') for one, kind in zip(layers, kinds, strict=True))
    result = scored(
        network("regression", "", xml, output(f"n{len(sizes)}-0", NUMBER)),
        x=[row[0] for row in batch],
        z=[row[1] for row in batch],
    )
    wanted: list[float | None] = []
    for x, z in batch:
        if x is None or z is None:
            wanted.append(None)
            continue
        state = {"ix": x, "iz": z}
        for neurons, kind in zip(layers, kinds, strict=True):
            values = {
                name: ACTIVATIONS[kind](sum(weight * state[source] for source, weight in sources) + (bias or 0.0))
                for name, bias, sources in neurons
            }
            state |= values
        wanted.append(state[f"n{len(sizes)}-0"])
    np.testing.assert_allclose(result.value, column(wanted), rtol=1e-11, atol=1e-14)


def of_two(function: str, targets: tuple[str, str], outputs: str, extra: str = "", last: str = IDENTITY) -> bytes:
    inputs = "".join(
        f'<NeuralInput id="i{name}"><DerivedField optype="continuous" dataType="double"><FieldRef field="{name}"/>'
        "</DerivedField></NeuralInput>"
        for name in "xz"
    )
    ends = (
        ("o0", 1.0, (("h0", 2.0), ("h1", 1.0))),
        ("o1", -1.0, (("h0", 1.0), ("h1", 3.0))),
        ("o2", 0.5, (("h0", 1.5), ("h1", -1.0))),
        ("o3", 0.25, (("h0", -1.5), ("h1", -1.0))),
    )
    hidden = (("h0", 0.1, (("ix", 0.5), ("iz", -0.25))), ("h1", -0.2, (("ix", 0.75), ("iz", 0.3))))
    mining = "".join(f'<MiningField name="{name}" usageType="target"/>' for name in ("y1", "y2"))
    model = (
        f'<NeuralNetwork functionName="{function}" activationFunction="tanh"><MiningSchema>{mining}'
        f'<MiningField name="x"/><MiningField name="z"/></MiningSchema>{extra}<NeuralInputs>{inputs}</NeuralInputs>'
        f"{layer(hidden)}{layer(ends, last)}<NeuralOutputs>{outputs}</NeuralOutputs></NeuralNetwork>"
    )
    return document([*targets, data_field("x"), data_field("z")], model)


TWO_ROWS: dict[str, list[object]] = {"x": [1.0, -1.0, None, 3.0], "z": [2.0, 0.5, 1.0, None]}
TWO_NUMBERS = output("o0", '<FieldRef field="y1"/>') + output("o1", '<FieldRef field="y2"/>')
TWO_LABELS = "".join(
    output(neuron, f'<NormDiscrete field="{field}" value="{value}"/>')
    for neuron, field, value in (("o0", "y1", "a"), ("o1", "y1", "b"), ("o2", "y2", "1"), ("o3", "y2", "0"))
)


def test_several_numbers_are_answered_as_in_jpmml() -> None:
    outputs = '<Output><OutputField name="p2" feature="predictedValue" targetField="y2"/></Output>'
    targets = '<Targets><Target field="y2" rescaleFactor="2"/><Target field="y1" rescaleConstant="1"/></Targets>'
    numbers = (data_field("y1"), data_field("y2"))
    plain = scored(of_two("regression", numbers, TWO_NUMBERS, outputs), **TWO_ROWS)
    treated = scored(of_two("regression", numbers, TWO_NUMBERS, targets), **TWO_ROWS)
    first, second = (
        np.array([2.0170900672201997, -0.6271363669964654]),
        np.array([1.552930228535819, -3.4736601091678554]),
    )
    np.testing.assert_allclose(plain.value, [*first, math.nan, math.nan], rtol=EXACT)
    np.testing.assert_allclose(plain.outputs["y2"], [*second, math.nan, math.nan], rtol=EXACT)
    np.testing.assert_allclose(plain.outputs["p2"], plain.outputs["y2"], rtol=0)
    np.testing.assert_allclose(treated.value[:2], first + 1, rtol=EXACT)
    np.testing.assert_allclose(treated.outputs["y2"][:2], second * 2, rtol=EXACT)


def test_several_categories_are_answered_as_in_jpmml() -> None:
    outputs = (
        '<Output><OutputField name="pa" feature="probability" value="a" targetField="y1"/>'
        '<OutputField name="p0" feature="probability" value="0" targetField="y2"/></Output>'
    )
    labels = (
        data_field("y1", "string", inside=categories("a", "b")),
        data_field("y2", "integer", "categorical", inside=categories("0", "1")),
    )
    data = of_two("classification", labels, TWO_LABELS, outputs, 'activationFunction="logistic"')
    result = scored(data, **TWO_ROWS)
    assert result.value.tolist() == ["a", "a", None, None]
    assert result.outputs["y2"].tolist()[:2] == [1, 0]
    np.testing.assert_allclose(result.outputs["pa"][:2], [0.8825797804645711, 0.34816014111745447], rtol=EXACT)
    np.testing.assert_allclose(result.outputs["p0"][:2], [0.3279975009792441, 0.8370392334978886], rtol=EXACT)


def test_a_target_without_an_output_is_refused() -> None:
    with pytest.raises(ModelUnsupported, match="0 outputs for 'y2'"):
        compile_pmml(of_two("regression", (data_field("y1"), data_field("y2")), output("o0", '<FieldRef field="y1"/>')))
