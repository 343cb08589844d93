"""Tables that graphs answer, as scores."""

from __future__ import annotations

import numpy as np
import pytest

from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.engines.tensor_answers import MAX_WIDTH, scores_of_tables, table_of


def test_tables_have_one_row_a_record_and_our_types() -> None:
    assert table_of("y", np.ones((2, 3, 4), np.float16), 2).dtype == np.float64
    assert table_of("y", np.ones((2, 3, 4), np.float32), 2).shape == (2, 12)
    assert table_of("y", np.ones(2, np.uint8), 2).dtype == np.int64
    assert table_of("y", np.ones(2, bool), 2).dtype == np.bool_
    texts = table_of("y", np.array([[b"a", "ü"], [b"\xff", 1]], dtype=object), 2)
    assert texts.tolist() == [["a", "ü"], ["�", "1"]]


@pytest.mark.parametrize(
    ("shape", "named"),
    [
        ((), r"The ONNX output 'y' has the shape \[\] for 2 records"),
        ((3, 2), r"has the shape \[3, 2\] for 2 records"),
        ((2, 0), r"is empty: its shape is \[2, 0\]"),
        ((2, MAX_WIDTH + 1), "has 1,000,001 numbers a record"),
    ],
)
def test_what_is_not_one_row_a_record(shape: tuple[int, ...], named: str) -> None:
    with pytest.raises(StreamscoreError, match=named):
        table_of("ONNX output 'y'", np.broadcast_to(np.float32(0), shape), 2)


def test_of_several_numbers_the_first_of_the_largest_is_the_answer() -> None:
    first = np.array([[1.0, 3.0, 3.0], [2.0, np.nan, 1.0], [5.0, 4.0, 3.0]])
    second = np.array([[1, 2], [3, 4], [5, 6]])
    scores = scores_of_tables(["y", "z"], [first, second])
    assert scores.result[[0, 2]].tolist() == [1, 0]
    assert scores.labels == ("0", "1", "2")
    assert scores.probabilities is first
    assert [failure.row for failure in scores.failures] == [1]
    assert {name: column.tolist() for name, column in scores.outputs.items()} == {"z[0]": [1, 3, 5], "z[1]": [2, 4, 6]}


def test_one_number_is_the_answer_itself() -> None:
    scores = scores_of_tables(["y", "z"], [np.array([[1.5], [np.nan]]), np.array([["a"], ["b"]], dtype=object)])
    assert scores.result[0] == 1.5
    assert np.isnan(scores.result[1])
    assert (scores.labels, scores.probabilities, scores.failures) == ((), None, ())
    assert scores.outputs["z"].tolist() == ["a", "b"]


def test_several_whole_numbers_are_no_probabilities() -> None:
    scores = scores_of_tables(["y"], [np.array([[7, 8], [9, 10]])])
    assert scores.result.tolist() == [7, 9]
    assert scores.probabilities is None
    assert scores.outputs["y[1]"].tolist() == [8, 10]
