"""Servers as a user runs them: processes of `streamscore serve` with a settings file, watched over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from streamscore_cli.api.client import fetch_stats, parse_address
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import ServerUnreachable

WAIT_S = 60.0


def wait_until(done: Callable[[], bool], what: str, wait_s: float = WAIT_S) -> None:
    """Wait until `done`; fails naming `what` when it takes too long."""
    deadline_s = time.monotonic() + wait_s
    while not done():
        assert time.monotonic() < deadline_s, f"waited {wait_s:g} s in vain for {what}"
        time.sleep(0.05)


class Server:
    """One instance; a context manager that leaves no process behind."""

    def __init__(self, settings: Settings, directory: Path, name: str = "one", **scoring: str) -> None:
        self.name = name
        self.file = directory / f"{name}.toml"
        self.file.write_text(_toml(settings, directory, name, scoring))
        self.log = directory / f"{name}.log"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers over HTTP."""
        environ = {name: value for name, value in os.environ.items() if name != "HOSTNAME"}
        log = self.log.open("ab")
        command = [sys.executable, "-m", "streamscore_cli", "--config", str(self.file), "serve"]
        self._process = subprocess.Popen(command, cwd=self._directory, stdout=log, stderr=log, env=environ)
        log.close()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def address(self) -> str:
        """Return the host:port of its HTTP side, empty while it has not said it since its last start."""
        log = self.log.read_text().splitlines()
        lines = [line for line in log if "http on 127.0.0.1:" in line]
        starts = [line for line in log if " instance " in line]
        return "127.0.0.1:" + lines[-1].rsplit(":", 1)[1] if lines and len(lines) >= len(starts) else ""

    def stats(self) -> Mapping[str, Any]:
        """Return what `/stats` says of the instance; empty while it does not answer."""
        address = self.address
        if not address:
            return {}
        try:
            found = fetch_stats(parse_address(address))
        except ServerUnreachable:
            return {}
        instance: Mapping[str, Any] = found["instance"]
        return instance

    def ready(self) -> bool:
        """Tell whether it says it can score."""
        return bool(self.stats().get("ready"))

    def await_ready(self) -> None:
        """Wait until it is ready; fails with its log when it ended."""
        wait_until(lambda: self.process.poll() is not None or self.ready(), f"server {self.name} to be ready")
        assert self.process.poll() is None, self.log.read_text()

    def model(self, data_type: str = "wine") -> str:
        """Return the name of the model in service for a data type."""
        models = self.stats().get("models", [])
        return next((str(model["name"]) for model in models if model["data_type"] == data_type), "")

    def await_model(self, name: str, data_type: str = "wine") -> None:
        """Wait until a model is in service."""
        wait_until(lambda: self.model(data_type) == name, f"{name} on server {self.name}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if kind is not None:
            sys.stderr.write(f"log of server {self.name}:\n{self.log.read_text()}\n")


def _toml(settings: Settings, directory: Path, name: str, scoring: Mapping[str, str]) -> str:
    topics = settings.topics
    lines = [
        "[kafka]",
        f'brokers = "{settings.kafka.brokers}"',
        "[kafka.consumer]",
        '"session.timeout.ms" = "6000"',
        "[topics]",
        f"data = {json.dumps(list(topics.data))}",
        *(f'{leaf} = "{getattr(topics, leaf)}"' for leaf in ("models", "scores", "dead_letters", "status", "events")),
        "[scoring]",
        f'group = "{settings.scoring.group}"',
        *(f'{leaf} = "{value}"' for leaf, value in scoring.items()),
        "[models]",
        f"cache_dir = {json.dumps(str(directory / 'compiled'))}",
        "[model_server]",
        "port = 0",
        f'instance = "{name}"',
    ]
    return "\n".join(lines) + "\n"
