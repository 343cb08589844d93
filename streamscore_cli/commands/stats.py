"""`streamscore stats`: asks running servers for their state and shows it; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import JsonOption, WatchOption, plain_option
from streamscore_cli.core.errors import ServerUnreachable, UsageProblem

if TYPE_CHECKING:
    from rich.console import RenderableType

    from streamscore_cli.api.client import ServerAddress
    from streamscore_cli.config.settings import ModelServerSettings
    from streamscore_cli.runtime.stopping import StopSignals

SHORTEST_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of asking brought: the `/stats` objects, and why some servers gave none."""

    found: Sequence[Mapping[str, Any]]
    missing: Sequence[ServerUnreachable]


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
    json: JsonOption = False,
) -> None:
    """Show what running servers do.

    Records, rates, latencies, the models in service and their swaps, last scores. With --watch a full screen on a
    terminal, else a line a server and round; with --json one document, or with both a JSON document a line and round.
    """
    from streamscore_cli.api.client import parse_address

    environment = environment_of(ctx)
    server = environment.settings().model_server
    addresses = [parse_address(text) for text in servers or []] or [_own_address(server)]

    def ask() -> Round:
        return _ask(addresses, server.token)

    if watch:
        _watch(environment, ask, _interval_s(interval), json=json, single=len(addresses) == 1)
        return
    now = ask()
    if json and now.found:
        environment.print_json(_document(now, single=len(addresses) == 1))
    elif now.found:
        out = environment.out()
        out.print(_tables(now, out.width))
    _raise_first(environment, now.missing)


def _own_address(server: ModelServerSettings) -> ServerAddress:
    from streamscore_cli.api.client import ServerAddress

    if not server.port:
        hint = "Name the server: streamscore stats http://host:port"
        raise UsageProblem("The setting model_server.port is 0, any free port: no telling where a server is.", hint)
    return ServerAddress("http", _reachable(server.host), server.port)


def _reachable(host: str) -> str:
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
    from streamscore_cli.config.durations import parse_duration

    return max(parse_duration(text), SHORTEST_INTERVAL_S)


def _ask(addresses: Sequence[ServerAddress], token: str) -> Round:
    from streamscore_cli.api.client import fetch_stats

    found: list[Mapping[str, Any]] = []
    missing: list[ServerUnreachable] = []
    for address in addresses:
        try:
            found.append(fetch_stats(address, token))
        except ServerUnreachable as error:
            missing.append(error)
    return Round(found, missing)


def _document(now: Round, *, single: bool) -> object:
    return now.found[0] if single else list(now.found)


def _tables(now: Round, width: int) -> RenderableType:
    from streamscore_cli.ui.stats_view import render_stats

    return render_stats(now.found, width)


def _raise_first(environment: Environment, missing: Sequence[ServerUnreachable]) -> None:
    """Raise the first error, after a line for each of the others: `main` shows it and exits with its code."""
    for error in missing[1:]:
        environment.say(str(error))
    if missing:
        raise missing[0]


def _watch(environment: Environment, ask: Ask, interval_s: float, *, json: bool, single: bool) -> None:
    """Show round after round until Ctrl-C or SIGTERM; a server that goes away is waited for, one must be there."""
    from streamscore_cli.runtime.stopping import StopSignals

    first = ask()
    if not first.found:
        _raise_first(environment, first.missing)
    with StopSignals() as stop:
        if environment.stdout.isatty() and not json:
            _watch_screen(environment, ask, first, stop, interval_s)
            return
        now = first
        while True:
            _print_round(environment, now, json=json, single=single)
            stop.wait(interval_s)
            if stop.requested:
                return
            now = ask()


def _print_round(environment: Environment, now: Round, *, json: bool, single: bool) -> None:
    from streamscore_cli.ui.stats_view import status_line

    if json and now.found:
        environment.print_json(_document(now, single=single), indent=False)
    elif not json:
        for found in now.found:
            environment.print(status_line(found))
    for error in now.missing:
        environment.say(str(error))
    environment.stdout.flush()


def _watch_screen(environment: Environment, ask: Ask, first: Round, stop: StopSignals, interval_s: float) -> None:
    from rich.live import Live

    console = environment.out()
    now = first
    with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        while True:
            live.update(_screen(now, console.size, interval_s), refresh=True)
            stop.wait(interval_s)
            if stop.requested:
                return
            now = ask()


def _screen(now: Round, size: tuple[int, int], interval_s: float) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from streamscore_cli.ui.stats_view import render_stats, rows_for

    width, height = size

    problems = [Text(error.message, style="bold red") for error in now.missing]
    footer = Text(f"every {interval_s:g} s; Ctrl-C ends", style="dim")
    rows = rows_for(height // max(len(now.found), 1))
    tables = [render_stats(now.found, width, rows=rows)] if now.found else []
    return Group(*problems, *tables, Text(), footer)
