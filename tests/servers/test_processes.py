"""A server of the tests starts, suffers and ends as asked; shown with Python's own HTTP server, no other is needed."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.servers import wait_until
from tests.servers.hostile import HOST
from tests.servers.processes import ServerProcess, fetch

ROOT = Path(__file__).resolve().parents[2]
ORPHAN = """
import sys, time
from pathlib import Path
from tests.servers.test_processes import Files
server = Files(Path(sys.argv[1]))
server.start()
server.freeze()
print(server.pid, flush=True)
time.sleep(60)
"""


class Files(ServerProcess):
    """Python's HTTP server over a directory."""

    name = "files"
    listening = re.compile(r"Serving HTTP on 127\.0\.0\.1 port (\d+)")

    def command(self) -> Sequence[str]:
        return [sys.executable, "-u", "-m", "http.server", "--bind", HOST, str(self.port)]

    def answers(self) -> bool:
        return fetch(f"{self.url}/").status == 200


class Broken(Files):
    """A server that ends at once with a sentence."""

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", "raise SystemExit('no such file: influxd.conf')"]


class Late(Files):
    """A server whose port somebody else has, until it tried once."""

    taker: socket.socket | None = None
    _tried = False

    def command(self) -> Sequence[str]:
        if self.taker is not None and self._tried:
            self.taker.close()
        self._tried = self.taker is not None
        return super().command()


def alive(pid: int) -> bool:
    """Tell whether a process lives; one that ended and that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_serves_and_ends_with_its_block(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with Files(tmp_path) as server:
        pid = server.pid
        assert fetch(f"{server.url}/file").body == b"kept"
    assert not alive(pid)


def test_it_comes_back_on_its_port_with_its_data(tmp_path: Path) -> None:
    with Files(tmp_path) as server:
        pid, port = server.pid, server.port
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            fetch(server.url)
        (tmp_path / "file").write_text("kept")
        server.restart()
        assert (server.pid != pid, server.port) == (True, port)
        assert fetch(f"{server.url}/file").body == b"kept"


def test_a_frozen_one_answers_nothing_until_it_is_thawed(tmp_path: Path) -> None:
    with Files(tmp_path) as server:
        server.freeze()
        connection = http.client.HTTPConnection(HOST, server.port, timeout=0.3)
        connection.request("GET", "/")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        server.thaw()
        assert fetch(server.url).status == 200


def test_a_frozen_one_ends_too(tmp_path: Path) -> None:
    with Files(tmp_path) as server:
        pid = server.pid
        server.freeze()
    assert not alive(pid)


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"no such file: influxd\.conf"), Broken(tmp_path):
        pass


def test_it_waits_for_its_port_to_be_free(tmp_path: Path) -> None:
    with Late(tmp_path) as server:
        server.stop()
        with socket.create_server((HOST, server.port)) as taker:
            server.taker = taker
            server.start()
        assert server.log.read_text().count("Address already in use") == 1
        assert fetch(server.url).status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_it_does_not_outlive_a_run_that_is_killed_even_frozen(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ORPHAN, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        pid = int(run.stdout.readline())
        assert alive(pid)
        run.kill()
    try:
        wait_until(lambda: not alive(pid), "the server of a killed run to end", 20)
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
