"""Everything of the outside that a command touches, in one object; tests replace it, and it decides nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from streamscore_cli.core.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from streamscore_cli.config.loader import Loaded
    from streamscore_cli.config.settings import Settings


class Carrier(Protocol):
    """What carries the environment to a command: the parser's context."""

    obj: Any


@dataclass(frozen=True, slots=True)
class Environment:
    """The streams, the variables, the directory and the clock; `config_file` and `debug` are the root's options."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    cwd: Path
    width: int | None = None
    clock: Clock = field(default_factory=SystemClock)
    config_file: Path | None = None
    debug: bool = False

    @classmethod
    def of_process(cls) -> Environment:
        """Return the outside of this process."""
        return cls(sys.stdin, sys.stdout, sys.stderr, os.environ, Path.cwd())

    def coloured(self, stream: TextIO) -> bool:
        """Return whether `stream` is a terminal whose owner did not ask for no colour."""
        return stream.isatty() and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"

    def load(self, overrides: Mapping[str, object] | None = None) -> Loaded:
        """Return the settings with their origins; `overrides` are options by the path of their setting.

        None is an option that was not given. Says the warnings to standard error. Raises SettingsError.
        """
        from streamscore_cli.commands.options import OPTION_NAMES
        from streamscore_cli.config.loader import load
        from streamscore_cli.config.sources import find_file

        file = find_file(self.config_file, self.environ, self.cwd)
        loaded = load(file, self.environ, overrides or {}, also_known=OPTION_NAMES)
        for warning in loaded.warnings:
            self.say(f"note: {warning}")
        return loaded

    def settings(self, overrides: Mapping[str, object] | None = None) -> Settings:
        """Return the settings alone; see `load`."""
        return self.load(overrides).settings

    def out(self) -> Console:
        """Return a rich console on standard output: for data."""
        from streamscore_cli.ui.console import make_console

        return make_console(self.stdout, coloured=self.coloured(self.stdout), width=self.width)

    def err(self) -> Console:
        """Return a rich console on standard error: for talk, progress and live views."""
        from streamscore_cli.ui.console import make_console

        return make_console(self.stderr, coloured=self.coloured(self.stderr), width=self.width)

    def say(self, text: str) -> None:
        """Write a line of talk to standard error."""
        self.stderr.write(f"{text}\n")
        self.stderr.flush()

    def print(self, text: str) -> None:
        """Write a line of data to standard output."""
        self.stdout.write(f"{text}\n")

    def print_json(self, value: object, *, indent: bool = True) -> None:
        """Write `value` to standard output as JSON: readable, or as one line."""
        from streamscore_cli.ui.json_text import to_json

        self.print(to_json(value, indent=indent))


def environment_of(ctx: Carrier) -> Environment:
    """Return the environment that the root command was given, else the process's."""
    return ctx.obj if isinstance(ctx.obj, Environment) else Environment.of_process()
