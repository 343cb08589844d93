"""A command line without a process: its streams are memory, its environment is empty, its directory is the test's."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.update(COLUMNS="100", TERMINAL_WIDTH="100", NO_COLOR="1", _TYPER_FORCE_DISABLE_TERMINAL="1")

import pytest

from streamscore_cli.commands.environment import Environment
from streamscore_cli.main import main


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class CommandLine:
    """Runs commands one after the other; `environ` may be changed between them."""

    cwd: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str = "", terminal: bool = False) -> Outcome:
        stream = Terminal if terminal else io.StringIO
        out, err = stream(), stream()
        environment = Environment(io.StringIO(stdin), out, err, self.environ, self.cwd, width=100 if terminal else None)
        code = main(arguments, environment)
        return Outcome(code, out.getvalue(), err.getvalue())


@pytest.fixture
def streamscore(tmp_path: Path) -> Callable[..., Outcome]:
    """Return the command line in an empty directory: `streamscore("config", "show")`."""
    return CommandLine(tmp_path)
