"""Is a broker there, and what does it say about itself; it waits for one, too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import KafkaException

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import BrokerUnreachable
from streamscore_cli.core.log_events import event
from streamscore_cli.kafka.clients import make_admin
from streamscore_cli.kafka.faults import explained
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.options import Role, client_options

REMIND_S = 10.0
ATTEMPT_S = 2.0

_log = logging.getLogger("streamscore.kafka")


@dataclass(frozen=True, slots=True)
class BrokerInfo:
    """One broker of the cluster, as the cluster advertises it."""

    id: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """The cluster behind the configured addresses."""

    cluster_id: str
    brokers: tuple[BrokerInfo, ...]


def check_broker(settings: Settings, timeout_s: float = 5.0) -> ClusterInfo:
    """Ask the cluster who it is; raises `BrokerUnreachable` with the cause, or `KafkaRefused`."""
    health = ClientHealth()
    admin = make_admin(client_options(settings.kafka, Role.ADMIN), health.watch("probe"))
    try:
        metadata = admin.list_topics(timeout=timeout_s)
    except KafkaException as exception:
        admin.poll(0)  # takes the errors that say why
        raise explained(exception, settings.kafka.brokers, "asking for metadata", health.errors) from exception
    brokers = sorted(metadata.brokers.values(), key=lambda broker: broker.id)
    infos = tuple(BrokerInfo(broker.id, str(broker.host), broker.port) for broker in brokers)
    return ClusterInfo(str(metadata.cluster_id), infos)


def wait_for_broker(
    settings: Settings, clock: Clock, stopping: Callable[[], bool], level: int = logging.WARNING
) -> ClusterInfo | None:
    """Wait for a broker, with a line in the log every ten seconds, of `level`; None when told to stop.

    Raises `KafkaRefused`.
    """
    since_s = clock.monotonic_s()
    remind_at_s = since_s
    while not stopping():
        try:
            cluster = check_broker(settings, ATTEMPT_S)
        except BrokerUnreachable as error:
            now_s = clock.monotonic_s()
            if now_s >= remind_at_s:
                remind_at_s = now_s + REMIND_S
                extra = event("broker-awaited", cause=str(error), waited_s=now_s - since_s)
                _log.log(level, "waiting for Kafka since %.0f s: %s", now_s - since_s, error, extra=extra)
        else:
            return cluster
    return None
