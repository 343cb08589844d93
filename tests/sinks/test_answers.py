"""Which answers are numbers, and how they are counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamscore_cli.sinks.answers import number_of, tally


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (5.5, 5.5),
        (7, 7.0),
        (True, 1.0),
        (np.float64(2.5), 2.5),
        (np.int64(3), 3.0),
        ("5", 5.0),
        ("-1.5e2", -150.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("good", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("1e999", None),
        ("٣", None),
        (" 5", None),
        ("", None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ([1], None),
    ],
)
def test_numbers(answer: object, number: float | None) -> None:
    assert number_of(answer) == number


def test_objects_are_counted_once_for_each_that_is_different() -> None:
    found = tally(np.array(["5", "6", "5", "good", None, 2.5], dtype=object))
    assert dict(zip(found.values.tolist(), found.times.tolist(), strict=True)) == {5.0: 2, 6.0: 1, 2.5: 1}
    assert dict(found.labels) == {"5": 2, "6": 1, "good": 1}


@pytest.mark.parametrize("answers", [np.array([5, 6, 5]), np.array([5.0, 6.0, 5.0]), np.array([5, 6, 5], dtype=object)])
def test_the_numbers_of_a_classification_are_labels_too(answers: Any) -> None:
    found = tally(answers, classes=True)
    assert dict(found.labels) == {"5": 2, "6": 1}
    assert dict(zip(found.values.tolist(), found.times.tolist(), strict=True)) == {5.0: 2, 6.0: 1}


@pytest.mark.parametrize(
    ("answers", "values"),
    [
        (np.array([1.5, np.nan, np.inf, -2.0]), [1.5, -2.0]),
        (np.array([3, 4], dtype=np.int64), [3.0, 4.0]),
        (np.array([True, False]), [1.0, 0.0]),
        (np.array([], dtype=object), []),
    ],
)
def test_numbers_are_counted_as_they_are(answers: Any, values: list[float]) -> None:
    found = tally(answers)
    assert found.values.tolist() == values
    assert found.times.tolist() == [1] * len(values)
    assert not found.labels
