"""`streamscore stats`: asks running servers for their state and shows it; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import JsonOption, WatchOption, duration_s, plain_option
from streamscore_cli.core.choices import StatsSort
from streamscore_cli.core.errors import ServerUnreachable, UsageProblem

if TYPE_CHECKING:
    from streamscore_cli.api.client import ServerAddress
    from streamscore_cli.config.settings import ModelServerSettings
    from streamscore_cli.runtime.stopping import StopSignals
    from streamscore_cli.ui.watch_view import Look

AT_ONCE = 16
"""Servers that are asked at the same time."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of asking brought: the `/stats` objects, and why some servers gave none."""

    found: Sequence[Mapping[str, Any]]
    missing: Sequence[ServerUnreachable]


@dataclass(frozen=True, slots=True)
class Form:
    """How rounds are written: as JSON or for people; one server alone is no list."""

    json: bool
    single: bool


Ask = Callable[[], Round]


def stats(
    ctx: typer.Context,
    servers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[URL]...", help="Servers to ask, as http://host:port; without any, the one of the settings."
        ),
    ] = None,
    *,
    watch: WatchOption = False,
    interval: Annotated[
        str,
        plain_option("--interval", "From round to round of --watch.", env="STREAMSCORE_STATS_INTERVAL", metavar="TIME"),
    ] = "1 second",
    sort: Annotated[
        StatsSort,
        plain_option(
            "--sort", "By what models are sorted; in --watch the key s changes it.", env="STREAMSCORE_STATS_SORT"
        ),
    ] = StatsSort.RATE,
    filter: Annotated[
        str,
        plain_option(
            "--filter",
            "Only models with these words in data type, name, version or engine; in --watch the key /.",
            env="STREAMSCORE_STATS_FILTER",
            metavar="WORDS",
        ),
    ] = "",
    json: JsonOption = False,
) -> None:
    """Show what running servers do.

    Records, rates and latencies of the last seconds, the models in service and their swaps, sinks, last scores. With
    --watch a full screen on a terminal, else a line a server and round; with --json one document with all of it, or
    with both a JSON document a line and round.
    """
    from streamscore_cli.api.client import parse_address

    environment = environment_of(ctx)
    server = environment.settings().model_server
    addresses = [parse_address(text) for text in servers or []] or [_own_address(server)]

    def ask() -> Round:
        return _ask(addresses, server.token)

    look = _look(environment, sort, filter)
    if watch:
        _watch(environment, ask, _interval_s(interval), look, Form(json=json, single=len(addresses) == 1))
        return
    now = ask()
    if json and now.found:
        environment.print_json(_document(now, single=len(addresses) == 1))
    elif now.found:
        from streamscore_cli.ui.stats_view import render_stats

        out = environment.out()
        out.print(render_stats(now.found, out.width, look))
    _raise_first(environment, now.missing)


def _look(environment: Environment, sort: StatsSort, wanted: str) -> Look:
    from streamscore_cli.ui.watch_view import Look

    encoding = getattr(environment.stdout, "encoding", None) or "utf-8"
    return Look(sort, wanted, ascii_only=not encoding.lower().startswith("utf"))


def _own_address(server: ModelServerSettings) -> ServerAddress:
    from streamscore_cli.api.client import ServerAddress

    if not server.port:
        hint = "Name the server: streamscore stats http://host:port"
        raise UsageProblem("The setting model_server.port is 0, any free port: no telling where a server is.", hint)
    return ServerAddress("http", reachable(server.host), server.port)


def reachable(host: str) -> str:
    """Return the address to ask what listens at `host`: this machine's own where that is all of them."""
    from ipaddress import ip_address

    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if ":" in host else "127.0.0.1"


def _interval_s(text: str) -> float:
    seconds = duration_s("--interval", text)
    if not seconds:
        raise UsageProblem(f"--interval {text}: that is no time at all.", "Such as '1 second' or '200 ms'.")
    return seconds


def _ask(addresses: Sequence[ServerAddress], token: str) -> Round:
    """Ask all servers at the same time, so that one that hangs costs the others nothing."""
    from concurrent.futures import ThreadPoolExecutor

    from streamscore_cli.api.client import fetch_stats

    def answer_of(address: ServerAddress) -> Mapping[str, Any] | ServerUnreachable:
        try:
            return fetch_stats(address, token)
        except ServerUnreachable as error:
            return error

    if len(addresses) == 1:
        answers = [answer_of(addresses[0])]
    else:
        with ThreadPoolExecutor(min(len(addresses), AT_ONCE)) as pool:
            answers = list(pool.map(answer_of, addresses))
    return Round(
        [answer for answer in answers if not isinstance(answer, ServerUnreachable)],
        [answer for answer in answers if isinstance(answer, ServerUnreachable)],
    )


def _document(now: Round, *, single: bool) -> object:
    return now.found[0] if single else list(now.found)


def _raise_first(environment: Environment, missing: Sequence[ServerUnreachable]) -> None:
    """Raise the first error, after a line for each of the others: `main` shows it and exits with its code."""
    for error in missing[1:]:
        environment.say(str(error))
    if missing:
        raise missing[0]


def _watch(environment: Environment, ask: Ask, interval_s: float, look: Look, form: Form) -> None:
    """Show round after round until Ctrl-C or SIGTERM; a server that goes away is waited for, one must be there."""
    from streamscore_cli.runtime.stopping import StopSignals

    first = ask()
    if not first.found:
        _raise_first(environment, first.missing)
    with StopSignals() as stop:
        if environment.stdout.isatty() and environment.environ.get("TERM") != "dumb" and not form.json:
            _watch_screen(environment, ask, first, stop, interval_s, look)
            return
        now = first
        while True:
            _print_round(environment, now, form)
            stop.wait(interval_s)
            if stop.requested:
                return
            now = ask()


def _print_round(environment: Environment, now: Round, form: Form) -> None:
    from streamscore_cli.ui.stats_view import status_line

    if form.json and now.found:
        environment.print_json(_document(now, single=form.single), indent=False)
    elif not form.json:
        for found in now.found:
            environment.print(status_line(found))
    for error in now.missing:
        environment.say(str(error))
    environment.stdout.flush()


def _watch_screen(
    environment: Environment, ask: Ask, first: Round, stop: StopSignals, interval_s: float, look: Look
) -> None:
    from streamscore_cli.ui.screen import Keyboard, Screen
    from streamscore_cli.ui.watch_keys import after_key, footer_of
    from streamscore_cli.ui.watch_view import screen_lines, shown_models

    now, clock = first, environment.clock
    due_s = clock.monotonic_s() + interval_s
    with Screen(environment.out()) as screen, Keyboard(environment.stdin) as keyboard:
        while not stop.requested:
            footer = footer_of(look, interval_s, keys=keyboard.present)
            problems = [error.message for error in now.missing]
            screen.show(screen_lines(now.found, problems, screen.size, look, footer))
            for key in keyboard.wait(due_s - clock.monotonic_s(), stop.descriptor):
                after = after_key(look, key, shown_models(now.found, look))
                if after is None:
                    return
                look = after
            if clock.monotonic_s() >= due_s and not stop.requested:
                now = ask()
                due_s = clock.monotonic_s() + interval_s
