"""Input files become columns: both forms of the wine file, JSON lines, and rows named by line and column."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import RowFormat
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.csv_rows import sniffed_delimiter
from streamscore_cli.records.row_chunk import RowLayout
from streamscore_cli.records.rows import Chunks, RowChunk, read_rows
from tests.records.wire import WINE_FIELDS, is_nan

WINE = codec_for(RecordSettings()).fields
UCI_HEADER = (
    '"fixed acidity";"volatile acidity";"citric acid";"residual sugar";"chlorides";"free sulfur dioxide";'
    '"total sulfur dioxide";"density";"pH";"sulphates";"alcohol";"quality"\n'
)
XY = (Field("x", FieldType.DOUBLE), Field("y", FieldType.DOUBLE))


def read(content: str | bytes, fields: tuple[Field, ...] | None = XY, **options: object) -> RowChunk:
    """Return the only chunk of `content`."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else io.StringIO(content)
    (chunk,) = read_rows(stream, None, fields, **options)  # type: ignore[arg-type]
    return chunk


def values(chunk: RowChunk) -> dict[str, list[object]]:
    return {name: array.tolist() for name, array in chunk.columns.arrays.items()}


def failures(chunk: RowChunk) -> list[tuple[int, str, str]]:
    return [(failure.line, failure.column, failure.message) for failure in chunk.failures]


@pytest.mark.parametrize("header", ["", UCI_HEADER])
def test_both_forms_of_the_wine_file(data_dir: Path, wines: list[list[float]], header: str) -> None:
    stream = io.BytesIO(header.encode() + (data_dir / "winequality_red.csv").read_bytes())
    chunks = list(read_rows(stream, None, WINE, Chunks(500)))
    assert [chunk.columns.length for chunk in chunks] == [500, 500, 500, 99]
    first = 2 if header else 1
    assert [chunk.first_line for chunk in chunks] == [first, first + 500, first + 1000, first + 1500]
    assert all(chunk.failures == () and chunk.columns.names == WINE_FIELDS for chunk in chunks)
    matrix = np.concatenate([np.column_stack(list(chunk.columns.arrays.values())) for chunk in chunks])
    assert np.array_equal(matrix, np.array(wines))
    assert (matrix[:, 2] == 0).sum() == 132


def test_the_original_file_of_the_original_application(shared: Path, wines: list[list[float]]) -> None:
    with (shared / "seed-models" / "winequality_red.csv").open("rb") as stream:
        chunks = list(read_rows(stream, RowFormat.CSV, WINE))
    found = np.concatenate([np.column_stack(list(chunk.columns.arrays.values())) for chunk in chunks])
    assert np.array_equal(found, np.array(wines))


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("header", ["", "x{0}y{0}z\n"])
def test_delimiters(delimiter: str, header: str) -> None:
    chunk = read((header + "1{0}2.5{0}3\n4{0}5{0}6\n").format(delimiter))
    assert values(chunk) == {"x": [1.0, 4.0], "y": [2.5, 5.0]}


def test_a_semicolon_divides_where_commas_are_in_the_text() -> None:
    fields = (Field("name", FieldType.STRING), Field("x", FieldType.DOUBLE))
    assert values(read("a, b, c;1\nd, e, f;2\n", fields)) == {"name": ["a, b, c", "d, e, f"], "x": [1.0, 2.0]}


@pytest.mark.parametrize("line", ["7,4;wine", "7,4;0,7", "7;4,5;x"])
def test_a_decimal_comma_is_not_taken_for_a_delimiter(line: str) -> None:
    assert sniffed_delimiter(line, RowLayout()) == ";"


def test_columns_are_found_by_name_and_come_in_the_order_of_the_fields() -> None:
    fields = (Field("fixed_acidity", FieldType.DOUBLE), Field("pH", FieldType.DOUBLE))
    chunk = read("pH,quality, fixed acidity \n3.5,5,7.4\n", fields)
    assert values(chunk) == {"fixed_acidity": [7.4], "pH": [3.5]}
    assert chunk.columns.ordered


def test_the_exact_name_goes_before_the_similar_one() -> None:
    assert values(read("a b,a_b\n1,2\n", (Field("a_b", FieldType.DOUBLE),))) == {"a_b": [2.0]}


def test_a_field_that_the_file_does_not_have_is_missing_and_the_data_type_absent() -> None:
    fields = (*XY, Field("dataType", FieldType.STRING))
    chunk = read("y\n1\n", fields)
    assert chunk.columns.names == ("x", "y")
    assert np.isnan(chunk.columns.arrays["x"][0])
    assert values(read("y,dataType\n1,beer\n", fields))["dataType"] == ["beer"]


def test_the_data_type_takes_no_place_in_a_file_without_a_header() -> None:
    fields = (Field("dataType", FieldType.STRING), *XY)
    assert values(read("1,2,3\n", fields)) == {"x": [1.0], "y": [2.0]}


def test_names_can_be_given_for_a_file_without_a_header() -> None:
    assert values(read("1,2,3\n", column_names=("y", "other", "x"))) == {"x": [3.0], "y": [1.0]}
    assert values(read("1,a,3\n", None, column_names=("p", "q"))) == {"p": [1.0], "q": ["a"]}


def test_without_fields_all_columns_come_each_value_with_its_type() -> None:
    chunk = read('n,t,mixed,,empty\n1,a,5,0,\n2.5,"b ""c"", d",x,0,\n', None)
    assert values(chunk) == {"n": [1.0, 2.5], "t": ["a", 'b "c", d'], "mixed": [5.0, "x"], "empty": [None, None]}
    assert chunk.columns.arrays["n"].dtype == np.float64


def test_empty_cells_are_missing() -> None:
    fields = (*XY, Field("t", FieldType.STRING), Field("b", FieldType.BOOLEAN))
    chunk = read('x,y,t,b\n1,,,\n , 2 ," ",TRUE\n', fields)
    assert chunk.failures == ()
    assert np.isnan(chunk.columns.arrays["x"][1])
    assert np.isnan(chunk.columns.arrays["y"][0])
    assert chunk.columns.arrays["y"][1] == 2.0
    assert chunk.columns.arrays["t"].tolist() == [None, " "]
    assert chunk.columns.arrays["b"].tolist() == [None, True]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("binary", [True, False])
def test_line_ends_byte_order_marks_and_blank_lines(newline: str, bom: str, binary: bool) -> None:
    content = bom + newline.join(["", '"x";"y"', "1;2", "", "  ", "3;4", ""])
    chunk = read(content.encode() if binary else content)
    assert values(chunk) == {"x": [1.0, 3.0], "y": [2.0, 4.0]}
    assert list(chunk.lines) == [3, 6]


def test_a_last_line_without_an_end() -> None:
    assert values(read("1;2\n3;4")) == {"x": [1.0, 3.0], "y": [2.0, 4.0]}


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("abc", "'abc' is not a number"),
        ("1,5", "'1,5' is not a number"),
        ("1_000", "'1_000' is not a number that can be used"),
        ("inf", "'inf' is not a number that can be used"),
        ("1e999", "'1e999' is not a number that can be used"),
        ("0x10", "'0x10' is not a number"),
        ("x" * 100, "is not a number"),
    ],
)
def test_a_bad_number_is_named_by_line_and_column_and_costs_its_row_alone(cell: str, problem: str) -> None:
    chunk = read(f"x;y\n1;2\n3;{cell}\n5;6\n")
    assert values(chunk) == {"x": [1.0, 5.0], "y": [2.0, 6.0]}
    assert list(chunk.lines) == [2, 4]
    ((line, column, message),) = failures(chunk)
    assert (line, column) == (3, "y")
    assert message.startswith("line 3, column 'y': ")
    assert problem in message
    assert len(message) < 120


def test_nan_in_a_file_is_missing() -> None:
    assert np.isnan(read("x;y\nNaN;2\n").columns.arrays["x"][0])


@pytest.mark.parametrize(
    ("kind", "cell", "problem"),
    [
        (FieldType.INTEGER, "1.5", "not an integer"),
        (FieldType.BOOLEAN, "yes", "not true or false"),
        (FieldType.FLOAT, "a", "not a number"),
    ],
)
def test_typed_cells(kind: FieldType, cell: str, problem: str) -> None:
    chunk = read(f"v\n1\n{cell}\n", (Field("v", kind),))
    assert chunk.columns.arrays["v"].tolist() == [1.0 if kind.is_numeric else True]
    assert problem in failures(chunk)[0][2]


def test_bytes_that_are_not_utf8_fail_only_where_they_are_read() -> None:
    fields = (Field("x", FieldType.DOUBLE), Field("t", FieldType.STRING))
    chunk = read(b"x;t;other\n1;a;\xff\n2;\xff;b\n", fields)
    assert values(chunk) == {"x": [1.0], "t": ["a"]}
    assert failures(chunk)[0][:2] == (3, "t")


def test_a_row_with_too_few_or_too_many_cells_fails_alone() -> None:
    chunk = read("x;y\n1\n1;2;3\n1;2;;\n5;6\n")
    assert list(chunk.lines) == [4, 5]
    assert [(line, column) for line, column, _ in failures(chunk)] == [(2, ""), (3, "")]
    assert "line 2: the row has 1 cells where 2 are expected" in failures(chunk)[0][2]


def test_without_a_header_one_more_cell_is_fine_and_fewer_or_more_are_not() -> None:
    chunk = read("1;2;3\n1\n4;5\n6;7;8;9\n")
    assert values(chunk) == {"x": [1.0, 4.0], "y": [2.0, 5.0]}
    assert "line 2: the row has 1 cells where 2 or 3 are expected" in failures(chunk)[0][2]
    assert "line 4: the row has 4 cells where 2 or 3 are expected" in failures(chunk)[1][2]


def test_quotes_hold_delimiters_and_line_ends_and_lines_are_still_counted() -> None:
    fields = (Field("t", FieldType.STRING), Field("x", FieldType.DOUBLE))
    chunk = read('t,x\n"a\nb",1\n"c,d",z\n', fields)
    assert values(chunk) == {"t": ["a\nb"], "x": [1.0]}
    assert list(chunk.lines) == [2]
    assert failures(chunk)[0][:2] == (4, "x")


def test_broken_quotes_are_named_and_the_rest_goes_on() -> None:
    chunk = read('x,y\n"1"2,3\n4,5\n')
    assert values(chunk) == {"x": [4.0], "y": [5.0]}
    assert failures(chunk)[0][:2] == (2, "")
    assert "not CSV" in failures(chunk)[0][2]


def test_a_quote_that_is_never_closed_is_named_where_it_opens() -> None:
    chunk = read('x,y\n1,2\n"3,4\n5,6\n')
    assert values(chunk) == {"x": [1.0], "y": [2.0]}
    assert failures(chunk)[0][:2] == (3, "")


@pytest.mark.parametrize(
    ("content", "fields", "problem"),
    [
        ("a;b\n1;2\n", XY, r"line 1: the header names no field; these are wanted: x, y"),
        ("7,4;0,7\n", XY, r"header names no field.*decimal point"),
        ("x;x;y\n1;2;3\n", XY, r"line 1, column 'x': the header has this name more than once"),
        ("a;a\n1;2\n", None, r"line 1, column 'a': the header has this name more than once"),
        ("1;2\n", None, r"line 1: the file has no header, and the records declare no fields"),
        (b"\xff\xfex\x00", XY, r"UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_at_all(
    content: str | bytes, fields: tuple[Field, ...] | None, problem: str
) -> None:
    with pytest.raises(RowUnreadable, match=problem) as raised:
        read(content, fields)
    assert raised.value.line == 1


@pytest.mark.parametrize("content", ["", "\n\n", "x;y\n", b"\xef\xbb\xbf"])
def test_a_file_without_rows_gives_none(content: str | bytes) -> None:
    stream = io.BytesIO(content) if isinstance(content, bytes) else io.StringIO(content)
    assert list(read_rows(stream, None, XY)) == []


def test_text_alone_is_data_where_the_fields_are_text() -> None:
    fields = (Field("s", FieldType.STRING), Field("t", FieldType.STRING))
    assert values(read("a,b\nc,d\n", fields)) == {"s": ["a", "c"], "t": ["b", "d"]}


def test_json_lines_with_declared_fields() -> None:
    fields = (Field("a_b", FieldType.DOUBLE), Field("t", FieldType.STRING), Field("dataType", FieldType.STRING))
    chunk = read('{"t": "x", "a b": 1, "junk": [1]}\n\n{"a_b": 2}\n{"a b": null, "t": null}\n', fields)
    assert chunk.columns.names == ("a_b", "t")
    assert chunk.columns.arrays["a_b"].tolist()[:2] == [1.0, 2.0]
    assert np.isnan(chunk.columns.arrays["a_b"][2])
    assert chunk.columns.arrays["t"].tolist() == ["x", None, None]
    assert list(chunk.lines) == [1, 3, 4]


def test_json_lines_without_fields() -> None:
    chunk = read('{"a": 1}\n{"b": "x", "a": 2.5}\n', None)
    assert values(chunk) == {"a": [1.0, 2.5], "b": [None, "x"]}
    assert not chunk.columns.ordered


@pytest.mark.parametrize(
    ("line", "column", "problem"),
    [
        ('{"x": 1, "y": ', "", "line 2: not JSON"),
        ("[1, 2]", "", "[1,2] is not a JSON object"),
        ('{"x": "1", "y": 2}', "x", '"1" is not a number'),
        ('{"x": true, "y": 2}', "x", "true is not a number"),
        ('{"x": 1, "y": {"a": 1}}', "y", '{"a":1} is not a number'),
        ("\ud800", "", "not JSON"),
    ],
)
def test_a_bad_json_line_is_named_and_costs_itself_alone(line: str, column: str, problem: str) -> None:
    chunk = read('{"x": 1, "y": 2}\n' + line + '\n{"x": 3, "y": 4}\n')
    assert values(chunk) == {"x": [1.0, 3.0], "y": [2.0, 4.0]}
    assert list(chunk.lines) == [1, 3]
    assert failures(chunk)[0][:2] == (2, column)
    assert problem in failures(chunk)[0][2]


def test_a_nested_value_without_fields_fails_its_line() -> None:
    chunk = read('{"x": [1]}\n{"x": 2}\n', None)
    assert values(chunk) == {"x": [2.0]}
    assert "[1] is not a single value" in failures(chunk)[0][2]


@pytest.mark.parametrize("content", ["1;2\n3;4\n5;6\n", '{"x":1}\n{"x":3}\n{"x":5}\n'])
def test_rows_come_as_soon_as_their_lines_are_there(content: str) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as pipe:
        rows = read_rows(stream, None, (Field("x", FieldType.DOUBLE),), Chunks(1))
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            pipe.write(line.encode())
            assert next(rows).columns.arrays["x"].tolist() == [number * 2.0 - 1]
        pipe.close()
        assert next(rows, None) is None


def test_a_bad_row_keeps_its_place_in_its_chunk() -> None:
    chunks = list(read_rows(io.StringIO("x;y\nz;1\n1;2\n3;z\n"), None, XY, Chunks(2)))
    assert [(chunk.first_line, list(chunk.lines), len(chunk.failures)) for chunk in chunks] == [(2, [3], 1), (4, [], 1)]


cells = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


def test_vectors_of_json_lines_are_matrices_and_bad_ones_are_named_by_line_and_column() -> None:
    fields = (Field("v", FieldType.DOUBLE, width=2), Field("x", FieldType.DOUBLE))
    lines = [
        '{"x": 1, "v": [0.5, 2]}',
        '{"x": 2, "v": "3,4,"}',
        '{"x": 3, "v": [1]}',
        '{"x": 4}',
        '{"x": "a", "v": [1, 2]}',
    ]
    chunk = read("\n".join(lines), fields)
    assert values(chunk) == {"v": [[0.5, 2], [3, 4]], "x": [1, 2]}
    assert failures(chunk) == [
        (3, "v", "line 3, column 'v': holds 1 numbers, must hold 2"),
        (4, "v", "line 4, column 'v': is missing, must hold 2 numbers"),
        (5, "x", "line 5, column 'x': \"a\" is not a number"),
    ]


def test_a_line_that_is_no_object_says_that_and_not_that_its_vector_is_missing() -> None:
    chunk = read('{"v": [1, 2]}\n[1]', (Field("v", FieldType.DOUBLE, width=2),))
    assert [message for _, _, message in failures(chunk)] == ["line 2: [1] is not a JSON object"]


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=20), st.integers(1, 5), st.sampled_from(["csv", "jsonl"]))
def test_numbers_come_back_as_they_were_written(
    rows: list[tuple[float | None, float | None]], chunk_rows: int, form: str
) -> None:
    if form == "csv":
        lines = ["x;y", *(";".join("" if cell is None else repr(cell) for cell in row) for row in rows)]
    else:
        lines = [orjson.dumps(dict(zip("xy", row, strict=True))).decode() for row in rows]
    chunks = list(read_rows(io.StringIO("\n".join(lines)), None, XY, Chunks(chunk_rows)))
    found = [pair for chunk in chunks for pair in zip(*by_field(chunk), strict=True)]
    assert found == rows
    assert not any(chunk.failures for chunk in chunks)


def by_field(chunk: RowChunk) -> Iterator[list[float | None]]:
    for name in ("x", "y"):
        yield [None if is_nan(value) else value for value in chunk.columns.arrays[name].tolist()]


def test_with_more_a_chunk_has_what_needs_no_waiting() -> None:
    there = [True, True, False, True, False]
    chunks = read_rows(io.StringIO("x;y\n" + "1;2\n" * 5), None, XY, Chunks(10, lambda: there.pop(0)))
    assert [chunk.columns.length for chunk in chunks] == [3, 2]
