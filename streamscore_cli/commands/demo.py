"""`streamscore demo`: everything at once, live; what runs is in `runtime.demo`, how it looks in `ui.demo_view`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import plain_option
from streamscore_cli.core.errors import StreamscoreError, TimedOut, UsageProblem

if TYPE_CHECKING:
    from streamscore_cli.runtime.demo import Demo
    from streamscore_cli.runtime.stopping import StopSignals

WITHOUT_TERMINAL_S = 30.0
FIRST_SCORE_WAIT_S = 60.0
DRAIN_WAIT_S = 5.0
REFRESH_S = 0.5
LINE_EVERY_S = 5.0


@dataclass(slots=True)
class _Run:
    """One run of the demo: what it asks, and what the server said last."""

    environment: Environment
    demo: Demo
    stop: StopSignals
    http: str
    brokers: str
    last: Mapping[str, Any]

    def ask(self) -> Mapping[str, Any]:
        """Return what the server says now, or what it said last when it does not answer in time."""
        from streamscore_cli.api.client import fetch_stats, parse_address
        from streamscore_cli.core.errors import ServerUnreachable

        self.demo.check()
        with suppress(ServerUnreachable):
            self.last = fetch_stats(parse_address(self.http))
        return self.last


def demo(
    ctx: typer.Context,
    *,
    seconds: Annotated[
        float | None,
        plain_option(
            "--seconds",
            "End after this many seconds of scoring; default: Ctrl-C on a terminal, else 30.",
            env="STREAMSCORE_DEMO_SECONDS",
            metavar="N",
        ),
    ] = None,
) -> None:
    """Run a Kafka, a publisher, a server and a live table, all here.

    500 wine records a second and a new model every 5 seconds, on free ports and in a temporary directory; nothing is
    left behind. At its end it prints a summary.
    """
    environment = environment_of(ctx)
    from streamscore_cli.runtime.demo import Demo
    from streamscore_cli.runtime.stopping import StopSignals

    terminal = environment.stdout.isatty()
    limit_s = seconds if seconds is not None else None if terminal else WITHOUT_TERMINAL_S
    if limit_s is not None and limit_s <= 0:
        raise UsageProblem(f"--seconds {limit_s:g} leaves no time to score.", "Give it some seconds, such as 30.")

    def heard() -> None:
        environment.say("Ending...")

    with StopSignals(heard) as stop, Demo(environment.say, environment.environ) as running:
        addresses = running.start(lambda: stop.requested)
        run = _Run(environment, running, stop, addresses.http, addresses.brokers, {})
        _await_first_score(run)
        begun_s = environment.clock.monotonic_s()
        show = _show_live if terminal else _show_lines
        show(run, limit_s)
        lasted_s = environment.clock.monotonic_s() - begun_s
        stats = _drained(run)
        environment.say("Ending the server and Apache Kafka...")
        interrupted = stop.requested
    _summarise(environment, stats, lasted_s, interrupted=interrupted)


def _await_first_score(run: _Run) -> None:
    from streamscore_cli.ui.demo_view import scored_records

    deadline_s = run.environment.clock.monotonic_s() + FIRST_SCORE_WAIT_S
    while not run.stop.requested and not scored_records(run.ask()):
        if run.environment.clock.monotonic_s() > deadline_s:
            raise TimedOut(f"Nothing was scored within {FIRST_SCORE_WAIT_S:g} s.")
        run.stop.wait(0.1)


def _due(run: _Run, limit_s: float | None) -> Callable[[], bool]:
    until_s = float("inf") if limit_s is None else run.environment.clock.monotonic_s() + limit_s
    return lambda: run.stop.requested or run.environment.clock.monotonic_s() >= until_s


def _show_live(run: _Run, limit_s: float | None) -> None:
    from rich.live import Live

    from streamscore_cli.ui.demo_view import render_demo

    over = _due(run, limit_s)
    console = run.environment.out()
    where = f"Kafka {run.brokers}   {run.http}/stats"
    with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        while not over():
            live.update(render_demo(run.ask(), console.size, where), refresh=True)
            run.stop.wait(REFRESH_S)


def _show_lines(run: _Run, limit_s: float | None) -> None:
    from streamscore_cli.ui.stats_view import status_line

    over = _due(run, limit_s)
    next_line_s = 0.0
    while not over():
        now_s = run.environment.clock.monotonic_s()
        stats = run.ask()
        if now_s >= next_line_s:
            next_line_s = now_s + LINE_EVERY_S
            run.environment.print(status_line(stats))
            run.environment.stdout.flush()
        run.stop.wait(REFRESH_S)


def _drained(run: _Run) -> Mapping[str, Any]:
    """End the publisher, let the server finish what is there, and return its last word."""
    run.demo.stop_publishing()
    deadline_s = run.environment.clock.monotonic_s() + DRAIN_WAIT_S
    stats = run.ask()
    while stats.get("instance", {}).get("lag") and run.environment.clock.monotonic_s() < deadline_s:
        run.stop.wait(REFRESH_S)
        stats = run.ask()
    return stats


def _summarise(environment: Environment, stats: Mapping[str, Any], lasted_s: float, *, interrupted: bool) -> None:
    from streamscore_cli.ui.demo_view import scored_records, summary_lines

    if interrupted and not scored_records(stats):
        raise KeyboardInterrupt
    for line in summary_lines(stats, lasted_s):
        environment.print(line)
    if not scored_records(stats):
        raise StreamscoreError("Nothing was scored.", "streamscore doctor says what is missing.")
