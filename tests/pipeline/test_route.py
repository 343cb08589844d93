from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.batch import Headers, RecordBatch
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.pipeline.route import Routed, Standing, TopicRecords, next_offsets, route
from streamscore_cli.records.codec import Decoded
from streamscore_cli.records.json_codec import JsonCodec

STANDINGS = {"served": Standing.SERVED, "waits": Standing.WAITING, "modelless": Standing.NO_MODEL}


def standing(name: str) -> Standing:
    return STANDINGS.get(name, Standing.UNKNOWN)


def records(default: str = "") -> TopicRecords:
    return TopicRecords(JsonCodec(), "kind", default, {}, "results")


def batch_of(partitions: list[int], headers: list[Headers | None] | None = None) -> RecordBatch:
    """Return records whose offsets count up from 10 in each partition."""
    next_offset: dict[int, int] = {}
    offsets = []
    for partition in partitions:
        offsets.append(next_offset.get(partition, 10))
        next_offset[partition] = offsets[-1] + 1
    count = len(partitions)
    return RecordBatch("t", [b""] * count, [None] * count, partitions, offsets, [0] * count, headers)


def decoded_of(kinds: list[str | None], failed: tuple[int, ...] = ()) -> Decoded:
    rows = np.array([row for row in range(len(kinds)) if row not in failed], dtype=np.intp)
    column = np.empty(len(rows), dtype=object)
    column[:] = [kinds[row] for row in rows]
    failures = tuple(Failure(row, Stage.DECODE, Cause.UNDECODABLE, "junk") for row in failed)
    return Decoded(Columns(len(rows), {"x": rows.astype(float), "kind": column}), rows, failures)


def rows_of(routed: Routed) -> dict[str, list[int]]:
    return {group.data_type: group.rows.tolist() for group in routed.groups}


def test_rows_of_one_served_type_go_through_as_they_are() -> None:
    routed = route(batch_of([0, 0]), decoded_of(["served", "served"]), records(), standing)
    assert rows_of(routed) == {"served": [0, 1]}
    assert routed.groups[0].columns.names == ("x",)


def test_the_header_wins_over_the_field_and_the_field_over_the_topics_default() -> None:
    headers: list[Headers | None] = [[("data-type", b"served")], None, None]
    routed = route(batch_of([0, 0, 0], headers), decoded_of(["junk", "served", None]), records("served"), standing)
    assert rows_of(routed) == {"served": [0, 1, 2]}


def test_an_undeclared_data_type_and_none_at_all_fail_their_rows_alone() -> None:
    routed = route(batch_of([0, 0, 0]), decoded_of(["served", "junk", ""]), records(), standing)
    assert rows_of(routed) == {"served": [0]}
    assert [(failure.row, failure.cause) for failure in routed.failures] == [
        (1, Cause.UNKNOWN_DATA_TYPE),
        (2, Cause.UNKNOWN_DATA_TYPE),
    ]
    assert "'junk'" in routed.failures[0].reason


def test_a_declared_data_type_without_a_model_fails_with_its_own_cause() -> None:
    routed = route(batch_of([0]), decoded_of(["modelless"]), records(), standing)
    assert [failure.cause for failure in routed.failures] == [Cause.NO_MODEL]


def test_a_waiting_row_cuts_its_partition_and_no_other() -> None:
    kinds: list[str | None] = ["served", "served", "waits", "served", "served", "junk"]
    batch = batch_of([0, 1, 0, 0, 1, 0])
    routed = route(batch, decoded_of(kinds), records(), standing)
    assert rows_of(routed) == {"served": [0, 1, 4]}
    assert routed.failures == ()
    assert routed.holds == {("t", 0): 11}
    assert routed.waits_for == {("t", 0): "waits"}
    assert next_offsets(batch, routed.holds) == {("t", 0): 11, ("t", 1): 12}


def test_failures_of_decoding_behind_the_cut_come_again_too() -> None:
    routed = route(batch_of([0, 0, 0]), decoded_of(["junk?", "waits", "x"], failed=(0, 2)), records(), standing)
    assert [failure.row for failure in routed.failures] == [0]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["served", "waits", "modelless", "junk"])), max_size=40),
    st.sets(st.integers(0, 39)),
)
def test_every_row_is_grouped_failed_or_held_and_only_what_lies_before_a_hold_is_done(
    rows: list[tuple[int, str]], failed: set[int]
) -> None:
    batch = batch_of([partition for partition, _ in rows])
    decoded = decoded_of([kind for _, kind in rows], tuple(row for row in failed if row < len(rows)))
    routed = route(batch, decoded, records(), standing)
    scored = {row for group in routed.groups for row in group.rows.tolist()}
    refused = [failure.row for failure in routed.failures]
    held = {
        row for row in range(len(rows)) if batch.offsets[row] >= routed.holds.get(("t", batch.partitions[row]), 10**9)
    }
    assert len(refused) == len(set(refused))
    assert scored | set(refused) | held == set(range(len(rows)))
    assert not scored & set(refused)
    assert not (scored | set(refused)) & held
    done = next_offsets(batch, routed.holds)
    for row in scored | set(refused):
        assert batch.offsets[row] < done["t", batch.partitions[row]]
    for row in held:
        assert batch.offsets[row] >= done["t", batch.partitions[row]]
