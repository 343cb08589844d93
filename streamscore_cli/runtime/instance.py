"""The composition root of `serve`: settings to wired objects, and which thread runs which; no logic of the domain."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn, TypeVar

from streamscore_cli import __version__
from streamscore_cli.api.app import make_app
from streamscore_cli.api.live import LiveFeed
from streamscore_cli.api.server import LEGACY_PORT, HttpServer
from streamscore_cli.config.settings import ModelServerSettings, Settings
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import BrokerUnreachable, ModelRejected, TimedOut, TopicMismatch
from streamscore_cli.core.log_events import event
from streamscore_cli.core.models import Artifact
from streamscore_cli.engines.compiled_pmml import compiled_apart
from streamscore_cli.engines.registry import engines_for
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.link import open_records_link
from streamscore_cli.kafka.models_topic import KafkaModelsTopic
from streamscore_cli.kafka.probe import wait_for_broker
from streamscore_cli.kafka.topic_plan import Action
from streamscore_cli.kafka.topics import TopicAdmin
from streamscore_cli.pipeline.ledger import Ledger
from streamscore_cli.pipeline.models_loop import ModelsLoop
from streamscore_cli.pipeline.no_tracing import NO_TRACING
from streamscore_cli.pipeline.policy import Policy
from streamscore_cli.pipeline.ports import Observer, Tracer
from streamscore_cli.pipeline.records_loop import LoopSettings, RecordsLoop
from streamscore_cli.pipeline.route import TopicRecords
from streamscore_cli.pipeline.score import Scorer
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.descriptor import decode_descriptor
from streamscore_cli.records.results import encoder_for
from streamscore_cli.runtime.garbage import keep_blocks, spare_collections
from streamscore_cli.runtime.provisioning import add_grafana
from streamscore_cli.runtime.sinks import add_sinks
from streamscore_cli.runtime.summary import say_stopped
from streamscore_cli.runtime.supervisor import Supervisor
from streamscore_cli.runtime.time_slices import shorten_time_slices
from streamscore_cli.runtime.tracing import add_tracing
from streamscore_cli.runtime.view import View
from streamscore_cli.serving.admission import Admission, RecordShape
from streamscore_cli.serving.manager import Manager
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.recorder import Recorder
from streamscore_cli.state.snapshots import InstanceIdentity

T = TypeVar("T")

log = logging.getLogger("streamscore")

REPORT_EVERY_S = 1.0
"""From sample to sample of the history."""

MODELS_GRACE_S = 3.0
"""How long the end waits for a model that is being loaded."""


def serve(settings: Settings, *, provision: bool = True) -> None:
    """Run an instance until a signal or a failure; raises that failure, after everything has ended in order.

    With `provision` InfluxDB and Grafana are made as wanted, where the settings name them.
    """
    Instance(settings, provision=provision).run()


class Instance:
    """One scoring server; its threads stop in the order in which `run` adds them."""

    def __init__(self, settings: Settings, *, provision: bool = True) -> None:
        """Check what can be checked without a broker; raises `SettingsError` for records, ports and addresses."""
        self._settings = settings
        self._provision = provision
        self._clock = SystemClock()
        self._health = ClientHealth(self._clock)
        self._manager = Manager()
        self._board = ModelsBoard()
        self._recorder = Recorder(self._clock)
        self._topics = _topic_records(settings)
        for data_type in (*settings.scoring.data_types, *(records.data_type for records in self._topics.values())):
            if data_type:
                self._manager.declare(data_type)
        self._board.declared(self._manager.declared)
        self.view = View(self._recorder, self._board, self._health)
        self.supervisor = Supervisor()
        self._observers: tuple[Observer, ...] = ()
        self._tracer: Tracer = NO_TRACING
        server = settings.model_server
        ports = (server.port, LEGACY_PORT) if server.legacy_ports else (server.port,)
        self._live = LiveFeed(self.view)
        self._http = HttpServer(make_app(self.view, server.token, self._live), server.host, ports)
        self.view.identity = _identity(server, self._http.ports[0])

    def run(self) -> None:
        """Run until a signal or a failure."""
        identity = self.view.identity
        settings = self._settings
        log.info(
            "streamscore %s, instance %s", __version__, identity.name,
            extra=event(
                "started", version=__version__, instance=identity.name, brokers=settings.kafka.brokers,
                group=settings.scoring.group, data=settings.topics.data, models=settings.topics.models,
            ),
        )  # fmt: skip
        where = [f"{settings.model_server.host}:{port}" for port in self._http.ports]
        log.info("http on %s", ", ".join(where), extra=event("listening", addresses=where))
        self.supervisor.add("scoring", self._score)
        self.supervisor.add("models", self._follow_models, may_be_late_s=MODELS_GRACE_S)
        self._observers = add_sinks(self._settings, self.supervisor, self.view, self._clock, provision=self._provision)
        if self._provision:
            add_grafana(self._settings, self.supervisor)
        self._tracer = add_tracing(settings, self.supervisor, identity.name)
        self.supervisor.add("reporting", self._report)
        self.supervisor.add("http", lambda _stopping: self._http.run(), self._stop_http)
        try:
            self.supervisor.run()
        finally:
            loading = not self.supervisor.ended("models")
            if loading:
                log.info("a model is still being loaded: the end does not wait", extra=event("load-abandoned"))
            say_stopped(self.view)
        if loading:
            _end_beside_a_load()
        self._manager.close()

    def _stop_http(self) -> None:
        self._live.close()
        self._http.stop()

    def _report(self, stopping: Callable[[], bool]) -> None:
        due_s = 0.0
        while not stopping():
            now_s = self._clock.monotonic_s()
            if now_s >= due_s:
                due_s = now_s + REPORT_EVERY_S
                self.view.remember()
            time.sleep(0.1)

    def _follow_models(self, stopping: Callable[[], bool]) -> None:
        quiet = logging.DEBUG  # the scoring thread waits for the same broker, and says so
        topic = self._insist(lambda: KafkaModelsTopic(self._settings, self._health, stopping=stopping), stopping, quiet)
        if topic is None:
            return
        limit = self._settings.models

        def check_size(artifact: Artifact) -> None:
            if artifact.size_bytes > limit.max_bytes:
                message = f"It has {artifact.size_bytes} bytes, admitted are {limit.max_bytes}."
                raise ModelRejected(message, "Raise models.max_bytes if it is meant to be so large.")

        shapes = [_shape(records) for records in self._topics.values()]
        with compiled_apart(limit, stopping) as native:
            loop = ModelsLoop(
                topic,
                Ledger(decode_descriptor),
                Admission(partial(engines_for, models=limit, native_pmml=native), check_size, shapes),
                self._manager,
                self._board,
                self._clock,
            )
            loop.run(stopping)

    def _score(self, stopping: Callable[[], bool]) -> None:
        max_bytes = self._insist(self._check_topics, stopping)
        if max_bytes is None:
            return
        while not self._board.snapshot().caught_up:
            if stopping():
                return
            time.sleep(0.05)
        scoring = self._settings.scoring
        if scoring.short_time_slices:
            shorten_time_slices()  # before the clients start their threads, which are to wake as soon
        link = self._insist(
            lambda: open_records_link(self._settings, self._health, self._clock, stopping, max_bytes=max_bytes),
            stopping,
        )
        if link is None:
            return
        try:
            loop = RecordsLoop(
                link.source,
                link.checkpoint,
                Scorer(self._manager, encoder_for(scoring.results), self._clock, max_bytes),
                self._recorder,
                LoopSettings(
                    self._topics,
                    Policy(scoring.on_error, scoring.no_model),
                    self.view.identity.name,
                    scoring.batch_records,
                    self._observers,
                    self._tracer,
                ),
                self._clock,
            )
            spare_collections()
            keep_blocks()
            loop.run(stopping)
        finally:
            link.checkpoint.end()

    def _insist(self, attempt: Callable[[], T], stopping: Callable[[], bool], level: int = logging.WARNING) -> T | None:
        """Do what needs a broker, waiting for one as often as it goes away; None when told to stop."""
        while wait_for_broker(self._settings, self._clock, stopping, level) is not None:
            try:
                return attempt()
            except BrokerUnreachable as error:
                log.log(level, "%s", error, extra=event("broker-awaited", cause=str(error)))
            except TimedOut:
                if not stopping():
                    raise
        return None

    def _check_topics(self) -> Mapping[str, int]:
        """Refuse topics that results would be lost in; return the largest message that each written one takes."""
        with TopicAdmin(self._settings) as admin:
            plans = admin.plan()
            results = {records.results_topic for records in self._topics.values()}
            written = {*results, self._settings.topics.dead_letters}
            states = admin.states(written)
        for plan in plans:
            if plan.name in {*written, self._settings.topics.models} and plan.action in {Action.CREATE, Action.GROW}:
                wrong = "does not exist" if plan.action is Action.CREATE else f"needs {plan.partitions} partitions"
                raise TopicMismatch(f"The topic {plan.name} {wrong}.", "Run `streamscore topics create`.")
            for difference in plan.differences:
                extra = event("topic-differs", topic=plan.name, reason=str(difference))
                log.warning("topic %s: %s", plan.name, difference, extra=extra)
        return {name: state.max_message_bytes for name, state in states.items()}


def _end_beside_a_load() -> NoReturn:
    """End the process at once: a model is being loaded, which nothing can interrupt, and all else has ended in order.

    The ordinary end of the interpreter would wait for the engine, or take its run time away from under it.
    """
    logging.shutdown()
    os._exit(0)


def _topic_records(settings: Settings) -> dict[str, TopicRecords]:
    """Return how the records of each data topic look; those of a pattern's topics are under the empty name."""
    named = {topic: settings.records_of(topic) for topic in settings.topics.data if not topic.startswith("^")}
    if len(named) < len(settings.topics.data):
        named |= dict(settings.record_topics) | {"": settings.records}
    return {
        topic: TopicRecords(
            codec=codec_for(records),
            data_type_field=records.data_type_field,
            data_type=records.implied_data_type,
            names=records.names,
            results_topic=records.results or settings.topics.scores,
        )
        for topic, records in named.items()
    }


def _shape(records: TopicRecords) -> RecordShape:
    fields = records.codec.fields
    if fields is None:
        return RecordShape(None, records.names)
    return RecordShape(tuple(field for field in fields if field.name != records.data_type_field), records.names)


def _identity(server: ModelServerSettings, port: int) -> InstanceIdentity:
    local = server.host in {"127.0.0.1", "localhost", "::1"}
    host = server.advertised_host or (server.host if local else socket.getfqdn())
    return InstanceIdentity(server.instance or socket.gethostname(), host, port)
