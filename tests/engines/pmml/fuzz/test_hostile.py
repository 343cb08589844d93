"""Documents that ask for more than they are worth: huge sizes, depth, cycles, powers; each is refused, and soon."""

from __future__ import annotations

import numpy as np
import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import categories, data_field, document, schema

FIELDS = [data_field("z"), data_field("x")]
ONE = "<Constant>1</Constant>"


def of_field(name: str, derived: str = "", functions: str = "", coefficient: str = "2") -> bytes:
    model = (
        f'<RegressionModel functionName="regression">{schema("x", target="z")}<LocalTransformations>{derived}'
        f'</LocalTransformations><RegressionTable intercept="1"><NumericPredictor name="{name}" '
        f'coefficient="{coefficient}"/></RegressionTable></RegressionModel>'
    )
    return document(FIELDS, model, functions)


def ref(name: str) -> str:
    return f'<FieldRef field="{name}"/>'


def apply(function: str, *arguments: str) -> str:
    return f'<Apply function="{function}">{"".join(arguments)}</Apply>'


def derived(name: str, expression: str) -> str:
    return f'<DerivedField name="{name}" optype="continuous" dataType="double">{expression}</DerivedField>'


def chain(length: int) -> bytes:
    fields = [derived("d0", ref("x")), *(derived(f"d{i}", apply("+", ref(f"d{i - 1}"), ONE)) for i in range(1, length))]
    return of_field(f"d{length - 1}", "".join(fields))


def doubled(length: int) -> bytes:
    fields = [derived("d0", ref("x"))]
    fields += [derived(f"d{i}", apply("+", ref(f"d{i - 1}"), ref(f"d{i - 1}"))) for i in range(1, length)]
    return of_field(f"d{length - 1}", "".join(fields))


def function_of_functions(depth: int) -> bytes:
    def define(number: int) -> str:
        body = apply("+", *[apply(f"f{number - 1}", ref("a"))] * 2) if number else ref("a")
        return f'<DefineFunction name="f{number}" optype="continuous"><ParameterField name="a"/>{body}</DefineFunction>'

    return of_field("d", derived("d", apply(f"f{depth}", ref("x"))), "".join(define(i) for i in range(depth + 1)))


def nested(depth: int) -> bytes:
    expression = ref("x")
    for _ in range(depth):
        expression = apply("+", expression, ONE)
    return of_field("d", derived("d", expression))


def chain_of_texts(length: int) -> bytes:
    fields = ['<DerivedField name="t0" optype="categorical" dataType="string"><FieldRef field="x"/></DerivedField>']
    fields += [
        f'<DerivedField name="t{i}" optype="categorical" dataType="string">'
        f"{apply('concat', ref(f't{i - 1}'), ref(f't{i - 1}'))}</DerivedField>"
        for i in range(1, length)
    ]
    last = derived("d", apply("stringLength", ref(f"t{length - 1}")))
    return of_field("d", "".join(fields) + last)


def tall_chain(length: int, height: int) -> bytes:
    def body(number: int) -> str:
        expression = ref(f"d{number - 1}")
        for _ in range(height):
            expression = apply("+", expression, ONE)
        return expression

    fields = [derived("d0", ref("x")), *(derived(f"d{i}", body(i)) for i in range(1, length))]
    return of_field(f"d{length - 1}", "".join(reversed(fields)))


def called(times: int) -> bytes:
    expression = ref("x")
    for _ in range(times):
        expression = apply("f", expression)
    body = apply("+", ref("a"), ONE)
    define = f'<DefineFunction name="f" optype="continuous"><ParameterField name="a"/>{body}</DefineFunction>'
    return of_field("d", derived("d", expression), define)


def within(depth: int) -> bytes:
    model = (
        f'<RegressionModel functionName="regression">{schema("x", target="z")}<RegressionTable intercept="1">'
        '<NumericPredictor name="x" coefficient="2"/></RegressionTable></RegressionModel>'
    )
    for _ in range(depth):
        model = (
            f'<MiningModel functionName="regression">{schema("x", target="z")}<Segmentation multipleModelMethod="sum">'
            f"<Segment><True/>{model}</Segment></Segmentation></MiningModel>"
        )
    return document(FIELDS, model)


def segments(length: int) -> bytes:
    def segment(number: int) -> str:
        name = f"o{number - 1}" if number else "x"
        return (
            f'<Segment id="{number}"><True/><RegressionModel functionName="regression">'
            f'{schema(name, target="z" if number == length - 1 else "")}<Output><OutputField name="o{number}" '
            f'feature="predictedValue"/></Output><RegressionTable intercept="1"><NumericPredictor name="{name}" '
            'coefficient="1"/></RegressionTable></RegressionModel></Segment>'
        )

    inside = "".join(map(segment, range(length)))
    return document(
        FIELDS,
        f'<MiningModel functionName="regression">{schema("x", target="z")}'
        f'<Segmentation multipleModelMethod="modelChain">{inside}</Segmentation></MiningModel>',
    )


def machine(array: str) -> bytes:
    model = (
        f'<SupportVectorMachineModel functionName="regression">{schema("x", target="z")}<LinearKernelType/>'
        f'<VectorDictionary><VectorFields>{ref("x")}</VectorFields><VectorInstance id="1">{array}</VectorInstance>'
        '</VectorDictionary><SupportVectorMachine><SupportVectors><SupportVector vectorId="1"/></SupportVectors>'
        '<Coefficients absoluteValue="1"><Coefficient value="1"/></Coefficients></SupportVectorMachine>'
        "</SupportVectorMachineModel>"
    )
    return document(FIELDS, model)


def sparse(n: str, indices: str = "1", entries: str = "1", more: str = "") -> bytes:
    return machine(
        f'<REAL-SparseArray n="{n}" {more}><Indices>{indices}</Indices><REAL-Entries>{entries}</REAL-Entries>'
        "</REAL-SparseArray>"
    )


def member(items: str, n: str = "1") -> bytes:
    model = (
        f'<TreeModel functionName="regression">{schema("s", target="z")}<Node score="1"><True/><Node score="2">'
        '<SimpleSetPredicate field="s" booleanOperator="isIn">'
        f'<Array n="{n}" type="string">{items}</Array></SimpleSetPredicate></Node></Node></TreeModel>'
    )
    return document([data_field("z"), data_field("s", "string", inside=categories("a"))], model)


def empty_leaf() -> bytes:
    model = (
        f'<TreeModel functionName="classification">{schema("x", target="y")}<Node><True/>'
        '<ScoreDistribution value="a" recordCount="0"/></Node></TreeModel>'
    )
    return document([data_field("y", "string", inside=categories("a")), data_field("x")], model)


@pytest.mark.parametrize(
    "data",
    [
        empty_leaf(),
        nested(900),
        function_of_functions(40),
        within(40),
        segments(400),
        of_field("a", derived("a", ref("a"))),
        of_field("a", derived("a", ref("b")) + derived("b", ref("a"))),
        *(sparse(n) for n in ("2e9", "99999999999", "1e308")),
    ],
)
def test_what_means_nothing_or_grows_beyond_reason_is_unsupported(data: bytes) -> None:
    with pytest.raises(ModelUnsupported):
        compile_pmml(data)


@pytest.mark.parametrize(
    "data",
    [
        *(sparse(n) for n in ("-5", "0", "NaN", "x", "0.5")),
        sparse("1", indices="INF"),
        sparse("2", indices="1.5"),
        sparse("2", indices="1 1", entries="1 2"),
        sparse("1", more='defaultValue="q"'),
        member("a", n="1e308"),
        member("a", n="-1"),
        member('"a'),
        member('\\"' * 50_000),
        member('"' + '\\"' * 50_000),
        of_field("x", coefficient="1" * 100_000 + "x"),
        of_field("x", coefficient="1" + " " * 100_000 + "x"),
        of_field("x").replace(b"<PMML", b'<?xml version="1.0" encoding="nonsense"?><PMML'),
        of_field("x").replace(b"<PMML", b'<?xml version="1.0" encoding="utf-7"?><PMML'),
        of_field("x").replace(b"coefficient=", b'x-coefficient="3" coefficient='),
        b"<PMML>" * 100_000,
    ],
)
def test_what_is_malformed_is_rejected_soon(data: bytes) -> None:
    with pytest.raises(ModelRejected) as caught:
        compile_pmml(data)
    assert not isinstance(caught.value, ModelUnsupported)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        *((chain(length), 1 + 2 * (3 + length - 1)) for length in (40, 1_000, 5_000)),
        (doubled(60), 1 + 2 * 3 * 2.0**59),
        (function_of_functions(5), 1 + 2 * 3 * 32),
        (nested(85), 1 + 2 * 88),
        (tall_chain(100, 1), 1 + 2 * (3 + 99)),
        (tall_chain(60, 80), 1 + 2 * (3 + 59 * 80)),
        (called(80), 1 + 2 * 83),
        (chain_of_texts(10), 1 + 2 * 3 * 2**9),
        (within(20), 7),
        (segments(40), 43),
        (sparse("1"), 1 + 3),
    ],
)
def test_what_is_only_unusual_is_scored(data: bytes, answer: float) -> None:
    assert compile_pmml(data).score(1, {"x": np.array([3.0])}).value.tolist() == [answer]


@pytest.mark.parametrize(
    "data", [nested(95), called(95), of_field("a", derived("a", ref("b")) + derived("b", ref("a")))]
)
def test_what_is_too_deep_is_refused_by_name_and_line(data: bytes) -> None:
    with pytest.raises(ModelUnsupported, match=r"<(Apply|FieldRef|DerivedField)> \(line 1\)"):
        compile_pmml(data)


def test_a_text_doubled_again_and_again_fails_its_row() -> None:
    model = compile_pmml(chain_of_texts(60))
    assert list(model.score(1, {"x": np.array([3.0])}).reasons) == [0]


def test_a_long_chain_is_scored_from_a_deep_stack() -> None:
    model = compile_pmml(tall_chain(100, 40))

    def scored_below(frames: int) -> float:
        if frames:
            return scored_below(frames - 1)
        return float(model.general(1, {"x": np.array([3.0])}).value[0])

    assert scored_below(250) == 1 + 2 * (3 + 99 * 40)


def test_quotes_and_escapes_in_arrays_are_read() -> None:
    data = member(r'"b c" "d\"e" f', n="3")
    inputs = {"s": np.array(["b c", 'd"e', "f", "a"], dtype=object)}
    model = compile_pmml(data.replace(b'<Value value="a"/>', b""))
    assert model.score(4, inputs).value.tolist()[:3] == [2.0, 2.0, 2.0]
