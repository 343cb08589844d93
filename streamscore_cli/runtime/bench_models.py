"""Publishes the models of a benchmark from a process of its own; which ones and when is decided elsewhere.

To make and hand over a large message holds the interpreter for milliseconds. In the process that measures, that would
be seen as latency of the server.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from streamscore_cli.api.client import ServerAddress, fetch_stats
from streamscore_cli.bench.swaps import Published
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import DeliveryFailed, ServerUnreachable
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.kafka.options import Role
from streamscore_cli.kafka.outbox import KafkaOutbox
from streamscore_cli.publishing.models import OutgoingModel
from streamscore_cli.records.descriptor import encode_descriptor

DELIVERY_WAIT_S = 30.0
END_WAIT_S = 5.0
ASK_WAIT_S = 1.0
_NS_PER_MS = 1_000_000

Answer = Published | str
"""What the process says: the model that was published, or why it was not."""


class ModelPublisher:
    """Publishes models in turn, each time as one that no server has seen; a context manager.

    A PMML document gets a comment that names run and number at its end, so that its sha256 is a new one and nobody
    takes it from a cache. Other formats go as they are.
    """

    def __init__(self, settings: Settings, models: Sequence[OutgoingModel], run: str, server: ServerAddress) -> None:
        """Take the models, and the server that is asked when one is in service."""
        self._settings = settings
        self._server = server
        self._asking = True
        self._clock = SystemClock()
        context = get_context("spawn")
        self._mine, theirs = context.Pipe()
        self._process = context.Process(
            target=publish_on_demand, args=(theirs, settings, tuple(models), run), daemon=True, name="bench-models"
        )
        self._theirs = theirs

    @property
    def asking(self) -> bool:
        """Tell whether the server answers, as far as it was asked."""
        return self._asking

    def publish(self) -> Published:
        """Publish the next model; raises `DeliveryFailed`."""
        try:
            self._mine.send("next")
            answer: Answer = self._mine.recv()
        except (EOFError, OSError) as error:
            raise DeliveryFailed("The process that publishes models ended by itself.") from error
        if isinstance(answer, str):
            raise DeliveryFailed(f"A model was not published: {answer}.", "Does the models topic take it?")
        return answer

    def in_service_since_ns(self, model: Published) -> int | None:
        """Return since when the model is in service, as the server says, on this machine's clock `perf_ns`.

        A server that does not answer is not asked again.
        """
        if not self._asking:
            return None
        try:
            stats = fetch_stats(self._server, self._settings.model_server.token, ASK_WAIT_S)
        except ServerUnreachable:
            self._asking = False
            return None
        ago_ms = [
            self._clock.epoch_ms() - int(service["since"])
            for service in stats["instance"].get("models", ())
            if service.get("sha256") == model.sha256
        ]
        return self._clock.perf_ns() - ago_ms[0] * _NS_PER_MS if ago_ms else None

    def rest(self, seconds: float) -> None:
        """Wait this long, or until the process ends."""
        self._process.join(seconds)

    def __enter__(self) -> Self:
        """Start the process, and wait until it can publish."""
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        self._mine.close()
        self._process.join(END_WAIT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def publish_on_demand(connection: Connection, settings: Settings, models: Sequence[OutgoingModel], run: str) -> None:
    """Publish one model each time the other end asks, in turn, until it goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who measures; the closed pipe ends this
    clock, number = SystemClock(), 0
    with KafkaOutbox(settings, role=Role.MODELS_OUTBOX) as outbox:
        while True:
            try:
                connection.recv()
                model = fresh(models[number % len(models)], f"{run} {number}")
                number += 1
                at_ns = clock.perf_ns()
                outbox.send(settings.topics.models, model.key, model.value)
                connection.send(_answer(model, at_ns, outbox))
            except (EOFError, OSError):
                return


def _answer(model: OutgoingModel, at_ns: int, outbox: KafkaOutbox) -> Answer:
    delivered = outbox.flush(DELIVERY_WAIT_S)
    if outbox.failed:
        return outbox.last_error
    if not delivered:
        return f"no acknowledgement within {DELIVERY_WAIT_S:g} s"
    artifact = model.descriptor.artifact
    return Published(model.descriptor.name, artifact.sha256 if artifact else "", at_ns)


def fresh(model: OutgoingModel, tag: str) -> OutgoingModel:
    """Return a model as one that nobody has seen, where its format lets it say `tag` without meaning something else."""
    artifact = model.descriptor.artifact
    if artifact is None or model.format is not ModelFormat.PMML:
        return model
    tagged = Artifact.of(artifact.format, artifact.data.rstrip() + f"\n<!-- streamscore bench {tag} -->\n".encode())
    descriptor = replace(model.descriptor, artifact=tagged)
    return replace(model, descriptor=descriptor, value=encode_descriptor(descriptor))
