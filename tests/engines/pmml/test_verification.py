"""ModelVerification: which rows of a document's own hold; JPMML-Evaluator 1.7.7 judged the same documents."""

from __future__ import annotations

import pytest

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.documents import data_field, document, schema

PREFIX = 'xmlns:data="http://jpmml.org/jpmml-model/InlineTable"'


def field(name: str, column: str = "", more: str = "") -> str:
    return f'<VerificationField field="{name}" {f"column={chr(34)}{column}{chr(34)}" if column else ""} {more}/>'


def model(fields: str, rows: str, kind: str = "double", target: str = "double", output: str = "double") -> bytes:
    return document(
        [data_field("x", kind), data_field("y", target)],
        f'<RegressionModel functionName="regression">{schema("x", target="y")}'
        f'<Output><OutputField name="p" feature="predictedValue" dataType="{output}"/></Output>'
        '<RegressionTable intercept="0.5"><NumericPredictor name="x" coefficient="2"/></RegressionTable>'
        f"<ModelVerification><VerificationFields>{fields}</VerificationFields>"
        f"<InlineTable {PREFIX}>{rows}</InlineTable></ModelVerification></RegressionModel>",
    )


def row(**cells: object) -> str:
    return f"<row>{''.join(f'<data:{name}>{cell}</data:{name}>' for name, cell in cells.items())}</row>"


EXACT = 'precision="1e-13" zeroThreshold="1e-13"'
EXACT_Y, EXACT_P = field("y", "data:y", EXACT), field("p", "data:p", EXACT)
X, Y, P = field("x", "data:x"), field("y", "data:y"), field("p", "data:p")
NEAR = field("y", "data:y", 'precision="0.1"')
NEAR_ZERO = field("y", "data:y", 'zeroThreshold="1e-8"')


@pytest.mark.parametrize(
    "document_",
    [
        model(X + Y, row(x=1, y=2.5)),
        model(field("x") + field("y"), "<row><x>1</x><y>2.5</y></row>"),
        model(X + Y, row(x=1, y="2.50000025")),
        model(X + NEAR, row(x=1, y=2.6)),
        model(X + Y, row(x=-0.25, y=0)),
        model(X + Y, row(x=-0.25, y=1e-17)),
        model(X + NEAR_ZERO, row(x=-0.25, y=1e-10)),
        model(X + NEAR_ZERO, row(x=-0.2499999999, y=1e-12)),
        model(X + Y, row(x=-1, y=-1.5)),
        model(X + Y, row(x=1)),
        model(X + P, row(x=1, p=2.5)),
        model(X + Y + field("nobody", "data:n"), row(x=1, y=2.5, n=9)),
        model(X + Y, row(x=1, y=2.5, other=1)),
        model(X + Y, row(x=" 1 ", y=" 2.5 ")),
        model(X + Y, row(x="1.0", y=2.5), kind="integer"),
        model(X + EXACT_Y, row(x=0.1, y=0.7), target="float"),
        model(X + EXACT_Y, row(x=0.1, y="0.699999988079071"), target="float"),
        model(X + EXACT_P, row(x=0.1, p=0.7), output="float"),
        model(X + EXACT_P, row(x=0.1, p="0.699999988079071"), target="float"),
    ],
)
def test_rows_that_hold_let_the_model_in(document_: bytes) -> None:
    compile_pmml(document_)


@pytest.mark.parametrize(
    ("document_", "message"),
    [
        (model(X + Y, row(x=1, y=2.6)), r"field 'y', row 1: expected '2.6', got 2.5"),
        (model(X + Y, row(x=1, y=2.5) + row(x=2, y=2.5)), r"field 'y', row 2: expected '2.5', got 4.5"),
        (model(X + Y, row(x=1, y=2.50005)), r"field 'y', row 1"),
        (model(X + Y, row(x=-0.25, y=1e-10)), r"field 'y', row 1"),
        (model(X + P, row(x=1, p=3)), r"field 'p', row 1: expected '3', got 2.5"),
        (model(X + Y + P, row(x=1, y=2.5, p=9)), r"field 'p', row 1"),
        (model(X + Y, row(x=1, y="NaN")), r"field 'y', row 1"),
        (model(X + Y, row(x=1, y="")), r"field 'y', row 1"),
        (model(X + EXACT_Y, row(x=0.1, y="0.70000005"), target="float"), r"field 'y', row 1"),
        (model(X + EXACT_P, row(x=0.1, p=0.7), target="float"), r"field 'p', row 1"),
        (model(X + Y, row(x="abc", y=2.5)), r"row 1 cannot be scored"),
        (model(Y, row(y=2.5)), r"field 'y', row 1"),
    ],
)
def test_rows_that_do_not_hold_reject_the_model(document_: bytes, message: str) -> None:
    with pytest.raises(ModelRejected, match=message):
        compile_pmml(document_)
