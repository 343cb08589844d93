"""The Typer app, and the only place where an exception becomes an exit code; it holds no logic."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from streamscore_cli import __version__
from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.exit_codes import ExitCode, exit_code_of
from streamscore_cli.commands.options import ConfigFileOption, DebugOption
from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.core.printable import printable

if TYPE_CHECKING:
    from typer._click.core import Command, Context  # typer carries its own click and exports it nowhere else

PROGRAM = "streamscore"
COMPLETION_VARIABLE = "_STREAMSCORE_COMPLETE"
"""Set by the scripts of completions/ when a shell asks what could follow."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its name, the function or Typer app that it is, and its line in the help."""

    name: str
    module: str
    attribute: str
    summary: str


COMMANDS = (
    Entry("demo", "demo", "demo", "Run a Kafka, a publisher, a server and a live table, all here."),
    Entry("broker", "broker", "broker", "Run a local single-node Apache Kafka until Ctrl-C."),
    Entry("serve", "serve", "serve", "Score records with the models that the models topic names."),
    Entry("publish", "publish", "app", "Send records and models to Kafka."),
    Entry("topics", "topics", "app", "Create, list and describe the topics."),
    Entry("provision", "provision", "app", "Make InfluxDB and Grafana as they should be."),
    Entry("stats", "stats", "stats", "Show what running servers do."),
    Entry("results", "results", "results", "Read the results topic."),
    Entry("score", "score", "score", "Score a file or standard input, without Kafka."),
    Entry(
        "bench",
        "bench",
        "bench",
        "Measure a server by its results: throughput, latency, losses.",
    ),
    Entry("config", "config", "app", "Show the settings and where they come from."),
    Entry("doctor", "doctor", "doctor", "Check what this machine has and what is missing."),
)
"""One line per command, in the order of the help; a command's module is imported when the command is called."""


class CommandTable(TyperGroup):
    """Knows the commands of `COMMANDS` by name and imports the one that is called, so that `--help` stays quick."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Return the command that `args` name, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if command and name else command, rest


def load_command(name: str) -> Command:
    """Import the command `name` of `COMMANDS` and return it as the parser's object."""
    entry = next(entry for entry in COMMANDS if entry.name == name)
    target = getattr(import_module(f"streamscore_cli.commands.{entry.module}"), entry.attribute)
    if not isinstance(target, typer.Typer):
        single = typer.Typer(rich_markup_mode=None, add_completion=False)
        single.command(name)(target)
        target = single
    command = get_command(target)
    command.name = name
    return command


app = typer.Typer(
    name=PROGRAM,
    cls=CommandTable,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(*, value: bool) -> None:
    if value:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    *,
    config: ConfigFileOption = None,
    debug: DebugOption = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Score records that flow through Apache Kafka with models that flow through Apache Kafka."""
    del version
    ctx.obj = replace(environment_of(ctx), config_file=config, debug=debug)


def main(arguments: Sequence[str] | None = None, environment: Environment | None = None) -> int:
    """Run one command line and return its exit code; the arguments and the environment default to the process's."""
    environment = environment or Environment.of_process()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if COMPLETION_VARIABLE in environment.environ:
        _complete()
    try:
        code = _run(arguments, environment)
        environment.stdout.flush()
    except BrokenPipeError:
        _silence(environment)
        return ExitCode.OK
    except OSError as error:
        _silence(environment)
        return report(error, environment)
    return code


def command_table() -> CommandTable:
    """Return the whole command line as the parser's object; no command is imported yet."""
    table = get_command(app)
    if not isinstance(table, CommandTable):
        raise TypeError(f"the root is a {type(table).__name__}, not a {CommandTable.__name__}")
    for entry in COMMANDS:
        table.add_command(TyperCommand(entry.name, help=entry.summary, rich_markup_mode=None))
    return table


def _complete() -> None:
    from typer.main import get_install_completion_arguments

    get_install_completion_arguments()  # registers the shells; the options it makes are not ours
    command_table()(prog_name=PROGRAM, complete_var=COMPLETION_VARIABLE)


def _run(arguments: list[str], environment: Environment) -> int:
    command = command_table()
    context = None
    try:
        context = command.make_context(PROGRAM, arguments, obj=environment)
        with context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as error:
        return _report_usage(error, environment)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        return report(error, environment if context is None else environment_of(context))
    return ExitCode.OK


def _report_usage(error: typer.TyperException, environment: Environment) -> int:
    message = error.format_message()
    if message.startswith("Usage:"):
        environment.say(message)
        return ExitCode.USAGE
    context = getattr(error, "ctx", None)
    _say_error(message, f"Try '{context.command_path if context else PROGRAM} --help'.", environment)
    return error.exit_code


def report(error: BaseException, environment: Environment) -> int:
    """Say what went wrong to standard error and return the exit code; the traceback only under `--debug`."""
    if environment.debug:
        environment.say("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, KeyboardInterrupt):
        environment.say("interrupted")
    elif isinstance(error, StreamscoreError):
        _say_error(error.message, error.hint, environment)
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        _say_error(f"{where}{error.strerror or error}.", "Check the path, the rights and the room there.", environment)
    else:
        hint = f"This is a fault of {PROGRAM}; '{PROGRAM} --debug ...' shows where."
        _say_error(f"unexpected {type(error).__name__}: {error}", "" if environment.debug else hint, environment)
    return exit_code_of(error)


def _say_error(message: str, hint: str, environment: Environment) -> None:
    label = "\x1b[1;31merror:\x1b[0m" if environment.coloured(environment.stderr) else "error:"
    environment.say("\n".join((f"{label} {_safe(message)}", *([_safe(hint)] if hint else []))))


def _safe(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _silence(environment: Environment) -> None:
    """Point standard output at nothing, so that the interpreter's last flush does not complain of the closed pipe."""
    if environment.stdout is sys.stdout:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
