"""The notice board of the models thread."""

from __future__ import annotations

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.board import MOST_EVENTS, ModelsBoard
from streamscore_cli.state.snapshots import ModelInService, ModelState


def service(data_type: str, name: str, version: int, since_ms: int = 5) -> ModelInService:
    return ModelInService(data_type, ModelIdentity(name, version, "ab"), "", "pmml", "pmml", 100, since_ms, 1.5)


def test_a_swap_replaces_the_model_of_its_data_type_only() -> None:
    board = ModelsBoard()
    forest, tree, beer = service("wine", "forest", 1), service("wine", "tree", 3, since_ms=9), service("beer", "b", 2)
    board.swapped(forest)
    board.swapped(beer)
    board.swapped(tree, forest.model)
    now = board.snapshot()
    assert now.in_service == (beer, tree)
    assert now.declared == {"wine", "beer"}
    assert now.swaps == 3
    assert [(event.model.name, event.previous) for event in now.events] == [
        ("forest", ""),
        ("b", ""),
        ("tree", "forest"),
    ]
    assert (now.events[-1].state, now.events[-1].at_ms) == (ModelState.AVAILABLE, 9)


def test_a_rejection_leaves_the_model_in_service() -> None:
    board = ModelsBoard()
    board.swapped(service("wine", "forest", 1))
    board.loading("bad")
    board.rejected("wine", ModelIdentity("bad", 2, ""), "no root element", 77)
    now = board.snapshot()
    assert [found.model.name for found in now.in_service] == ["forest"]
    assert (now.loading, now.rejections, now.swaps) == ("", 1, 1)
    last = now.events[-1]
    assert (last.state, last.reason, last.at_ms) == (ModelState.REJECTED, "no root element", 77)


def test_events_are_bounded_and_counts_go_on() -> None:
    board = ModelsBoard()
    for version in range(MOST_EVENTS + 5):
        board.swapped(service("wine", "forest", version))
    assert len(board.snapshot().events) == MOST_EVENTS
    assert board.snapshot().events[-1].model.version == MOST_EVENTS + 4
    assert board.snapshot().swaps == MOST_EVENTS + 5


def test_declared_data_types_stay_and_a_snapshot_never_changes() -> None:
    board = ModelsBoard()
    before = board.snapshot()
    board.declared(["wine"])
    board.declared({"beer"})
    board.loading("forest")
    board.caught_up()
    now = board.snapshot()
    assert now.declared == {"wine", "beer"}
    assert (now.loading, now.caught_up) == ("forest", True)
    assert (before.declared, before.loading, before.caught_up) == (frozenset(), "", False)
