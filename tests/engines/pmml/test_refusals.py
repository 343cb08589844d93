"""The two refusals: each names the element and its line."""

from __future__ import annotations

import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.document.arrays import matrix
from streamscore_cli.engines.pmml.document.parser import Limits, parse
from tests.engines.pmml.documents import data_field, document, schema

REGRESSION = (
    '<RegressionModel functionName="regression">{schema}\n<RegressionTable intercept="1">'
    '<NumericPredictor name="x" coefficient="2"/></RegressionTable></RegressionModel>'
)
GOOD = document([data_field("z"), data_field("x")], REGRESSION.format(schema=schema("x", target="z")))


def test_a_good_document_is_not_refused() -> None:
    assert compile_pmml(GOOD).program.target == "z"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (b"<RegressionTable ", b'<RegressionTable surprise="1" ', 2),
        (b"<RegressionTable ", b"<Surprise/><RegressionTable ", 2),
        (b'functionName="regression"', b'functionName="regression" normalizationMethod="magic"', 1),
        (b'functionName="regression"', b'functionName="regression" isScorable="false"', 1),
        (b'name="x" coefficient', b'name="nobody" coefficient', 2),
        (b'version="4.4"', b'version="5.0"', None),
    ],
)
def test_what_the_engine_does_not_know_is_unsupported(old: bytes, new: bytes, line: int | None) -> None:
    with pytest.raises(ModelUnsupported) as caught:
        compile_pmml(GOOD.replace(old, new))
    assert line is None or f"(line {line})" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<PMML",
        b"<html/>",
        b'<!DOCTYPE PMML [<!ENTITY a "b">]><PMML version="4.4"/>',
        GOOD.replace(b'coefficient="2"', b'coefficient="1_000"'),
        GOOD.replace(b' coefficient="2"', b""),
    ],
)
def test_what_is_malformed_or_unsafe_is_rejected(data: bytes) -> None:
    with pytest.raises(ModelRejected) as caught:
        compile_pmml(data)
    assert not isinstance(caught.value, ModelUnsupported)


@pytest.mark.parametrize("limits", [Limits(size_bytes=100), Limits(depth=3), Limits(elements=5)])
def test_a_document_beyond_the_limits_is_rejected(limits: Limits) -> None:
    with pytest.raises(ModelRejected):
        compile_pmml(GOOD, limits)


def test_a_model_that_fails_its_own_verification_is_rejected() -> None:
    rows = (
        '<ModelVerification><VerificationFields><VerificationField field="x"/><VerificationField field="z"/>'
        "</VerificationFields><InlineTable><row><x>3</x><z>{z}</z></row></InlineTable></ModelVerification></RegressionModel>"
    )
    end = b"</RegressionModel>"
    compile_pmml(GOOD.replace(end, rows.format(z=7).encode()))
    with pytest.raises(ModelRejected, match="does not pass its own verification"):
        compile_pmml(GOOD.replace(end, rows.format(z=8).encode()))


@pytest.mark.parametrize(
    ("attributes", "rows", "shape"),
    [
        ('nbRows="2" nbCols="3"', ["1 2 3", "4 5 6"], (2, 3)),
        ("", ["1 2 3", "4 5 6"], (2, 3)),
        ('nbRows="3" nbCols="3"', ["1 2 3", "4 5 6"], None),
        ('nbRows="2" nbCols="2"', ["1 2 3", "4 5 6"], None),
        ('nbRows="2"', ["1 2", "4 5 6"], None),
        ('kind="symmetric" nbRows="2" nbCols="2"', ["1", "2 3"], (2, 2)),
        ('kind="symmetric" nbRows="3" nbCols="3"', ["1", "2 3"], None),
        ('kind="diagonal" nbRows="2" nbCols="2"', ["1 2"], (2, 2)),
        ('kind="diagonal" nbRows="1" nbCols="2"', ["1 2"], None),
        ('nbRows="1e9" nbCols="1"', ["1"], None),
    ],
)
def test_a_matrix_has_the_size_it_says(attributes: str, rows: list[str], shape: tuple[int, int] | None) -> None:
    arrays = "".join(f'<Array type="real">{row}</Array>' for row in rows)
    element = parse(f'<PMML version="4.4">\n<Matrix {attributes}>{arrays}</Matrix></PMML>'.encode()).children[0]
    if shape is not None:
        assert matrix(element).shape == shape
        return
    with pytest.raises(ModelRejected, match=r"<Matrix> \(line 2\)"):
        matrix(element)


def test_a_chain_of_segments_that_is_too_long_is_refused_by_its_line() -> None:
    """Each segment reads the output of the one before, so that the last needs all of them on Python's stack."""

    def segment(place: int) -> str:
        before = f"p{place - 1}" if place else "x"
        output = f'<Output><OutputField name="p{place}" feature="predictedValue"/></Output>'
        table = f'<RegressionTable intercept="1"><NumericPredictor name="{before}" coefficient="1"/></RegressionTable>'
        model = f'<RegressionModel functionName="regression">{schema(before)}{output}{table}</RegressionModel>'
        return f"<Segment><True/>{model}</Segment>"

    def chained(length: int) -> bytes:
        segments = "".join(map(segment, range(length)))
        model = (
            f'\n<MiningModel functionName="regression">{schema("x", target="z")}'
            f'<Segmentation multipleModelMethod="modelChain">{segments}</Segmentation></MiningModel>'
        )
        return document([data_field("z"), data_field("x")], model)

    compile_pmml(chained(20))
    with pytest.raises(ModelUnsupported, match=r"<MiningModel> \(line 2\) has models or outputs that make too long"):
        compile_pmml(chained(400))


def test_a_continuous_field_with_intervals_and_valid_values_is_refused() -> None:
    """JPMML-Evaluator 1.7.7 takes the values alone, which is only one reading of the specification."""
    inside = '<Interval closure="closedClosed" leftMargin="0" rightMargin="5"/><Value value="7"/>'
    fields = [data_field("z"), data_field("x", inside=inside)]
    with pytest.raises(ModelUnsupported, match=r"<DataField> \(line 1\) has intervals and valid values"):
        compile_pmml(document(fields, REGRESSION.format(schema=schema("x", target="z"))))
    missing = inside.replace('value="7"', 'value="7" property="missing"')
    compile_pmml(
        document([data_field("z"), data_field("x", inside=missing)], REGRESSION.format(schema=schema("x", target="z")))
    )
