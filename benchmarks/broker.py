"""The broker of a measurement: the embedded one with a whole compiler and more memory; it measures nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from streamscore_cli.kafka.embedded import EmbeddedBroker

OPTIONS = "-XX:TieredStopAtLevel=4 -Xms1g -Xmx1g -XX:-UseSerialGC -XX:+UseG1GC -XX:MaxGCPauseMillis=20"
"""What Kafka's own start script gives it. The embedded broker's flags are chosen to be up soon."""

OVERRIDE = "_JAVA_OPTIONS"
"""What Java reads after its command line, so that it goes before that."""


@contextmanager
def measured_broker() -> Iterator[EmbeddedBroker]:
    """Start a broker for a measurement; the options are for it alone, not for the programs that are measured."""
    broker = EmbeddedBroker()
    before = os.environ.get(OVERRIDE)
    os.environ[OVERRIDE] = OPTIONS
    try:
        broker.start()
    except BaseException:
        broker.close()
        raise
    finally:
        if before is None:
            del os.environ[OVERRIDE]
        else:
            os.environ[OVERRIDE] = before
    try:
        yield broker
    finally:
        broker.close()
