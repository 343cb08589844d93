"""The DATA argument of commands: a file or, as `-`, standard input; what is in it is read elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from streamscore_cli.commands.environment import Environment
from streamscore_cli.core.errors import UsageProblem
from streamscore_cli.records.rows import DEFAULT_CHUNKS, Chunks

if TYPE_CHECKING:
    from streamscore_cli.runtime.stopping import StopSignals

STANDARD_INPUT = "-"
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Input:
    """The lines of an open input, and how to take them together: those of a pipe as they come."""

    stream: Iterable[bytes]
    name: str
    chunks: Chunks = DEFAULT_CHUNKS


@contextmanager
def opened(data: str, environment: Environment, stop: StopSignals | None = None) -> Iterator[Input]:
    """Open DATA and close it in the end; standard input stays open, and ends early when a stop is asked for.

    Raises `UsageProblem` when it cannot be read.
    """
    if data == STANDARD_INPUT:
        yield _standard_input(environment, stop)
        return
    try:
        file = (environment.cwd / data).open("rb")
    except OSError as error:
        hint = "Name a CSV or JSON-lines file, or - for standard input."
        raise UsageProblem(f"The file {data} cannot be read: {error.strerror}.", hint) from error
    with file:
        yield Input(file, Path(data).name)


def count_lines(data: str, environment: Environment) -> int | None:
    """Return the number of lines of a file, for a progress bar; None for what can be read only once.

    Raises `UsageProblem` when it cannot be read.
    """
    if data == STANDARD_INPUT:
        return None
    with opened(data, environment):
        path = environment.cwd / data
        return _line_feeds(path) if path.is_file() else None


def _line_feeds(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(partial(file.read, BLOCK_BYTES), b""))


def _standard_input(environment: Environment, stop: StopSignals | None) -> Input:
    from streamscore_cli.publishing.live_lines import LiveLines

    try:
        descriptor = environment.stdin.fileno()
    except (OSError, ValueError):
        return Input(io.BytesIO(environment.stdin.read().encode()), "stdin")
    lines = LiveLines(descriptor, None if stop is None else stop.descriptor)
    return Input(lines, "stdin", Chunks(more=lines.has_line))
