"""Dead letters cut to a limit: never longer than it, and saying what was cut."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from streamscore_cli.core.batch import DeadLetter
from streamscore_cli.core.message_size import message_bytes
from streamscore_cli.kafka.letter_size import fitted
from streamscore_cli.records.dead_letters import PREFIX

LIMIT = 10_000
STAGE: tuple[str, bytes | None] = (f"{PREFIX}stage", b"decode")
REASON: tuple[str, bytes | None] = (f"{PREFIX}reason", "ä".encode() * 2000)


def said(letter: DeadLetter) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX): (value or b"").decode() for name, value in letter.headers if name.startswith(PREFIX)
    }


def test_letter_that_fits_is_left_alone() -> None:
    letter = DeadLetter(b"key", b"value", 5, [("own", b"1"), STAGE])
    assert fitted(letter, message_bytes(letter.key, letter.value, letter.headers)) is letter


def test_too_long_value_keeps_its_beginning_and_says_what_it_was() -> None:
    value = bytes(range(256)) * 100
    cut = fitted(DeadLetter(b"key", value, 5, [("own", b"1"), STAGE]), LIMIT)
    assert cut.key == b"key"
    assert cut.value
    assert value.startswith(cut.value)
    assert len(cut.value) > LIMIT - 2000
    assert cut.headers[:2] == [("own", b"1"), STAGE]
    assert said(cut) == {
        "stage": "decode",
        "truncated": "value",
        "original.bytes": "25600",
        "original.sha256": hashlib.sha256(value).hexdigest(),
    }


def test_too_large_key_goes_and_the_value_stays() -> None:
    key = b"k" * LIMIT
    cut = fitted(DeadLetter(key, b"value", 5, [STAGE]), LIMIT)
    assert (cut.key, cut.value) == (None, b"value")
    assert said(cut) == {
        "stage": "decode",
        "truncated": "key",
        "original.key.bytes": str(LIMIT),
        "original.key.sha256": hashlib.sha256(key).hexdigest(),
    }


def test_too_large_headers_go_and_ours_stay() -> None:
    cut = fitted(DeadLetter(b"key", b"value", 5, [("own", b"x" * LIMIT), STAGE]), LIMIT)
    assert (cut.key, cut.value) == (b"key", b"value")
    assert said(cut) == {"stage": "decode", "truncated": "headers"}
    assert "own" not in dict(cut.headers)


def test_null_value_stays_null() -> None:
    cut = fitted(DeadLetter(b"k" * LIMIT, None, 5, [STAGE]), LIMIT)
    assert cut.value is None
    assert said(cut)["truncated"] == "key"


@pytest.mark.parametrize("limit", [2000, 3000])
def test_where_next_to_nothing_is_taken_the_reason_is_cut_too(limit: int) -> None:
    cut = fitted(DeadLetter(b"key", b"v" * 5000, 5, [STAGE, REASON]), limit)
    assert message_bytes(cut.key, cut.value, cut.headers) <= limit
    assert "ä".encode() in (dict(cut.headers)[REASON[0]] or b"")


sizes = some.one_of(some.none(), some.integers(0, 3 * LIMIT))


@given(key=sizes, value=sizes, own=sizes, reason=some.integers(0, 4096))
def test_no_letter_is_longer_than_the_limit(key: int | None, value: int | None, own: int | None, reason: int) -> None:
    headers = [STAGE, (f"{PREFIX}reason", b"r" * reason)]
    if own is not None:
        headers.insert(0, ("own", b"h" * own))
    letter = DeadLetter(None if key is None else b"k" * key, None if value is None else b"v" * value, 5, headers)
    cut = fitted(letter, LIMIT)
    assert message_bytes(cut.key, cut.value, cut.headers) <= LIMIT
    assert (cut is letter) == ("truncated" not in said(cut))
