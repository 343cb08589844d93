"""The models thread: follows the models topic and puts what it wants in service; it scores no records."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import LoadAbandoned, ModelRejected, TimedOut
from streamscore_cli.core.log_events import event
from streamscore_cli.core.models import ModelDescriptor, ModelIdentity
from streamscore_cli.pipeline.ledger import Candidate, Ledger, ModelKey
from streamscore_cli.pipeline.ports import ModelMessage, ModelsTopic
from streamscore_cli.serving.admission import Admission
from streamscore_cli.serving.manager import LoadedModel, Manager
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.snapshots import ModelInService

log = logging.getLogger("streamscore.models")

POLL_S = 0.25
TRIES = 3
"""How often a model that is published again and again is tried, once it was rejected: the cause may have passed."""


class ModelsLoop:
    """Reads the whole topic first, admits what is wanted then, and follows it: fold first, admit after.

    A rejected model is tried again when it is published again, a few times; the one in service stays, and where there
    is none the newest good one before it is taken, so that a restart finds what a running instance has.
    """

    def __init__(
        self,
        topic: ModelsTopic,
        ledger: Ledger,
        admission: Admission,
        manager: Manager,
        board: ModelsBoard,
        clock: Clock,
    ) -> None:
        """Take the reader, the fold, the gate, the holder, the board to write on, and the time."""
        self._topic = topic
        self._ledger = ledger
        self._admission = admission
        self._manager = manager
        self._board = board
        self._clock = clock
        self._rejected: dict[tuple[str, ModelKey], tuple[int, int]] = {}
        self._in_service: dict[str, ModelKey] = {}
        self._unsettled: set[str] = set()
        self._caught_up = False

    def run(self, stopping: Callable[[], bool]) -> None:
        """Step until told to stop, then close the reader."""
        try:
            while not stopping():
                self.step(stopping)
        finally:
            self._topic.close()

    def step(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Fold the next messages, admit what they want once the topic has been read to its end, close what drained."""
        for message in self._topic.poll(POLL_S):
            self._fold(message)
        if self._caught_up or self._topic.caught_up():
            self._settle_all(stopping)
        self._manager.close_drained()

    def _settle_all(self, stopping: Callable[[], bool]) -> None:
        for data_type in sorted(self._unsettled):
            if stopping():
                return
            try:
                self._settle(data_type, stopping)
            except TimedOut as error:
                extra = event("models-unreadable", data_type=data_type, cause=str(error))
                log.warning("models of %s cannot be read again now, trying later: %s", data_type, error, extra=extra)
            else:
                self._unsettled.discard(data_type)
        if not self._caught_up and not self._unsettled:
            self._caught_up = True
            self._board.caught_up()
            declared = len(self._manager.declared)
            extra = event("models-read", data_types=declared, in_service=len(self._in_service))
            log.info("models topic read to its end: %d data types", declared, extra=extra)

    def _fold(self, message: ModelMessage) -> None:
        try:
            data_type = self._ledger.add(message)
        except ModelRejected as error:
            key = (message.key or b"").decode("utf-8", "replace")
            self._reject(key, ModelIdentity("", message.offset, ""), error)
            return
        if data_type is not None:
            self._unsettled.add(data_type)
            self._manager.declare(data_type)
            self._board.declared(self._manager.declared)

    def _settle(self, data_type: str, stopping: Callable[[], bool]) -> None:
        in_service = self._in_service.get(data_type)
        for candidate in self._ledger.candidates(data_type):
            if candidate.key == in_service:
                self._rename(data_type, candidate)
                break
            if stopping() or (self._may_try(data_type, candidate) and self._admitted(data_type, candidate)):
                break
        self._ledger.settled(data_type)

    def _may_try(self, data_type: str, candidate: Candidate) -> bool:
        """Tell whether a model is new, or was rejected and published again since, not too often."""
        tries, at = self._rejected.get((data_type, candidate.key), (0, -1))
        return candidate.offset > at and tries < TRIES

    def _admitted(self, data_type: str, candidate: Candidate) -> bool:
        descriptor = candidate.descriptor or self._read_again(candidate)
        if descriptor is None:
            return False
        self._board.loading(descriptor.name)
        try:
            model = self._admission.admit(descriptor, candidate.version)
        except LoadAbandoned:
            return False
        except ModelRejected as error:
            tries, _ = self._rejected.get((data_type, candidate.key), (0, -1))
            self._rejected[data_type, candidate.key] = (tries + 1, candidate.offset)
            sha256 = descriptor.artifact.sha256 if descriptor.artifact else ""
            self._reject(data_type, ModelIdentity(descriptor.name, candidate.version, sha256, descriptor.label), error)
            return False
        finally:
            self._board.loading("")
        previous = self._manager.swap(model)
        self._in_service[data_type] = candidate.key
        self._board.swapped(_in_service(model, self._clock.epoch_ms()), previous.identity if previous else None)
        _say_swap(model, previous)
        return True

    def _rename(self, data_type: str, candidate: Candidate) -> None:
        """Give the model in service the name of its newest message, so that all instances call it the same."""
        descriptor, now = candidate.descriptor, self._manager.in_service(data_type)
        if descriptor is None or now is None:
            return
        identity = replace(now.identity, name=descriptor.name, label=descriptor.label)
        if identity != now.identity or descriptor.description != now.description:
            renamed = self._manager.rename(data_type, identity, descriptor.description)
            self._board.renamed(data_type, identity, descriptor.description)
            name = renamed.identity.name
            extra = event("model-renamed", data_type=data_type, version=identity.version, model=name)
            log.info("model of %s version %d is called %s now", data_type, identity.version, name, extra=extra)

    def _read_again(self, candidate: Candidate) -> ModelDescriptor | None:
        message = self._topic.read(candidate.offset)
        if message is None or message.value is None:
            return None
        return self._ledger.decode(message.value)

    def _reject(self, data_type: str, identity: ModelIdentity, error: ModelRejected) -> None:
        self._board.rejected(data_type, identity, str(error), self._clock.epoch_ms())
        stays = self._manager.in_service(data_type)
        extra = event(
            "model-rejected",
            data_type=data_type, model=identity.name, version=identity.version, sha256=identity.sha256,
            reason=error.message, next_step=error.hint, in_service=stays.identity.name if stays else "",
        )  # fmt: skip
        log.warning(
            "model rejected for %s: %s version %d: %s%s",
            data_type, identity.name, identity.version, error,
            f" {stays.identity.name} version {stays.identity.version} stays in service." if stays else "",
            extra=extra,
        )  # fmt: skip


def _say_swap(model: LoadedModel, previous: LoadedModel | None) -> None:
    now, before = model.identity, previous.identity if previous else None
    extra = event(
        "model-in-service",
        data_type=model.data_type, model=now.name, version=now.version, sha256=now.sha256, engine=model.engine,
        load_ms=round(model.load_ms, 3), size_bytes=model.size_bytes, previous=before.name if before else "",
        previous_version=before.version if before else None,
    )  # fmt: skip
    log.info(
        "model in service for %s: %s version %d (%s, loaded in %.0f ms)%s",
        model.data_type, now.name, now.version, model.engine, model.load_ms,
        f", instead of {before.name} version {before.version}" if before else "",
        extra=extra,
    )  # fmt: skip


def _in_service(model: LoadedModel, since_ms: int) -> ModelInService:
    return ModelInService(
        data_type=model.data_type,
        model=model.identity,
        description=model.description,
        engine=model.engine,
        format=model.format,
        size_bytes=model.size_bytes,
        since_ms=since_ms,
        load_ms=model.load_ms,
    )
