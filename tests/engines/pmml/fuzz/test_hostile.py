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
        chain(5_000),
        nested(900),
        function_of_functions(40),
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
        (chain(40), 1 + 2 * (3 + 39)),
        (doubled(60), 1 + 2 * 3 * 2.0**59),
        (function_of_functions(5), 1 + 2 * 3 * 32),
        (nested(50), 1 + 2 * 53),
        (sparse("1"), 1 + 3),
    ],
)
def test_what_is_only_unusual_is_scored(data: bytes, answer: float) -> None:
    assert compile_pmml(data).score(1, {"x": np.array([3.0])}).value.tolist() == [answer]


def test_quotes_and_escapes_in_arrays_are_read() -> None:
    data = member(r'"b c" "d\"e" f', n="3")
    inputs = {"s": np.array(["b c", 'd"e', "f", "a"], dtype=object)}
    model = compile_pmml(data.replace(b'<Value value="a"/>', b""))
    assert model.score(4, inputs).value.tolist()[:3] == [2.0, 2.0, 2.0]
