"""What is read from memory, held against what the objects themselves say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.object_memory import LONGEST_ROW, ObjectMemory, object_memory


class _Text(bytes):
    """Bytes of another type, which may lie in memory otherwise."""


def memory() -> ObjectMemory:
    found = object_memory()
    assert found is not None, "the layout of this interpreter's objects is not the known one"
    return found


@given(st.lists(st.one_of(st.none(), st.binary(max_size=40))))
def test_texts_are_where_they_are_said_to_be(items: list[bytes | None]) -> None:
    found = memory().texts(items)
    assert found is not None
    begins, lengths = (column.tolist() for column in found)
    assert lengths == [len(item or b"") for item in items]
    assert [begin == 0 for begin in begins] == [item is None for item in items]
    for item, begin in zip(items, begins, strict=True):
        if item and len(item) >= 8:
            word = memory().words(memory().addresses([item]), begin - id(item)).tolist()
            assert word == [int.from_bytes(item[:8], "little", signed=True)]


@given(st.lists(st.integers()))
def test_addresses_are_what_identifies_objects(items: list[int]) -> None:
    assert memory().addresses(items).tolist() == list(map(id, items))


def test_what_is_no_plain_bytes_is_refused() -> None:
    assert memory().texts([b"a", _Text(b"b")]) is None
    strange: list[bytes | None] = [b"a", bytearray(b"b")]  # type: ignore[list-item]
    assert memory().texts(strange) is None


def test_nothing_is_read_of_no_items() -> None:
    assert memory().addresses([]).tolist() == []
    found = memory().texts([])
    assert found is not None
    assert [column.tolist() for column in found] == [[], []]


@given(st.lists(st.integers()))
def test_cells_are_what_identifies_the_objects_of_a_column(items: list[int]) -> None:
    column = np.empty(2 * len(items), object)
    column[::2] = items
    for part in (column, column[::2]):
        assert memory().cells(part).tolist() == [id(item) for item in part]


@given(st.lists(st.binary(min_size=3, max_size=3), min_size=1))
def test_rows_are_the_bytes_that_begin_somewhere(items: list[bytes]) -> None:
    found = memory().texts(list(items))
    assert found is not None
    assert [row.tobytes() for row in memory().rows(found[0], 3)] == items


def test_long_rows() -> None:
    item = bytes(range(256)) * (LONGEST_ROW // 256 + 1)
    found = memory().texts([item, item])
    assert found is not None
    assert memory().rows(found[0], LONGEST_ROW).tobytes() == 2 * item[:LONGEST_ROW]
