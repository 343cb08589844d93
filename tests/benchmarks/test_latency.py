from __future__ import annotations

from benchmarks.latency import orders


def test_every_server_is_first_in_turn_after_one_run_that_warms_up_the_broker() -> None:
    warm_up, *rounds = orders(["a", "b", "c"], 4)
    assert list(warm_up) == ["a"]
    assert [list(order) for order in rounds] == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]
