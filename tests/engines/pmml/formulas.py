"""Documents that answer one expression, for tests of expressions; what they must answer is said by the tests."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from streamscore_cli.engines.pmml.program import Result
from tests.engines.pmml.documents import data_field, document, schema, scored

TYPES = {"s": "string", "x": "double", "f": "float", "i": "integer", "b": "boolean"}
TYPES |= {"d": "date", "t": "time", "m": "dateTime"}


def apply(function: str, *arguments: str, extra: str = "") -> str:
    """Return an Apply."""
    return f'<Apply function="{function}" {extra}>{"".join(arguments)}</Apply>'


def field(name: str) -> str:
    """Return a FieldRef."""
    return f'<FieldRef field="{name}"/>'


def constant(value: object, kind: str = "") -> str:
    """Return a Constant."""
    return f"<Constant{f' dataType={quoteattr(kind)}' if kind else ''}>{escape(str(value))}</Constant>"


def formula(expression: str, transformations: str = "", names: str = "sxfibdtm", kind: str = "") -> bytes:
    """Return a document whose output `o` is the expression, of the fields of `TYPES`."""
    output = f"<OutputField name='o' feature='transformedValue' {kind}>{expression}</OutputField>"
    model = (
        f'<RegressionModel functionName="regression">{schema(*names)}<Output>{output}</Output>'
        '<RegressionTable intercept="0"/></RegressionModel>'
    )
    return document([data_field(name, TYPES[name]) for name in names], model, transformations)


def result(expression: str, transformations: str = "", /, **inputs: Sequence[object]) -> Result:
    """Return what the expression gives for rows."""
    return scored(formula(expression, transformations), **inputs)


def answers(expression: str, transformations: str = "", /, **inputs: Sequence[object]) -> list[object]:
    """Return what the expression gives for rows, "fails" where it fails the row."""
    found = result(expression, transformations, **inputs)
    return ["fails" if row in found.reasons else cell for row, cell in enumerate(found.outputs["o"].tolist())]
