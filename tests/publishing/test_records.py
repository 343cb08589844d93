"""Rows to messages and messages at a pace, with the real codecs."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import RecordFormat
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import RowUnreadable, UsageProblem
from streamscore_cli.publishing.records import (
    Messages,
    RowEncoder,
    encode_good_rows,
    in_rounds,
    keys_of,
    publish_records,
)
from streamscore_cli.publishing.session import Session
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from tests.fakes import FakeClock, FakeStop, RecordingOutbox


def encoder(
    key_field: str = "", data_type: str = "wine", record_format: RecordFormat = RecordFormat.JSON
) -> RowEncoder:
    settings = RecordSettings(format=record_format)
    return RowEncoder(codec_for(settings), settings.data_type_field, data_type, key_field)


def numbers(**columns: list[float]) -> Columns:
    arrays = {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
    return Columns(len(next(iter(arrays.values()))), arrays)


def texts(*values: object) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def test_wine_rows_get_the_data_type_and_lose_the_column_that_the_record_has_not() -> None:
    rows = numbers(fixed_acidity=[7.4], citric_acid=[0.0], alcohol=[9.4], quality=[5.0])
    messages = encoder(record_format=RecordFormat.PROTOBUF).encode(rows)
    record = WineRecord.FromString(messages.values[0])
    assert (record.fixed_acidity, record.citric_acid, record.alcohol, record.dataType) == (7.4, 0.0, 9.4, "wine")
    assert messages.keys is None


def test_a_data_type_in_the_row_is_kept() -> None:
    rows = Columns(1, {"dataType": texts("beer"), "x": np.array([1.0])})
    assert orjson.loads(encoder().encode(rows).values[0]) == {"dataType": "beer", "x": 1.0}


def test_no_data_type_adds_no_field() -> None:
    assert orjson.loads(encoder(data_type="").encode(numbers(x=[1.0])).values[0]) == {"x": 1.0}


def test_the_key_comes_from_a_field() -> None:
    assert encoder("id").encode(numbers(id=[1.0, 2.5], x=[0.0, 0.0])).keys == [b"1", b"2.5"]


def test_keys_are_text_as_it_is_and_nothing_for_missing() -> None:
    assert keys_of(texts("a b", None, True, 7)) == [b"a b", None, b"True", b"7"]
    assert keys_of(np.array([np.nan, 3.0, 1e300])) == [None, b"3", b"%d" % int(1e300)]


def test_an_unknown_key_field_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageProblem, match=r"no field 'idd'.*id, x"):
        encoder("idd").encode(numbers(id=[1.0], x=[0.0]))


def paced(interval_s: float, *, until_s: float = float("inf"), chunks: tuple[Messages, ...]) -> RecordingOutbox:
    clock = FakeClock(0.0)
    outbox = RecordingOutbox(clock)
    publish_records(chunks, "data", interval_s, Session(outbox, clock, FakeStop(clock, at_s=until_s)))
    return outbox


CHUNKS = (Messages([b"a", b"b"]), Messages([]), Messages([b"c"], [b"key"]))


def test_the_pace_goes_on_over_the_chunks() -> None:
    sent = paced(0.5, chunks=CHUNKS).messages
    assert [(message.at_s, message.key, message.value) for message in sent] == [
        (0.0, None, b"a"),
        (0.5, None, b"b"),
        (1.0, b"key", b"c"),
    ]


def test_without_an_interval_all_goes_at_once_in_order() -> None:
    values = [b"%d" % number for number in range(5_000)]
    sent = paced(0.0, chunks=(Messages(values),)).messages
    assert [message.value for message in sent] == values
    assert {message.at_s for message in sent} == {0.0}


def test_a_stop_ends_it_between_two_messages() -> None:
    assert [message.value for message in paced(0.5, until_s=0.9, chunks=CHUNKS).messages] == [b"a", b"b"]


def test_rounds_repeat_from_memory_and_stop_with_whoever_listens() -> None:
    reads = []

    def read() -> list[Messages]:
        reads.append(1)
        return list(CHUNKS)

    rounds = in_rounds(read)
    values = [value for _ in range(7) for value in next(rounds).values]
    assert values == [b"a", b"b", b"c", b"a", b"b", b"c", b"a", b"b"]
    assert len(reads) == 1


@pytest.mark.parametrize("kept_bytes", [0, 2])
def test_rounds_of_a_large_file_read_it_again(kept_bytes: int) -> None:
    reads = []

    def read() -> list[Messages]:
        reads.append(1)
        return list(CHUNKS)

    rounds = in_rounds(read, kept_bytes)
    values = [value for _ in range(7) for value in next(rounds).values]
    assert values == [b"a", b"b", b"c", b"a", b"b", b"c", b"a", b"b"]
    assert len(reads) == 3


def test_rounds_of_nothing_end() -> None:
    assert list(in_rounds(list)) == []


def test_rows_that_do_not_fit_are_told_and_the_others_sent() -> None:
    rows = Columns(6, {"a": texts(1.0, 2.0, 3.0, np.inf, 5.0, 6.0), "b": texts(np.inf, 1.0, 1.0, 1.0, np.inf, 1.0)})
    bad: list[int] = []
    good = list(encode_good_rows(rows, encoder(data_type="").encode, lambda row, _error: bad.append(row)))
    assert bad == [0, 3, 4]
    assert [orjson.loads(value)["a"] for part in good for value in part.values] == [2.0, 3.0, 6.0]


def test_whoever_is_told_may_end_it() -> None:
    def fatal(_row: int, error: RowUnreadable) -> None:
        raise error

    rows = numbers(a=[1.0, np.inf])
    with pytest.raises(RowUnreadable, match="column a"):
        list(encode_good_rows(rows, encoder(data_type="").encode, fatal))
