"""Programs as child processes that do not outlive this one; it knows nothing of what they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

LOG_LINES_SHOWN = 15
END_WAIT_S = 10.0

# Runs between fork and the program: asks the system to end this process with its parent (Linux), and looks whether the
# parent is still there, because it may have gone before the request. A preexec_fn would not be safe beside threads.
_SHIM = """
import ctypes, os, sys
parent, number, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
if os.getppid() != parent:
    sys.exit(1)
os.execv(program[0], program)
"""


class ChildProcess:
    """A program in a session of its own, its output appended to a file; it gets a signal when this process ends.

    On Linux the signal comes when the *thread* that started it ends, so start it from one that lives long enough. Its
    own session keeps a terminal's Ctrl-C from it: who started it stops it, after those that still need it.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        directory: Path,
        environ: Mapping[str, str] | None = None,
        orphaned: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start `command` in `directory`; `environ` is this process's unless given.

        `orphaned` is the signal for when this process ends first (Linux); only SIGKILL ends a frozen program.
        """
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", _SHIM, str(os.getpid()), str(int(orphaned)), *command]
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=environ,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Tell whether it lives."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Return how it ended, or None while it lives."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> bool:
        """Wait for it to end by itself; tell whether it has."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it by force."""
        self._process.kill()
        self._process.wait()

    def end(self, wait_s: float = END_WAIT_S) -> None:
        """End it in order, by force after `wait_s` seconds; a frozen one is thawed first."""
        if not self.running:
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.send_signal(signal.SIGCONT)
        if not self.wait(wait_s):
            self.kill()

    def log_tail(self) -> str:
        """Return the last lines of its output."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-LOG_LINES_SHOWN:])
