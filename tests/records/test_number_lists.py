"""Lists of numbers as rows of a matrix: Python's own float is the judge, and both readers say the same."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.records.number_lists import (
    FlatReader,
    NoSuchList,
    NumberLists,
    fastest_reader,
    read_flat_with_orjson,
    simdjson_reader,
)

READERS: list[Callable[[], FlatReader]] = [simdjson_reader, lambda: read_flat_with_orjson]


@pytest.fixture(params=READERS, ids=["simdjson", "orjson"])
def reader(request: pytest.FixtureRequest) -> FlatReader:
    pytest.importorskip("simdjson")
    made: FlatReader = request.param()
    return made


def rows_of(lists: NumberLists, *texts: str) -> list[list[float] | str]:
    """Return each text's numbers, or `odd`; a comma at its end is left out as those who call do."""
    matrix = np.full((len(texts), lists.width), np.nan)
    odd = lists.read([text.removesuffix(",").encode() for text in texts], matrix)
    return ["odd" if place in odd else row for place, row in enumerate(matrix.tolist())]


def test_texts_with_and_without_a_comma_at_the_end(reader: FlatReader) -> None:
    assert rows_of(NumberLists(2, reader), "0.1,0.2", "0.5,1e3,", " 3 , -4.25 ") == [[0.1, 0.2], [0.5, 1e3], [3, -4.25]]


@pytest.mark.parametrize(
    "text",
    ["", ",", "1", "1,", "1,2,3", "1,2,,", "1,,2", "1 2", "1;2", "x,1", "NaN,1", "null,1", "true,1", "1,[2]",
     "[1,2]", "{},1", '"1",2', "1.,2", ".5,2", "+1,2", "01,2", "1e400,2", "1,2,-8.25e-301", "1,2\n", "1,\t2", "0x1,2",
     "\u0661,2"],
)  # fmt: skip
def test_one_odd_text_costs_the_others_nothing(reader: FlatReader, text: str) -> None:
    assert rows_of(NumberLists(2, reader), "1,2", text, "3,4") == [[1, 2], "odd", [3, 4]]


@pytest.mark.parametrize("texts", [("1", "2,3,4"), ("1,2,3", "4"), ("1,2,3,4", "", "5,6"), ("", "1,2,3,4")])
def test_lists_of_other_lengths_are_odd_though_the_numbers_add_up(reader: FlatReader, texts: tuple[str, ...]) -> None:
    assert rows_of(NumberLists(2, reader), *texts) == [[5, 6] if text == "5,6" else "odd" for text in texts]


def test_the_number_that_divides_lists_is_one_like_any_other_and_known_to_nobody() -> None:
    arrays: list[bytes] = []

    def reader(array: bytes) -> NDArray[np.float64] | None:
        arrays.append(array)
        return read_flat_with_orjson(array)

    lists = NumberLists(2, reader)
    rows_of(lists, "1,2", "3,4")
    rows_of(NumberLists(2, reader), "1,2", "3,4")
    first, second = (json.loads(array) for array in arrays)
    assert first != second
    [mark] = set(first) - {0, 1, 2, 3, 4}
    assert rows_of(lists, f"1,{mark}", f"{mark},2") == [[1, mark], [mark, 2]]


def test_more_lists_than_are_read_at_once(reader: FlatReader) -> None:
    texts = [f"{row}.5,{row * 7}," for row in range(60_000)]
    assert rows_of(NumberLists(2, reader), *texts) == [[row + 0.5, row * 7] for row in range(60_000)]
    found = rows_of(NumberLists(2, reader), *texts, "1", "2,3")
    assert (found.index("odd"), found.count("odd"), found[-1]) == (60_000, 1, [2, 3])


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), max_size=6))
def test_every_double_comes_back_as_itself(rows: list[list[float]]) -> None:
    for read_flat in (fastest_reader(), read_flat_with_orjson):
        assert rows_of(NumberLists(3, read_flat), *(",".join(map(repr, row)) for row in rows)) == rows


digits = st.text("0123456789", min_size=1, max_size=30)
literals = st.builds(lambda sign, a, b, e: f"{sign}{int(a)}.{b}e{e}", st.sampled_from(["", "-"]), digits, digits,
                     st.integers(-330, 300))  # fmt: skip


@given(st.lists(literals, min_size=1, max_size=20))
def test_long_decimals_are_rounded_as_python_rounds_them(numbers: list[str]) -> None:
    wanted = [float(number) for number in numbers]
    for read_flat in (fastest_reader(), read_flat_with_orjson):
        found = rows_of(NumberLists(len(numbers), read_flat), ",".join(numbers))[0]
        assert found == (wanted if all(map(np.isfinite, wanted)) else "odd")


@pytest.mark.parametrize("number", ["18446744073709551616", "123456789012345678901234567890", "-9223372036854775809"])
def test_integers_beyond_64_bits_are_read_or_left_to_the_exact_way(reader: FlatReader, number: str) -> None:
    lists = NumberLists(2, reader)
    assert rows_of(lists, f"1,{number}")[0] in ("odd", [1, float(number)])
    assert lists.exact(f"1,{number}") == [1, float(number)]


pieces = st.sampled_from([*'0123456789,.-+eE []{}"\\nul\n_', "1.5", "1e400", "-8.25e-301", "0.25,"])


@given(st.lists(pieces, max_size=12).map("".join), st.integers(1, 4))
def test_what_is_read_fast_is_what_the_exact_way_gives(text: str, width: int) -> None:
    for read_flat in (fastest_reader(), read_flat_with_orjson):
        lists = NumberLists(width, read_flat)
        found = rows_of(lists, text)[0]
        if found != "odd":
            assert found == lists.exact(text)


@pytest.mark.parametrize(
    ("value", "numbers"),
    [("1,2", [1, 2]), ("1., .5,", [1, 0.5]), ("+1,\n2", [1, 2]), ([1, 2.5], [1, 2.5]), ("1e-400,-0", [0, 0])],
)
def test_the_exact_way_reads_what_python_reads(value: object, numbers: list[float]) -> None:
    assert NumberLists(2).exact(value) == numbers


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("1,x", 'has "x" as number 2'),
        ("1,nan", 'has "nan" as number 2'),
        ("inf,1", 'has "inf" as number 1'),
        ("1_0,1", 'has "1_0" as number 1'),
        ("1,1e400", 'has "1e400" as number 2'),
        ("1,,2", 'has "" as number 2'),
        ("", "holds 0 numbers, must hold 2"),
        ("1,2,3", "holds 3 numbers, must hold 2"),
        ([1], "holds 1 numbers, must hold 2"),
        ([1, None], "has null as number 2"),
        ([True, 1], "has true as number 1"),
        ([1, "2"], 'has "2" as number 2'),
        ([[1, 2]], "has [1,2] as number 1"),
        (5, "is 5, must be a list of 2 numbers"),
        ({"a": "b" * 99}, 'is {"a":"' + "b" * 34 + "..., must be a list of 2 numbers"),
    ],
)
def test_what_is_no_such_list_says_why(value: object, problem: str) -> None:
    with pytest.raises(NoSuchList) as raised:
        NumberLists(2).exact(value)
    assert str(raised.value) == problem


def test_a_json_array_is_read_by_the_standard_library_alike(reader: FlatReader) -> None:
    array = "[0.1, 2, -3e5, 1E-7]"
    found = reader(array.encode())
    assert found is not None
    assert found.tolist() == json.loads(array)
