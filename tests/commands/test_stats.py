"""`streamscore stats` against real servers: once, watched, piped, on a terminal, with nothing there."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from tests.api.conftest import Running, running
from tests.commands.conftest import CommandLine
from tests.views import busy_view

TOKEN = "-".join(("s3cret", "42"))


@pytest.fixture
def server() -> Iterator[Running]:
    with running(busy_view()) as started:
        yield started


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def url(server: Running) -> str:
    return f"http://127.0.0.1:{server.port}"


def test_tables(streamscore: CommandLine, server: Running) -> None:
    done = streamscore("stats", url(server))
    assert (done.code, done.err) == (0, "")
    for shown in ("wine-1  10.0.0.7:5500  ready", "5,010", "P99.9", "winequality random forest", "2 SWAPS, 1 REJECTED"):
        assert shown in done.out
    assert "\x1b" not in done.out


def test_an_interval_of_nothing_is_refused(streamscore: CommandLine, server: Running) -> None:
    done = streamscore("stats", url(server), "--watch", "--interval", "0")
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert "--interval 0" in done.err


def test_models_are_sorted_and_filtered(streamscore: CommandLine, server: Running) -> None:
    done = streamscore("stats", url(server), "--sort", "name", "--filter", "linear")
    used = done.out.partition("USE")[2].partition("TIME")[0]
    assert "linear" in used
    assert "forest" not in used
    assert streamscore("stats", url(server), "--sort", "size").code == ExitCode.USAGE


def test_the_short_option_for_help_is_on_every_level(streamscore: CommandLine) -> None:
    for command in ((), ("stats",), ("publish",), ("publish", "data")):
        assert streamscore(*command, "-h").code == 0


def test_the_default_is_the_server_of_the_settings(streamscore: CommandLine, server: Running) -> None:
    streamscore.environ["MODEL_SERVER_PORT"] = str(server.port)
    assert streamscore("stats").code == 0
    streamscore.environ["STREAMSCORE_MODEL_SERVER_HOST"] = str(IPv4Address(0))
    assert streamscore("stats").code == 0


def test_port_0_in_the_settings_asks_for_the_server(streamscore: CommandLine) -> None:
    streamscore.environ["MODEL_SERVER_PORT"] = "0"
    done = streamscore("stats")
    assert done.code == ExitCode.USAGE
    assert "streamscore stats http://host:port" in done.err


def test_json_is_one_document_and_a_list_for_several(streamscore: CommandLine, server: Running) -> None:
    one = streamscore("stats", "--json", url(server)).json
    assert one["instance"]["results"] == 5000
    assert one["instance"]["recent"]["latency_ms"]["count"] == 4500
    assert len(one["instance"]["history"]) == 9
    assert one["instance"]["sinks"] == []
    several = streamscore("stats", "--json", url(server), url(server)).json
    assert [stats["name"] for stats in several] == [one["name"]] * 2


def test_nothing_running_says_how_to_start(streamscore: CommandLine, free_port: int) -> None:
    streamscore.environ["MODEL_SERVER_PORT"] = str(free_port)
    for options in ((), ("--json",), ("--watch",)):
        done = streamscore("stats", *options)
        assert (done.code, done.out) == (ExitCode.SERVER_UNREACHABLE, "")
        assert f"http://127.0.0.1:{free_port}: connection refused" in done.err
        assert "Start one: streamscore serve" in done.err


def test_one_of_several_missing_shows_the_others_and_fails(
    streamscore: CommandLine, server: Running, free_port: int
) -> None:
    done = streamscore("stats", url(server), f"127.0.0.1:{free_port}")
    assert done.code == ExitCode.SERVER_UNREACHABLE
    assert "winequality random forest" in done.out
    assert str(free_port) in done.err


def test_a_token_comes_from_the_settings(streamscore: CommandLine) -> None:
    with running(busy_view(), token=TOKEN) as server:
        refused = streamscore("stats", url(server))
        streamscore.environ["STREAMSCORE_MODEL_SERVER_TOKEN"] = TOKEN
        given = streamscore("stats", url(server))
    assert refused.code == ExitCode.SERVER_UNREACHABLE
    assert "STREAMSCORE_MODEL_SERVER_TOKEN_FILE" in refused.err
    assert given.code == 0


def test_a_scheme_of_another_kind_is_a_usage_error(streamscore: CommandLine) -> None:
    assert streamscore("stats", "file:///etc/passwd").code == ExitCode.USAGE


def watching(server: Running, *options: str) -> subprocess.Popen[str]:
    arguments = ["stats", url(server), "--watch", "--interval", "50 ms", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "streamscore_cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_watch_in_a_pipe_is_a_line_a_round_until_told_to_end(server: Running, ending: signal.Signals) -> None:
    with watching(server) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(ending)
        _, err = process.communicate(timeout=20)
    assert all("wine-1 ready records=5010" in line for line in lines)
    assert (process.returncode, err) == (0, "")


def test_watch_as_json_is_json_lines(server: Running) -> None:
    with watching(server, "--json") as process:
        assert process.stdout is not None
        documents = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert [document["invocations"] for document in documents] == [2500, 2500]
    assert process.returncode == 0


def test_watch_goes_on_when_the_server_goes_away() -> None:
    with running(busy_view()) as server:
        process = watching(server)
        assert process.stdout is not None
        assert "records=5010" in process.stdout.readline()
    with process:
        assert process.stderr is not None
        assert "No streamscore server answers" in process.stderr.readline()
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


@contextmanager
def on_a_terminal(server: Running, **environ: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    leader, follower = pty.openpty()
    arguments = ["stats", url(server), "--watch", "--interval", "50 ms"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamscore_cli", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "50", **environ},
    )
    before = termios.tcgetattr(follower)
    try:
        yield process, leader
        assert termios.tcgetattr(follower) == before
    finally:
        process.kill()
        process.wait(20)
        os.close(follower)
        os.close(leader)


def shown_until(leader: int, text: bytes) -> bytes:
    shown = b""
    while text not in shown:
        shown += os.read(leader, 65536)
    return shown


def test_watch_on_a_terminal_takes_the_whole_screen_and_gives_it_back(server: Running) -> None:
    with on_a_terminal(server) as (process, leader):
        shown = shown_until(leader, b"Ctrl-C ends")
        process.send_signal(signal.SIGINT)
        shown += shown_until(leader, b"\x1b[?1049l")
        assert process.wait(20) == 0
    assert shown.count(b"\x1b[?1049h") == 1
    assert b"winequality random forest" in shown
    assert b"Traceback" not in shown


def test_keys_sort_filter_and_end(server: Running) -> None:
    with on_a_terminal(server) as (process, leader):
        assert b"by rate" in shown_until(leader, b"s sort")
        os.write(leader, b"s")
        shown_until(leader, b"by p99")
        os.write(leader, b"/linear")
        shown_until(leader, b"/linear_")
        os.write(leader, b"\r")
        shown_until(leader, b"by p99 with 'linear'")
        os.write(leader, b"q")
        shown_until(leader, b"\x1b[?1049l")
        assert process.wait(20) == 0


def test_a_dumb_terminal_gets_lines(server: Running) -> None:
    with on_a_terminal(server, TERM="dumb") as (process, leader):
        shown = shown_until(leader, b"wine-1 ready records=5010")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert b"\x1b" not in shown
