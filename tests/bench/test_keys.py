"""Keys of a run: read back in bulk, told from all others, spread as Java's producer would."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from confluent_kafka import murmur2

from streamscore_cli.bench.keys import RunKeys

KEYS = RunKeys("1a2b3c4d")


def test_a_key_is_text_with_run_and_number() -> None:
    assert KEYS.make(1234, 2) == [b"bench-1a2b3c4d-0000001234", b"bench-1a2b3c4d-0000001235"]


def test_all_of_a_batch_are_read_back_in_order() -> None:
    numbers = [5, 3, 4_294_967_295, 0, 3]
    keys = [KEYS.make(number, 1)[0] for number in numbers]
    assert KEYS.numbers(keys).tolist() == numbers


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        b"",
        b"bench-99999999-0000000001",
        b"bench-1a2b3c4d-00000000x1",
        b"bench-1a2b3c4d-000000001",
        b"bench-1a2b3c4d-00000000011",
        b"1",
    ],
)
def test_keys_of_others_are_left_out_and_cost_no_other(foreign: bytes | None) -> None:
    assert KEYS.numbers([*KEYS.make(7, 1), foreign, *KEYS.make(8, 1)]).tolist() == [7, 8]
    assert KEYS.numbers([foreign]).tolist() == []


def test_two_keys_of_other_lengths_do_not_pass_for_two_of_ours() -> None:
    short, long = b"bench-1a2b3c4d-00000000", b"12bench-1a2b3c4d-0000000007"
    assert len(short + long) == 2 * len(KEYS.make(0, 1)[0])
    assert KEYS.numbers([short, long]).tolist() == []


def test_nothing_is_no_number() -> None:
    assert KEYS.numbers([]).dtype == np.uint32
    assert len(KEYS.numbers([])) == 0


def test_runs_differ() -> None:
    assert RunKeys.fresh().run != RunKeys.fresh().run


def test_partitions_get_even_shares() -> None:
    shares = Counter((murmur2(key, 4)) for key in RunKeys.fresh().make(0, 40_000))
    assert set(shares) == {0, 1, 2, 3}
    assert all(abs(count - 10_000) < 500 for count in shares.values())
