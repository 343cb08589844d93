"""Dead letters keep the record as it was and say where it was and why; readers get that back."""

from __future__ import annotations

from streamscore_cli.core.batch import Headers, RecordBatch
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.records.dead_letters import (
    REASON_BYTES,
    DeadLetterDescription,
    dead_letter,
    describe_dead_letter,
)


def batch(headers: list[Headers | None] | None = None) -> RecordBatch:
    return RecordBatch("models_data", [b"good", b"\xffbad"], [None, b"k"], [0, 3], [10, 11], [1_000, 2_000], headers)


FAILURE = Failure(1, Stage.DECODE, Cause.UNDECODABLE, "4 bytes are not a wine: ü")


def test_the_headers_are_these() -> None:
    letter = dead_letter(batch(), FAILURE, "host-1", "wine")
    assert (letter.key, letter.value, letter.timestamp_ms) == (b"k", b"\xffbad", 2_000)
    assert list(letter.headers) == [
        ("__streamscore.errors.topic", b"models_data"),
        ("__streamscore.errors.partition", b"3"),
        ("__streamscore.errors.offset", b"11"),
        ("__streamscore.errors.timestamp", b"2000"),
        ("__streamscore.errors.stage", b"decode"),
        ("__streamscore.errors.cause", b"undecodable"),
        ("__streamscore.errors.reason", "4 bytes are not a wine: ü".encode()),
        ("__streamscore.errors.data.type", b"wine"),
        ("__streamscore.errors.instance", b"host-1"),
    ]


def test_what_is_not_known_has_no_header() -> None:
    names = [name for name, _ in dead_letter(batch(), FAILURE).headers]
    assert "__streamscore.errors.data.type" not in names
    assert "__streamscore.errors.instance" not in names


def test_the_original_headers_stay_in_front() -> None:
    theirs: Headers = [("data-type", b"wine"), ("trace", None), ("trace", b"2")]
    assert list(dead_letter(batch([None, theirs]), FAILURE).headers)[:3] == theirs
    assert dead_letter(batch([theirs, None]), FAILURE).headers[0][0] == "__streamscore.errors.topic"


def test_headers_of_an_earlier_failure_give_way() -> None:
    first = dead_letter(batch(), FAILURE, "host-1", "wine")
    again = dead_letter(batch([None, first.headers]), Failure(1, Stage.BIND, Cause.WRONG_TYPE, "again"), "host-2")
    described = describe_dead_letter(again.headers)
    assert described is not None
    assert (described.stage, described.reason, described.instance, described.data_type) == (
        "bind",
        "again",
        "host-2",
        "",
    )
    assert len(again.headers) == 8


def test_they_are_read_back() -> None:
    assert describe_dead_letter(dead_letter(batch(), FAILURE, "host-1", "wine").headers) == DeadLetterDescription(
        topic="models_data",
        partition=3,
        offset=11,
        timestamp_ms=2_000,
        stage="decode",
        cause="undecodable",
        reason="4 bytes are not a wine: ü",
        data_type="wine",
        instance="host-1",
    )


def test_headers_of_others_say_nothing_and_broken_ones_do_no_harm() -> None:
    assert describe_dead_letter([("data-type", b"wine")]) is None
    described = describe_dead_letter([("__streamscore.errors.offset", b"many"), ("__streamscore.errors.reason", None)])
    assert described is not None
    assert (described.offset, described.reason) == (-1, "")


def test_a_long_reason_is_cut_between_characters() -> None:
    letter = dead_letter(batch(), Failure(1, Stage.SCORE, Cause.SCORING_FAILED, "x" + "ü" * 100_000))
    reason = dict(letter.headers)["__streamscore.errors.reason"]
    assert reason is not None
    assert len(reason) <= REASON_BYTES + 3
    assert reason.decode().endswith("ü...")
