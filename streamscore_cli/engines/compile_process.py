"""The process beside this one that compiles PMML documents: started, asked, ended; it knows no model and no cache."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from streamscore_cli.core.errors import LoadAbandoned, ModelRejected
from streamscore_cli.engines.compile_limits import CompileLimits
from streamscore_cli.engines.compile_talk import Ended, Garbled, Late, Stopped, Talk
from streamscore_cli.engines.compile_wire import MODEL, REQUEST, Kind, Refusal, to_arguments

MODULE = "streamscore_cli.engines.compile_child"
END_WAIT_S = 2.0
"""How long a process that closed its pipes may take to end."""

_PASSED = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class CompileProcess:
    """Compiles in a process that is started for the first document, kept for the next ones, and ends when idle.

    Used by one thread, with which the process ends too (Linux). A context manager that leaves no process behind.
    """

    def __init__(
        self,
        limits: CompileLimits,
        stopping: Callable[[], bool] = lambda: False,
        command: Sequence[str] | None = None,
    ) -> None:
        """Take the limits, what says that the instance stops, and the command where it is another than the real one."""
        self._limits = limits
        self._stopping = stopping
        real = (sys.executable, "-P", "-m", MODULE, str(os.getpid()), *to_arguments(limits.documents))
        self._command = list(command or real)
        self._process: subprocess.Popen[bytes] | None = None
        self.started = 0
        """How many processes there were."""

    @property
    def pid(self) -> int | None:
        """Return the process id while there is a process."""
        return None if self._process is None else self._process.pid

    def compile(self, data: bytes | memoryview) -> memoryview:
        """Return a document's model as the engine's store writes it, not yet checked.

        Raises `ModelRejected` (where a limit ended it, too), `ModelUnsupported`, `LoadAbandoned` when told to stop.
        """
        fresh = self._process is None
        try:
            kind, body = self._answer(self._process or self._start(), data)
            refusal = None if kind == MODEL else Refusal.of(bytes(body))
        except Ended as end:
            exit_code = self._exit_code()
            if exit_code == 0 and not fresh:  # it was idle, and ended just before it was asked
                return self.compile(data)
            raise self._limits.ended(exit_code, end.complaints) from None
        except (Garbled, ValueError):
            self.close()
            raise ModelRejected("The process that compiled it answered with what is no answer.") from None
        except Late:
            self.close()
            raise self._limits.too_late() from None
        except Stopped:
            self.close()
            raise LoadAbandoned("The instance stops, and with it the compilation.") from None
        if refusal is None:
            return body
        if refusal.kind in {Kind.MEMORY, Kind.FAULT}:
            self.close()
        raise self._limits.refused(refusal, len(data))

    def close(self) -> None:
        """End the process by force, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            _bury(process)

    def __enter__(self) -> Self:
        """Return itself; nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def _answer(self, process: subprocess.Popen[bytes], data: bytes | memoryview) -> tuple[bytes, memoryview]:
        memory = self._limits.memory_for(len(data))
        header = REQUEST.pack(len(data), memory, math.ceil(self._limits.cpu_s))
        return Talk(process, (header, data), memory).answer(time.monotonic() + self._limits.clock_s, self._stopping)

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            self._process = process = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                process_group=0,  # a terminal's Ctrl-C is not meant for it
                env=_environ(os.environ),
            )
        except OSError as error:
            raise ModelRejected(
                f"The process that compiles models cannot be started: {error}.",
                "See how many processes and how much memory the machine or the container allows.",
            ) from error
        self.started += 1
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
        return process

    def _exit_code(self) -> int:
        """Wait for a process that closed its pipes; one that does not end is ended."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_WAIT_S)
        process.kill()
        return _bury(process)


def _bury(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process that was killed, close its pipes and return its exit code."""
    exit_code = process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return exit_code


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the process needs to run what this one runs; no secret that this one was given."""
    passed = {name: value for name, value in environ.items() if name in _PASSED or name.startswith(("LC_", "PYTHON"))}
    return passed | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
