"""The frame of the command line: help, typos, errors, exit codes, pipes, completion."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from streamscore_cli import __version__
from streamscore_cli.commands.environment import Environment
from streamscore_cli.commands.exit_codes import CAUSES, MEANINGS, ExitCode, exit_code_of
from streamscore_cli.core import errors
from streamscore_cli.main import COMMANDS, Entry, command_table, load_command, main, report
from tests.commands.conftest import CommandLine, Terminal

PROGRAM = [sys.executable, "-c", "import sys; from streamscore_cli.main import main; sys.exit(main())"]


def run_process(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )


def test_help_names_every_command_and_ends_well() -> None:
    done = run_process("--help")
    assert done.returncode == 0
    for entry in COMMANDS:
        assert f"\n  {entry.name} " in done.stdout
        assert "..." not in done.stdout.partition("Commands:")[2]


def test_no_arguments_is_help_and_a_usage_error(streamscore: CommandLine) -> None:
    done = streamscore()
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert done.err.startswith("Usage: streamscore")


def test_version() -> None:
    done = run_process("--version")
    assert (done.returncode, done.stdout) == (0, f"streamscore {__version__}\n")


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_line_in_the_table_begins_the_commands_own_help(entry: Entry) -> None:
    own = (load_command(entry.name).help or "").splitlines()[0]
    assert own.startswith(entry.summary.removesuffix("."))


@pytest.mark.parametrize(
    ("typo", "meant"), [("serv", "serve"), ("doctr", "doctor"), ("topic", "topics"), ("publsh", "publish")]
)
def test_a_typo_in_a_command_names_the_nearest(streamscore: CommandLine, typo: str, meant: str) -> None:
    done = streamscore(typo)
    assert done.code == ExitCode.USAGE
    assert done.err == f"error: No such command '{typo}'. Did you mean '{meant}'?\nTry 'streamscore --help'.\n"


def test_a_typo_in_an_option_names_the_nearest_and_the_help_of_the_command(streamscore: CommandLine) -> None:
    done = streamscore("config", "show", "--jsn")
    assert done.code == ExitCode.USAGE
    assert "--jsn" in done.err
    assert "--json" in done.err
    assert "Try 'streamscore config show --help'." in done.err


def test_an_error_is_in_colour_on_a_terminal_only(streamscore: CommandLine) -> None:
    assert "\x1b[" in streamscore("serv", terminal=True).err
    assert "\x1b[" not in streamscore("serv").err
    streamscore.environ["NO_COLOR"] = "1"
    assert "\x1b[" not in streamscore("serv", terminal=True).err


def test_a_settings_error_says_the_next_step_and_exits_with_its_code(streamscore: CommandLine) -> None:
    done = streamscore("--config", "nowhere.toml", "config", "show")
    assert done.code == ExitCode.SETTINGS
    assert done.err.splitlines() == [
        "error: There is no settings file nowhere.toml.",
        "Name another with --config or STREAMSCORE_CONFIG.",
    ]


def test_debug_shows_the_traceback(streamscore: CommandLine) -> None:
    done = streamscore("--debug", "--config", "nowhere.toml", "config", "show")
    assert "Traceback (most recent call last):" in done.err
    assert done.err.rstrip().endswith("STREAMSCORE_CONFIG.")


def make_environment(*, debug: bool = False) -> Environment:
    return Environment(io.StringIO(), io.StringIO(), Terminal(), {"NO_COLOR": "1"}, Path(), debug=debug)


def test_an_unexpected_error_is_one_line_and_the_way_to_see_more() -> None:
    environment = make_environment()
    assert report(ValueError("x is 3"), environment) == ExitCode.INTERNAL
    assert environment.stderr.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "error: unexpected ValueError: x is 3",
        "This is a fault of streamscore; 'streamscore --debug ...' shows where.",
    ]


def test_an_unexpected_error_under_debug_shows_where() -> None:
    environment = make_environment(debug=True)
    with pytest.raises(ValueError, match="three") as caught:
        int("three")
    assert report(caught.value, environment) == ExitCode.INTERNAL
    assert 'int("three")' in environment.stderr.getvalue()  # type: ignore[attr-defined]


def test_an_error_cannot_act_on_the_terminal() -> None:
    environment = make_environment()
    report(errors.TopicMismatch("topic \x1b[2Jx\nsecond line", "hint\x07"), environment)
    assert environment.stderr.getvalue() == "error: topic \\x1b[2Jx\nsecond line\nhint\\x07\n"  # type: ignore[attr-defined]


def test_ctrl_c_is_130() -> None:
    assert report(KeyboardInterrupt(), make_environment()) == 130


def every_error(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(found for child in kind.__subclasses__() for found in every_error(child))]


@pytest.mark.parametrize("kind", every_error(errors.StreamscoreError), ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_an_exit_code_of_its_own(kind: type[errors.StreamscoreError]) -> None:
    assert kind in CAUSES
    more: dict[type, dict[str, Any]] = {errors.RowUnreadable: {"line": 1}, errors.ServiceRefused: {"status": 403}}
    error = kind("x", **more.get(kind, {}))
    assert exit_code_of(error) is CAUSES[kind]
    if kind is not errors.StreamscoreError:
        assert CAUSES[kind] not in {ExitCode.OK, ExitCode.INTERNAL}


def test_an_error_that_is_added_below_another_takes_its_code() -> None:
    class Stricter(errors.TopicMismatch):
        pass

    assert exit_code_of(Stricter("x")) is ExitCode.TOPIC_MISMATCH


def test_every_exit_code_is_explained() -> None:
    assert list(MEANINGS) == list(ExitCode)


@pytest.mark.parametrize("arguments", [["config", "show"], ["config", "show", "--json"], ["--help"]])
def test_a_closed_pipe_is_silent(arguments: list[str]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as closed:
        done = subprocess.run([*PROGRAM, *arguments], stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_completion_answers_with_commands_and_options() -> None:
    ask = {"_STREAMSCORE_COMPLETE": "complete_bash"}
    assert run_process(**ask, COMP_WORDS="streamscore conf", COMP_CWORD="1").stdout.split() == ["config"]
    options = run_process(**ask, COMP_WORDS="streamscore config show --", COMP_CWORD="3").stdout.split()
    assert options == ["--changed", "--json", "--help"]


def test_the_command_table_knows_commands_without_importing_them() -> None:
    table = command_table()
    assert list(table.commands) == [entry.name for entry in COMMANDS]
    assert all(not command.params for command in table.commands.values())


def test_main_returns_what_a_command_asks_for() -> None:
    environment = make_environment()
    assert main(["config", "nothing"], environment) == ExitCode.USAGE
    with pytest.raises(typer.Exit):
        command_table().make_context("streamscore", ["--version"])
