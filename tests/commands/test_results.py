"""What `results` refuses and how messages look; reading a topic is in tests/integration."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.commands.results import decode_dead_letters, decode_results
from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.records.dead_letters import dead_letter
from streamscore_cli.records.results import ScoredRows, encoder_for
from streamscore_cli.ui.console import make_console
from streamscore_cli.ui.message_rows import DEAD_LETTERS, RESULTS, MessageTable
from tests.commands.conftest import CommandLine

SCORED = ScoredRows(
    "wine",
    Scores(np.array([5.25, np.nan])),
    ModelIdentity("linear", 7, "ab"),
    "models_data",
    [2, 3],
    [40, 41],
    [1_000, -1],
)


def batch_of(values: list[bytes | None]) -> RecordBatch:
    count = len(values)
    return RecordBatch("models_scores", values, [None] * count, [0] * count, list(range(count)), [1_000] * count)


@pytest.mark.parametrize("result_format", list(ResultFormat))
def test_results_of_both_formats_have_the_shape_of_the_json_one(result_format: ResultFormat) -> None:
    said: list[str] = []
    found = decode_results(batch_of([*encoder_for(result_format).encode(SCORED.alone())]), said.append)
    assert said == []
    assert [message.body for message in found] == [
        json.loads(body) for body in encoder_for(ResultFormat.JSON).encode(SCORED.alone())
    ]


def test_what_is_no_result_is_named_and_passed_by() -> None:
    said: list[str] = []
    good = encoder_for(ResultFormat.JSON).encode(SCORED.alone())[0]
    found = decode_results(batch_of([b"\xff\xff", good, None, b"{}"]), said.append)
    assert [message.body["result"] for message in found] == [5.25]
    assert [text.partition(":")[0] for text in said] == [f"models_scores[0]@{offset}" for offset in (0, 2, 3)]


def test_dead_letters_say_where_and_why() -> None:
    source = RecordBatch("models_data", [b"junk"], [None], [2], [40], [1_000])
    letter = dead_letter(source, Failure(0, Stage.DECODE, Cause.UNDECODABLE, "4 bytes are not a WineRecord"))
    batch = RecordBatch("models_dead_letters", [letter.value], [None], [0], [0], [2_000], [letter.headers])
    (message,) = decode_dead_letters(batch)
    assert message.body["reason"] == "4 bytes are not a WineRecord"
    assert (message.body["topic"], message.body["partition"], message.body["offset"]) == ("models_data", 2, 40)
    assert message.body["size_bytes"] == 4
    text = io.StringIO()
    MessageTable(make_console(text, coloured=False), DEAD_LETTERS).show([2_000], [message.body])
    assert "models_data[2]@40" in text.getvalue()


def test_rows_that_come_later_stay_in_the_columns_of_the_one_header() -> None:
    text = io.StringIO()
    table = MessageTable(make_console(text, coloured=False, width=120), RESULTS)
    for body in map(json.loads, encoder_for(ResultFormat.JSON).encode(SCORED.alone())):
        table.show([1_000], [body])
    header, first, second = text.getvalue().splitlines()
    assert header.split() == ["TIME", "DATA", "TYPE", "RESULT", "MODEL", "VERSION", "RECORD"]
    assert first.split()[1:] == ["wine", "5.25", "linear", "7", "models_data[2]@40"]
    assert second.split()[1:] == ["wine", "linear", "7", "models_data[3]@41"]
    assert [line.index("linear") for line in (first, second)] == [header.index("MODEL")] * 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--limit", "-1"), "--limit is -1"),
        (("--limit", "5", "--from-beginning", "--follow"), "leaves a gap"),
    ],
)
def test_what_cannot_be_is_said(streamscore: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    done = streamscore("results", *arguments)
    assert done.code == ExitCode.USAGE
    assert said in done.err
