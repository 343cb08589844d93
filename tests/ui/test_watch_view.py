"""The full-screen view: whatever there is to show, it fills the screen and never exceeds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from streamscore_cli.api.values import stats_json
from streamscore_cli.core.choices import StatsSort
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.ui.stats_document import Reading
from streamscore_cli.ui.watch_keys import after_key, footer_of
from streamscore_cli.ui.watch_sections import ALL, Section
from streamscore_cli.ui.watch_view import Look, screen_lines, share, shown_models
from tests.views import FakeView, busy_view, in_service

LOOK = Look(zone=UTC)


def document(view: FakeView, name: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(stats_json(view)))
    if name:
        found["instance"]["name"] = name
    return found


def screen(
    servers: list[Mapping[str, object]], size: tuple[int, int], look: Look = LOOK, problems: tuple[str, ...] = ()
) -> str:
    lines = screen_lines(servers, problems, size, look, footer_of(look, 1.0, keys=True))
    assert len(lines) == size[1]
    assert max(line.cell_len for line in lines) <= size[0]
    assert lines[-1].plain
    assert footer_of(look, 1.0, keys=True).startswith(lines[-1].plain.rstrip("…"))
    return "\n".join(line.plain.rstrip() for line in lines) + "\n"


def crowded(models: int) -> dict[str, Any]:
    view = busy_view()
    services = tuple(in_service(ModelIdentity(f"m{number:03}", number, ""), f"t{number}") for number in range(models))
    view.now_models = replace(view.now_models, in_service=services)
    return document(view)


@pytest.mark.parametrize("size", [(80, 24), (40, 24), (100, 50)])
def test_a_busy_instance(size: tuple[int, int], same_as_snapshot: Callable[[str, str], None]) -> None:
    same_as_snapshot(f"watch-{size[0]}x{size[1]}.txt", screen([document(busy_view())], size))


def test_thirty_instances_with_many_models(same_as_snapshot: Callable[[str, str], None]) -> None:
    servers: list[Mapping[str, object]] = [document(busy_view(), f"wine-{number}") for number in range(29)]
    servers.append(crowded(200))
    same_as_snapshot("watch-many-80x24.txt", screen(servers, (80, 24), problems=("a is away", "b is away", "c")))


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (20, 3), (80, 5), (200, 100)])
@pytest.mark.parametrize("servers", [0, 1, 3])
def test_no_size_is_exceeded(size: tuple[int, int], servers: int) -> None:
    screen([document(busy_view())] * servers, size, problems=("x" * 300,) * 5)


@pytest.mark.parametrize("stats", [{}, {"instance": 5}, {"instance": {"models": "x", "history": [1], "recent": 3}}])
def test_what_another_version_says_is_shown_as_far_as_it_is_understood(stats: Mapping[str, object]) -> None:
    assert "records/s" in screen([stats], (80, 24))


def test_an_older_server_without_recent_figures_shows_those_since_the_start() -> None:
    stats = document(busy_view())
    del stats["instance"]["recent"]
    assert "p99 10 s   49.7 ms" in screen([stats], (80, 24))


def test_the_same_model_on_several_instances_is_one_row_with_the_sum_of_its_rates() -> None:
    shown = screen([document(busy_view()), document(busy_view())], (120, 40))
    [row] = [
        line for line in shown.splitlines() if line.startswith("wine") and line.endswith("winequality random forest")
    ]
    assert row.split()[2] == "833"


def test_instances_that_are_not_ready_come_first() -> None:
    away = document(busy_view(), "zebra")
    away["instance"]["ready"] = False
    shown = screen([document(busy_view(), "ant"), away], (100, 40))
    assert shown.index("zebra") < shown.index("ant")
    assert "2 instances, 1 ready" in shown


def test_wide_characters_take_their_room() -> None:
    view = FakeView()
    wine = ModelIdentity("葡萄酒" * 20, 1, "")
    view.now_models = replace(view.now_models, in_service=(in_service(wine),))
    assert "葡萄酒" in screen([document(view)], (60, 24))


def test_control_characters_in_names_do_not_reach_the_terminal() -> None:
    view = FakeView()
    view.now_models = replace(view.now_models, in_service=(in_service(ModelIdentity("a\x1b[2Jb", 1, "")),))
    assert r"a\x1b[2Jb" in screen([document(view, "n\x1bm")], (100, 24))


class TestKeys:
    def test_s_goes_through_all_orders_and_round(self) -> None:
        look, seen = LOOK, []
        for _ in StatsSort:
            changed = after_key(look, "s", 5)
            assert changed is not None
            look = changed
            seen.append(look.sort)
        assert set(seen) == set(StatsSort)
        assert look.sort is LOOK.sort

    def test_a_filter_is_typed_kept_and_dropped(self) -> None:
        look = LOOK
        for key in ("/", "m", "1", "x", "backspace", "q"):
            changed = after_key(look, key, 5)
            assert changed is not None
            look = changed
        assert (look.typing, look.wanted) == (True, "m1q")
        assert "/m1q_" in screen([crowded(10)], (80, 24), look)
        kept = after_key(look, "enter", 5)
        assert kept == replace(LOOK, wanted="m1q")
        assert kept is not None
        assert after_key(kept, "escape", 5) == LOOK

    def test_a_filter_shows_only_what_it_names(self) -> None:
        shown = screen([crowded(200)], (80, 24), replace(LOOK, wanted="m01 t1"))
        assert "m010" in shown
        assert "m020" not in shown
        assert shown_models([crowded(200)], replace(LOOK, wanted="m01 t1")) == 10

    @pytest.mark.parametrize(("keys", "first"), [(("down",), 1), (("end", "up"), 4), (("page-down", "home"), 0)])
    def test_arrows_scroll_within_the_models(self, keys: tuple[str, ...], first: int) -> None:
        look = LOOK
        for key in keys:
            changed = after_key(look, key, 10)
            assert changed is not None
            look = changed
        assert look.first == first

    def test_scrolling_shows_later_models_and_the_last_page_is_full(self) -> None:
        look = replace(LOOK, sort=StatsSort.NAME, first=10**6)
        shown = screen([crowded(20)], (80, 24), look)
        assert "17-22 of 22 MODEL by name" in shown
        assert "m019" in shown
        assert "m000" not in shown.partition("of 22 MODEL")[2].partition("TIME")[0]

    def test_q_ends(self) -> None:
        assert after_key(LOOK, "q", 5) is None


def test_sections_share_the_room_in_their_order() -> None:
    def section(rows: int, least: int = 1, most: int = ALL) -> Section:
        return Section((), [()] * rows, least, most)

    assert share([section(9, 3), section(9, most=2), section(9)], 14, 1) == [4, 2, 2]
    assert share([section(9, 3), section(9)], 5, 1) == [3, None]
    assert share([section(2), section(0)], 3, 0) == [1, 0]
    assert share([section(9), section(9, most=2)], 20, 1) == [9, 2]
    assert share([section(2)], 0, 0) == [None]


def test_models_of_all_instances_are_counted_once() -> None:
    assert shown_models([crowded(7), crowded(7)], LOOK) == 9
    assert not Reading({}).parts("models")
