"""Rows that were scored together come apart by data type, none lost and each with its own."""

from __future__ import annotations

import numpy as np

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.records.scored_rows import Head, ScoredRows, ScoredTogether

FIRST, SECOND, UNUSED = (Head(name, ModelIdentity(name, place, "")) for place, name in enumerate(("a", "b", "none")))


def together() -> ScoredTogether:
    scores = Scores(np.arange(5.0), ("x",), np.arange(5.0)[:, None], {"further": np.arange(5)})
    codes = np.array([2, 0, 2, 2, 0], np.intp)
    return ScoredTogether(
        [SECOND, UNUSED, FIRST], codes, scores, "in", [7, 8, 7, 8, 7], [1, 1, 2, 2, 3], [-1, 1, 2, 3, 4]
    )


def sources(rows: ScoredRows) -> list[list[int]]:
    return [list(rows.partitions), list(rows.offsets), list(rows.timestamps_ms)]


def test_each_data_type_has_its_rows_in_order() -> None:
    second, first = together().apart()
    assert (second.data_type, second.model) == ("b", SECOND.model)
    assert (first.data_type, first.model) == ("a", FIRST.model)
    assert second.scores.result.tolist() == [1, 4]
    assert first.scores.result.tolist() == [0, 2, 3]
    assert first.topic == "in"
    assert sources(first) == [[7, 7, 8], [1, 2, 2], [-1, 2, 3]]
    assert first.scores.probabilities is not None
    assert first.scores.probabilities.tolist() == [[0], [2], [3]]
    assert first.scores.outputs["further"].tolist() == [0, 2, 3]


def test_where_the_rows_of_each_head_end() -> None:
    order, ends = together().by_head()
    assert order.tolist() == [1, 4, 0, 2, 3]
    assert ends == [2, 2, 5]


def test_rows_alone_are_a_batch_of_one() -> None:
    rows = ScoredRows("a", Scores(np.zeros(2)), FIRST.model, "in", [1, 2], [3, 4], [5, 6])
    (back,) = rows.alone().apart()
    assert (back.data_type, back.model, back.topic) == (rows.data_type, rows.model, rows.topic)
    assert sources(back) == [[1, 2], [3, 4], [5, 6]]
