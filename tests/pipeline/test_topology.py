from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.choices import NoModel, OnError
from streamscore_cli.core.errors import DeliveryFailed, RecordRefused
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.pipeline.batch_size import FIRST
from streamscore_cli.records.dead_letters import PREFIX
from tests.topology import Topology


def test_records_become_results_that_name_their_source_and_their_model() -> None:
    topology = Topology(b"number:2")
    topology.feed(1, {"x": 21}, key=b"k")
    topology.step()
    [result] = topology.results
    assert result["result"] == 42
    assert result["data_type"] == "number"
    assert {key: result["model"][key] for key in ("name", "version")} == {"name": "times 2", "version": 0}
    assert result["source"] == {"topic": "in", "partition": 1, "offset": 0, "timestamp": 1}
    [sent] = topology.checkpoint.produced
    assert (sent.topic, list(sent.keys), list(sent.partitions)) == ("out", [b"k"], [1])
    assert topology.checkpoint.committed == {("in", 1): 1}


def test_a_swap_takes_effect_between_two_batches_and_loses_nothing() -> None:
    topology = Topology(b"number:2")
    topology.feed(0, {"x": 1}, {"x": 2})
    topology.step()
    topology.publish_model(b"number:10")
    topology.feed(0, {"x": 3})
    topology.step()
    assert topology.answers == [2, 4, 30]
    assert [result["model"]["version"] for result in topology.results] == [0, 0, 1]


def test_bad_records_become_dead_letters_and_cost_the_others_nothing() -> None:
    topology = Topology(b"number:2")
    topology.feed(0, {"x": 1}, b"{junk", {"x": "text"}, None, {"x": 5, "kind": "unheard"}, {"x": 4}, key=b"k")
    topology.step()
    assert topology.answers == [2, 8]
    letters = topology.checkpoint.letters
    assert [letter.value for letter in letters[:1]] == [b"{junk"]
    assert {letter.value for letter in letters} == {
        b"{junk",
        b'{"x": "text"}',
        None,
        b'{"x": 5, "kind": "unheard"}',
    }
    assert all(letter.key == b"k" for letter in letters)
    topology.recorder.publish(force=True)
    counts = topology.recorder.snapshot()
    assert counts.dead_letters == {
        (Stage.DECODE, Cause.UNDECODABLE): 1,
        (Stage.DECODE, Cause.NULL_VALUE): 1,
        (Stage.BIND, Cause.WRONG_TYPE): 1,
        (Stage.ROUTE, Cause.UNKNOWN_DATA_TYPE): 1,
    }
    assert (counts.records, counts.results) == (6, 2)
    assert topology.checkpoint.committed == {("in", 0): 6}


def test_results_of_several_data_types_keep_the_order_of_their_records() -> None:
    topology = Topology(b"number:2", b"other:3")
    topology.feed(0, {"x": 1}, {"x": 1, "kind": "other"}, {"x": 2}, {"x": 2, "kind": "other"})
    topology.step()
    assert topology.answers == [2, 3, 4, 6]
    assert [result["source"]["offset"] for result in topology.results] == [0, 1, 2, 3]


def test_data_types_with_the_same_model_are_scored_at_once_and_answered_each_by_its_own() -> None:
    topology = Topology(b"number:2", b"other:2", b"third:3")
    kinds = ["number", "other", "third", "other", "number"]
    topology.feed(0, *({"x": number, "kind": kind} for number, kind in enumerate(kinds)), {"x": "no", "kind": "other"})
    for servable in topology.engine.loaded:
        servable.batches.clear()
    topology.step()
    assert sorted(servable.batches for servable in topology.engine.loaded) == [[], [1], [4]]
    assert topology.answers == [0, 2, 6, 6, 8]
    assert [result["data_type"] for result in topology.results] == kinds
    versions = {result["data_type"]: result["model"]["version"] for result in topology.results}
    assert versions == {"number": 0, "other": 1, "third": 2}
    [letter] = topology.checkpoint.letters
    assert dict(letter.headers)[f"{PREFIX}data.type"] == b"other"
    topology.recorder.publish(force=True)
    uses = {use.data_type: use.invocations for use in topology.recorder.snapshot().models}
    assert uses == {"number": 2, "other": 2, "third": 1}


def test_a_row_that_fails_among_data_types_scored_at_once_moves_no_other() -> None:
    topology = Topology(b"number:2", b"other:2")
    rows = [(1, "other"), ("no", "number"), (2, "number"), (3, "other"), ("no", "other"), (4, "number")]
    topology.feed(0, *({"x": x, "kind": kind} for x, kind in rows))
    topology.step()
    found = [(result["source"]["offset"], result["result"], result["data_type"]) for result in topology.results]
    assert found == [(0, 2, "other"), (2, 4, "number"), (3, 6, "other"), (5, 8, "number")]
    assert [dict(letter.headers)[f"{PREFIX}data.type"] for letter in topology.checkpoint.letters] == [
        b"number",
        b"other",
    ]


def test_records_of_a_declared_type_without_a_model_wait_and_others_go_on() -> None:
    topology = Topology(b"number:2", b"late:nonsense")
    topology.feed(0, {"x": 1}, {"x": 2, "kind": "late"}, {"x": 3})
    topology.feed(1, {"x": 4})
    topology.step()
    assert topology.answers == [2, 8]
    assert topology.checkpoint.committed == {("in", 0): 1, ("in", 1): 1}
    topology.feed(1, {"x": 5})
    topology.step()
    assert topology.answers == [2, 8, 10]
    topology.publish_model(b"late:100")
    topology.step()
    assert topology.answers == [2, 8, 10, 200, 6]
    assert topology.checkpoint.committed == {("in", 0): 3, ("in", 1): 2}
    assert not topology.checkpoint.letters


def test_waiting_is_shown_and_said_again(caplog: pytest.LogCaptureFixture) -> None:
    topology = Topology(b"number:2", b"late:nonsense")
    topology.feed(0, {"x": 2, "kind": "late"})
    topology.step()
    topology.clock.advance(31)
    with caplog.at_level(logging.WARNING, "streamscore.scoring"):
        topology.step()
        topology.step()
    topology.recorder.publish(force=True)
    assert topology.recorder.snapshot().waiting == {("in", 0): "late"}
    assert caplog.text.count("in[0] still waits: no model for data type 'late'") == 1


@pytest.mark.parametrize(
    ("no_model", "letters", "dropped"), [(NoModel.DROP, 0, {Cause.NO_MODEL: 1}), (NoModel.DEAD_LETTER, 1, {})]
)
def test_an_operator_may_choose_not_to_wait(no_model: NoModel, letters: int, dropped: dict[Cause, int]) -> None:
    topology = Topology(b"number:2", b"late:nonsense", no_model=no_model)
    topology.feed(0, {"x": 2, "kind": "late"}, {"x": 3})
    topology.step()
    topology.recorder.publish(force=True)
    assert topology.answers == [6]
    assert len(topology.checkpoint.letters) == letters
    assert topology.recorder.snapshot().dropped == dropped
    assert topology.checkpoint.committed == {("in", 0): 2}


def test_to_skip_counts_what_it_leaves_out() -> None:
    topology = Topology(b"number:2", on_error=OnError.SKIP)
    topology.feed(0, b"junk", {"x": 1})
    topology.step()
    topology.recorder.publish(force=True)
    assert topology.answers == [2]
    assert topology.recorder.snapshot().dropped == {Cause.UNDECODABLE: 1}
    assert not topology.checkpoint.letters


def test_to_stop_commits_what_was_complete_and_nothing_of_the_batch_in_hand() -> None:
    topology = Topology(b"number:2", on_error=OnError.STOP)
    topology.feed(0, {"x": 1})
    topology.step()
    topology.feed(0, {"x": 2}, b"junk")
    with pytest.raises(RecordRefused, match=r"in\[0\]@2"):
        topology.records_loop.run(lambda: False)
    assert topology.checkpoint.committed == {("in", 0): 1}
    assert topology.source.closed


def test_a_failed_delivery_commits_nothing() -> None:
    topology = Topology(b"number:2")
    topology.checkpoint.refuse = DeliveryFailed("The broker refused it.")
    topology.feed(0, {"x": 1})
    with pytest.raises(DeliveryFailed):
        topology.records_loop.run(lambda: False)
    assert topology.checkpoint.committed == {}
    assert topology.source.closed


def test_a_result_too_large_for_its_topic_is_a_dead_letter() -> None:
    topology = Topology(b"number:2", max_result_bytes=10)
    topology.feed(0, {"x": 1})
    topology.step()
    assert not topology.results
    [letter] = topology.checkpoint.letters
    assert any(b"result-too-large" in (value or b"") for _, value in letter.headers)


def test_to_end_finishes_and_leaves() -> None:
    topology = Topology(b"number:2")
    topology.feed(0, {"x": 1})
    topology.step()
    topology.records_loop.run(lambda: True)
    assert topology.source.closed
    assert topology.checkpoint.committed == {("in", 0): 1}


RECORDS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.one_of(
            st.builds(lambda x: {"x": x}, st.integers(-5, 5)),
            st.just({"x": 1, "kind": "late"}),
            st.just({"x": 1, "kind": "unheard"}),
            st.sampled_from([b"junk", None]),
        ),
    ),
    max_size=30,
)


@given(RECORDS, st.integers(0, 3))
def test_every_record_ends_exactly_once_as_a_result_or_a_dead_letter(
    records: list[tuple[int, object]], batches: int
) -> None:
    topology = Topology(b"number:2", b"late:nonsense")
    for place, (partition, value) in enumerate(records):
        topology.feed(partition, value)
        if batches and place % (batches * 3) == 0:
            topology.step()
    topology.step()
    topology.publish_model(b"late:7")
    topology.step()
    topology.step()
    done = [(result["source"]["partition"], result["source"]["offset"]) for result in topology.results]
    assert len(done) == len(set(done))
    assert len(done) + len(topology.checkpoint.letters) == len(records)
    assert topology.checkpoint.committed == {
        ("in", number): len(log) for number, log in topology.source.logs.items() if log
    }
    good = sum(1 for _, value in records if isinstance(value, dict) and value.get("kind") != "unheard")
    assert len(done) == good
    assert json.dumps(done)


def test_a_slow_model_is_given_few_records_at_a_time_and_comes_on() -> None:
    topology = Topology(b"number:2")
    topology.engine.loaded[0].cost = lambda records: topology.clock.advance(0.1 * records)
    topology.feed(0, *({"x": number} for number in range(300)))
    for _ in range(60):
        committed = topology.checkpoint.committed.get(("in", 0), 0)
        topology.step()
        if committed < 300:
            assert topology.checkpoint.committed["in", 0] > committed
    assert topology.source.asked[1] <= 5
    assert len(topology.answers) == 300


def test_results_wait_for_company_only_where_a_backlog_brings_it() -> None:
    topology = Topology(b"number:2")
    topology.feed(0, *({"x": number} for number in range(FIRST)))
    topology.step()
    assert topology.source.asked == [FIRST]
    assert topology.checkpoint.hurried == 0
    topology.feed(0, {"x": 1})
    topology.step()
    assert topology.checkpoint.hurried == 1


def test_a_dead_letter_names_the_data_type_it_was_for() -> None:
    topology = Topology(b"number:2")
    topology.feed(0, {"x": "text"})
    topology.step()
    assert ("__streamscore.errors.data.type", b"number") in topology.checkpoint.letters[0].headers
