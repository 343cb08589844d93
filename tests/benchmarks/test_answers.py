from __future__ import annotations

import math
from dataclasses import replace

from benchmarks.answers import Answers, differences
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.records.results import ResultRecord

MODEL = ModelIdentity("forest", 0, "ab" * 32)
RECORD = ResultRecord("wine", "5", MODEL, "data", 1, 7, 1_790_000_000_000, {"5": 0.75, "6": 0.25})


def answers(*records: ResultRecord) -> Answers:
    """Return results as read back, with bodies of different lengths."""
    by_place = {(record.partition, record.offset): record for record in records}
    return Answers(by_place, {place: b"x" * (number + 1) for number, place in enumerate(by_place)})


def test_the_same_answers_do_not_differ() -> None:
    close = replace(RECORD, probabilities={"5": 0.75 + 1e-12, "6": 0.25})
    assert differences(answers(RECORD), answers(close), 1) == ([], 0)


def test_each_difference_is_told() -> None:
    others = [
        replace(RECORD, result="6"),
        replace(RECORD, probabilities={"5": 0.75 + 1e-6, "6": 0.25}),
        replace(RECORD, probabilities={"5": 0.75, "7": 0.25}),
        replace(RECORD, model=replace(MODEL, sha256="cd" * 32)),
        replace(RECORD, timestamp_ms=1),
        replace(RECORD, data_type="beer"),
        replace(RECORD, offset=8),
    ]
    for other in others:
        wrong, _ = differences(answers(RECORD), answers(other), 1)
        assert len(wrong) == 1, other


def test_a_probability_that_is_left_out_is_counted_apart() -> None:
    assert differences(answers(RECORD), answers(replace(RECORD, probabilities={"5": 0.75})), 1) == ([], 1)


def test_records_without_an_answer_are_told() -> None:
    wrong, _ = differences(answers(RECORD, replace(RECORD, offset=8)), answers(RECORD), 2)
    assert "1 records are answered" in wrong[0]


def test_numbers_are_close_and_no_number_is_not() -> None:
    value = replace(RECORD, result=5.1, probabilities={})
    assert differences(answers(value), answers(replace(value, result=5.1 + 1e-12)), 1) == ([], 0)
    assert differences(answers(value), answers(replace(value, result=5.2)), 1)[0]
    assert differences(answers(value), answers(replace(value, result=None)), 1)[0]
    assert differences(answers(value), answers(replace(value, result=math.inf)), 1)[0]


def test_the_typical_result_is_of_the_mean_length() -> None:
    found = answers(RECORD, replace(RECORD, offset=8), replace(RECORD, offset=9))
    assert found.typical() == b"xx"
