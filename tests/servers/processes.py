"""Servers as plain processes of a test, with what can befall them; it knows no product."""

from __future__ import annotations

import http.client
import os
import re
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import pytest

from scripts.install_servers import find
from streamscore_cli.kafka.child_process import ChildProcess
from tests.integration.servers import wait_until

HOST = "127.0.0.1"
TAKEN = "address already in use"


def program(name: str) -> Path:
    """Return where a server's program is; without it the test is skipped, and in CI it fails."""
    found = find(name)
    if found is not None:
        return found
    reason = f"no {name} on this machine: `make test-servers` gets it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    url: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Ask a server and return its answer whatever the status; raises OSError when there is none in 10 seconds."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    with closing(http.client.HTTPConnection(parts.hostname or HOST, parts.port, timeout=10)) as connection:
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        return Response(answer.status, dict(answer.headers.items()), answer.read())


class ServerProcess(ABC):
    """A server on a port that the system chose, which it keeps, as its data, over `restart`; a context manager.

    It is killed when the test run dies, frozen or not. Its log is in its directory, which pytest keeps for a while.
    """

    name: ClassVar[str]
    listening: ClassVar[re.Pattern[str]]
    """What its log says when it listens; the first group is the port."""

    def __init__(self, directory: Path) -> None:
        """Keep everything in `directory`, which is made; start nothing."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.log = directory / f"{self.name}.log"
        self.port = 0
        self._child: ChildProcess | None = None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the command that listens on `port`, or with port 0 on any; write what it reads."""

    @abstractmethod
    def answers(self) -> bool:
        """Ask whether it serves requests; may raise OSError."""

    @property
    def url(self) -> str:
        """Return where it is, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        return self._running.pid

    def start(self) -> None:
        """Start it and wait until it serves; another's short-lived connection may hold its port a moment."""
        wait_until(self._started, f"{self.name} to listen")
        wait_until(self._serves, f"{self.name} to answer")

    def stop(self) -> None:
        """End it in order; a frozen one is thawed first."""
        if self._child is not None:
            self._child.end()

    def kill(self) -> None:
        """End it as a crash does."""
        self._running.kill()

    def freeze(self) -> None:
        """Stop it in its tracks: connections are made and nothing answers."""
        self._running.send(signal.SIGSTOP)
        wait_until(lambda: self._state() == "T", f"{self.name} to freeze")

    def thaw(self) -> None:
        """Let it go on."""
        self._running.send(signal.SIGCONT)

    def restart(self) -> None:
        """Start it anew with its data on its port, after ending it if it runs."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._end_now()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_now()

    def _end_now(self) -> None:
        if self._child is not None:
            self._child.kill()

    @property
    def _running(self) -> ChildProcess:
        assert self._child is not None, f"{self.name} was not started"
        return self._child

    def _started(self) -> bool:
        said_before = self.log.stat().st_size if self.log.exists() else 0
        child = ChildProcess(list(self.command()), self.log, self.directory, orphaned=signal.SIGKILL)
        self._child = child
        wait_until(
            lambda: self.listening.search(self._said(said_before)) is not None or not child.running,
            f"{self.name} to listen",
        )
        found = self.listening.search(self._said(said_before))
        if found is None:
            assert TAKEN in self._said(said_before).lower(), f"{self.name} ended: {child.log_tail()}"
            return False
        self.port = int(found[1])
        return True

    def _serves(self) -> bool:
        assert self._running.running, f"{self.name} ended: {self._running.log_tail()}"
        try:
            return self.answers()
        except OSError:
            return False

    def _said(self, since: int) -> str:
        return self.log.read_bytes()[since:].decode(errors="replace")

    def _state(self) -> str:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]


def quoted(value: Any) -> str:
    """Return a value as a string of InfluxDB's and Prometheus' configuration files."""
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
