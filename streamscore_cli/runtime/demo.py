"""The demo: a broker, a publisher and a server as processes of their own, started and ended in order; it shows nothing.

The server and the publisher are the very commands that a user types, told by the environment where everything is.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from streamscore_cli.api.client import fetch_stats, parse_address
from streamscore_cli.config.sample_data import sample_data_dir
from streamscore_cli.config.settings import KafkaSettings, Settings
from streamscore_cli.core.errors import ServerUnreachable, StreamscoreError, TimedOut
from streamscore_cli.kafka.child_process import ChildProcess
from streamscore_cli.kafka.embedded import EmbeddedBroker, free_port
from streamscore_cli.kafka.topics import TopicAdmin

RECORD_INTERVAL = "2 ms"
MODEL_INTERVAL = "5 seconds"
READY_WAIT_S = 30.0
FIRST_MODEL = "winequality_decision_tree_classification.pmml"
"""In service before the first record comes, so that no record waits for the first engine to start."""

_FOREIGN = ("STREAMSCORE_", "KAFKA_", "DATA_", "MODEL_", "GRAFANA_", "INFLUXDB_", "ZOOKEEPER_")
"""What the user's own environment says about other set-ups is kept from the demo's processes."""


@dataclass(frozen=True, slots=True)
class DemoAddresses:
    """Where the demo's parts can be reached while it runs."""

    brokers: str
    http: str


class Demo:
    """A context manager: everything runs inside, nothing is left behind after."""

    def __init__(self, say: Callable[[str], None], environ: Mapping[str, str]) -> None:
        """Take who is told what happens, and the environment that the processes start from."""
        self._say = say
        self._environ = {name: value for name, value in environ.items() if not name.startswith(_FOREIGN)}
        self._opened = ExitStack()
        self._directory = Path()
        self._stopping: Callable[[], bool] = lambda: False
        self._server: ChildProcess | None = None
        self._publisher: ChildProcess | None = None

    def start(self, stopping: Callable[[], bool] = lambda: False) -> DemoAddresses:
        """Start all, with a first model in service before the first record.

        Raises `MissingDependency`, what kept a part from starting with the end of its log, or `KeyboardInterrupt` when
        told to stop meanwhile.
        """
        self._stopping = stopping
        self._directory = Path(tempfile.mkdtemp(prefix="streamscore-demo-"))
        self._opened.callback(shutil.rmtree, self._directory, ignore_errors=True)
        self._say("Starting Apache Kafka (the first time, its jars are fetched)...")
        broker = self._opened.enter_context(EmbeddedBroker())
        self._look()
        settings = replace(Settings(), kafka=KafkaSettings(brokers=broker.address))
        self._say("Creating topics...")
        with TopicAdmin(settings) as admin:
            admin.apply(admin.plan())
        port = free_port()
        environ = self._environ | {
            "KAFKA_BROKERS_LIST": broker.address,
            "MODEL_SERVER_PORT": str(port),
            "DATA_DIRECTORY": str(self._sample_data()),
            "DATA_PUBLISH_INTERVAL": RECORD_INTERVAL,
            "MODEL_PUBLISH_INTERVAL": MODEL_INTERVAL,
        }
        self._say("Starting the server...")
        http = f"http://127.0.0.1:{port}"
        self._server = self._command("serve", environ)
        self._await(http, "ready", "to be ready")
        self._say("Publishing models and records...")
        self._command("publish", environ, "model", environ["DATA_DIRECTORY"] + "/" + FIRST_MODEL)
        self._await(http, "models", "to have a model")
        self._publisher = self._command("publish", environ, "all")
        return DemoAddresses(broker.address, http)

    def check(self) -> None:
        """Raise `StreamscoreError` with the end of its log when a part has ended by itself."""
        for name, process in (("server", self._server), ("publisher", self._publisher)):
            if process is not None and not process.running:
                message = f"The demo's {name} has ended by itself. Its log ends with:\n{process.log_tail()}\n"
                raise StreamscoreError(message)

    def stop_publishing(self) -> None:
        """End the publisher; the server scores what is there."""
        if self._publisher is not None:
            self._publisher.end()
            self._publisher = None

    def __enter__(self) -> Self:
        """Start nothing yet; see `start`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End publisher, server and broker, in this order, and remove what they wrote."""
        self._opened.close()

    def _command(self, name: str, environ: Mapping[str, str], *arguments: str) -> ChildProcess:
        command = [sys.executable, "-m", "streamscore_cli", name, *arguments]
        process = ChildProcess(command, self._directory / f"{name}.log", self._directory, environ)
        self._opened.callback(process.end)
        return process

    def _look(self) -> None:
        if self._stopping():
            raise KeyboardInterrupt

    def _await(self, http: str, what: str, words: str) -> None:
        deadline_s = time.monotonic() + READY_WAIT_S
        while time.monotonic() < deadline_s:
            self._look()
            self.check()
            with suppress(ServerUnreachable):
                if fetch_stats(parse_address(http))["instance"][what]:
                    return
            time.sleep(0.1)
        raise TimedOut(f"Waited {READY_WAIT_S:g} s in vain for the demo's server {words}.")

    def _sample_data(self) -> Path:
        data = sample_data_dir()
        if find_spec("tensorflow") is not None:
            return data
        self._say("TensorFlow is not installed: the demo runs with the seven PMML models.")
        reduced = self._directory / "data"
        reduced.mkdir()
        for file in (*data.glob("*.pmml"), *data.glob("*.csv")):
            (reduced / file.name).symlink_to(file)
        return reduced
