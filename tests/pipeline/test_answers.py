"""Answers as CSV and as JSON lines."""

from __future__ import annotations

import json

import numpy as np

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.pipeline.answers import CsvAnswers, JsonAnswers
from streamscore_cli.records.scored_rows import ScoredRows

MODEL = ModelIdentity("m", -1, "ab")
FIRST = Scores(
    np.array(["yes", None], dtype=object),
    ("yes", "no"),
    np.array([[1 / 3, np.nan], [0.1, 0.9]]),
    {"ok": np.array([True, False])},
)


def test_csv_has_one_header_full_precision_and_nothing_for_missing() -> None:
    second = Scores(np.array(["a,b"], dtype=object), ("no",), np.array([[0.5]]))
    text = CsvAnswers()
    lines = text.encode(ScoredRows("", FIRST, MODEL, "f", [0, 0], [1, 2], [-1, -1]))
    lines += text.encode(ScoredRows("", second, MODEL, "f", [0], [3], [-1]))
    assert lines.splitlines() == [
        "line,result,probability(yes),probability(no),ok",
        "1,yes,0.3333333333333333,,true",
        "2,,0.1,0.9,false",
        '3,"a,b",,0.5,',
    ]


def test_json_lines_look_like_results_with_the_line_as_offset() -> None:
    text = JsonAnswers().encode(ScoredRows("wine", FIRST, MODEL, "wines.csv", [0, 0], [7, 9], [-1, -1]))
    first, second = map(json.loads, text.splitlines())
    assert (first["result"], first["probabilities"]) == ("yes", {"yes": 1 / 3, "no": None})
    assert first["source"] == {"topic": "wines.csv", "partition": 0, "offset": 7, "timestamp": None}
    assert (second["result"], second["source"]["offset"]) == (None, 9)
