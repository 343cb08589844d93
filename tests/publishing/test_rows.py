"""Rows of real text to messages, the bad ones named by line and column."""

from __future__ import annotations

import io

import pytest

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import OnBadRow, RecordFormat
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.publishing.records import Messages
from streamscore_cli.publishing.rows import BadRows, collected, read_messages, row_encoder
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from streamscore_cli.records.row_chunk import Chunks

GOOD = "7.4;0.7;0;1.9;0.076;11;34;0.9978;3.51;0.56;9.4;5\n"
BAD = "7.4;abc;0;1.9;0.076;11;34;0.9978;3.51;0.56;9.4;5\n"


def alcohols(messages: Messages) -> list[float]:
    return [WineRecord.FromString(value).alcohol for value in messages.values]


def test_bad_rows_are_skipped_named_and_counted() -> None:
    said: list[str] = []
    bad_rows = BadRows(OnBadRow.SKIP, said.append)
    text = io.BytesIO((GOOD + BAD + GOOD + "1;2\n").encode())
    messages = collected(read_messages(text, row_encoder(RecordSettings()), bad_rows, Chunks()))
    assert alcohols(messages) == [9.4, 9.4]
    assert bad_rows.count == 2
    assert said[0] == "skipped line 2, column 'volatile_acidity': 'abc' is not a number"
    assert said[1].startswith("skipped line 4: the row has 2 cells")


def test_a_fatal_row_comes_after_the_rows_before_it_and_before_those_behind() -> None:
    bad_rows = BadRows(OnBadRow.FAIL, lambda _text: None)
    text = io.BytesIO((GOOD + GOOD + BAD + GOOD).encode())
    chunks = read_messages(text, row_encoder(RecordSettings()), bad_rows, Chunks())
    assert alcohols(next(chunks)) == [9.4, 9.4]
    with pytest.raises(RowUnreadable, match="line 3, column 'volatile_acidity'") as caught:
        next(chunks)
    assert "--on-bad-row skip" in caught.value.hint


def test_a_value_that_reads_but_does_not_fit_is_named_by_its_line_too() -> None:
    said: list[str] = []
    settings = RecordSettings(format=RecordFormat.JSON)
    text = io.BytesIO(b'{"x": 1}\n\n{"x": 1e999}\n{"x": 2}\n')
    bad_rows = BadRows(OnBadRow.SKIP, said.append)
    messages = collected(read_messages(text, row_encoder(settings), bad_rows, Chunks()))
    assert list(messages.values) == [b'{"x":1.0}', b'{"x":2.0}']
    assert [text.split(":")[0].partition(",")[0] for text in said] == ["skipped line 3"]


def test_only_the_examples_records_have_a_data_type_without_being_told() -> None:
    assert row_encoder(RecordSettings()).data_type == "wine"
    assert row_encoder(RecordSettings(format=RecordFormat.JSON)).data_type == ""
    assert row_encoder(RecordSettings(format=RecordFormat.JSON, data_type="tea")).data_type == "tea"
