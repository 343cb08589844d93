"""Makes the library's clients from options, watched by a `ClientHealth`; it uses none of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streamscore_cli.core.errors import SettingsError
from streamscore_cli.core.log_events import event
from streamscore_cli.kafka.faults import error_of
from streamscore_cli.kafka.health import ClientLog, ClientWatch
from streamscore_cli.kafka.options import ClientOptions, weakened_tls

C = TypeVar("C")
OnCommit = Callable[[KafkaError | None, list[TopicPartition]], None]
OnDelivery = Callable[[KafkaError | None, Message], None]

_log = logging.getLogger("streamscore.kafka")


def make_consumer(options: ClientOptions, watch: ClientWatch, on_commit: OnCommit | None = None) -> Consumer:
    """Make a consumer; raises `SettingsError` when the library refuses a property."""
    config = _config(options, watch)
    if on_commit is not None:
        config["on_commit"] = on_commit
    return made(partial(Consumer, config, logger=ClientLog()), options)


def make_producer(options: ClientOptions, watch: ClientWatch, on_delivery: OnDelivery) -> Producer:
    """Make a producer that reports failed deliveries to `on_delivery`; raises as `make_consumer`."""
    config = {**_config(options, watch), "on_delivery": on_delivery}
    return made(partial(Producer, config, logger=ClientLog()), options)


def make_admin(options: ClientOptions, watch: ClientWatch) -> AdminClient:
    """Make an admin client; raises as `make_consumer`."""
    return made(partial(AdminClient, _config(options, watch), logger=ClientLog()), options)


def made(kind: Callable[[], C], options: ClientOptions) -> C:
    """Return a new client; raises `SettingsError` when the library refuses a property."""
    for weak in weakened_tls(options):
        extra = event("tls-weakened", client=options.role.value, reason=str(weak))
        _log.warning("TLS of the %s client is weakened: %s", options.role.value, weak, extra=extra)
    try:
        return kind()
    except KafkaException as exception:
        text = error_of(exception).str()
        hint = "Look at kafka.properties, kafka.consumer and kafka.producer in the settings."
        raise SettingsError(f"The Kafka client refuses its settings: {text}.", hint) from exception
    except (TypeError, ValueError) as error:
        raise SettingsError(f"The Kafka client refuses its settings: {error}.") from error


def _config(options: ClientOptions, watch: ClientWatch) -> dict[str, Any]:
    return {**options.properties, "error_cb": watch.on_error, "stats_cb": watch.on_statistics}
