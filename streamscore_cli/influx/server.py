"""Which InfluxDB answers at an address and how it wants to be spoken to; it reads and writes no points."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable
from streamscore_cli.influx.exchange import Exchange, Reply

NUMBER = re.compile(r"(\d+)\.(\d+)")
REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
FIRST_WITH_V2_API = (1, 8)


class Dialect(StrEnum):
    """How a server is spoken to."""

    LINES = "1.x before 1.8: line protocol to /write"
    V1 = "1.8 and later 1.x: the v2-compatible API"
    V2 = "2.x: organisation, bucket and token"
    V3 = "3.x: as 2.x, by its documentation only"


@dataclass(frozen=True, slots=True)
class Server:
    """What answers: its version in its own words, empty where it does not say, and its dialect."""

    version: str
    dialect: Dialect


def identify(exchange: Exchange) -> Server:
    """Return which InfluxDB answers.

    Raises `ServiceUnreachable` when none does, and `ServiceRefused` when it is there and will not say.
    """
    ping = exchange.get("/ping")
    if ping.status in REFUSALS or ping.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ServiceRefused(f"InfluxDB at {exchange.url}: {exchange.said(ping)}.", status=ping.status)
    version = ping.headers.get("x-influxdb-version", "")
    if dialect := dialect_of(version):
        return Server(version.removeprefix("v"), dialect)
    health = exchange.get("/health")
    stated = _stated_version(health)
    if dialect := dialect_of(stated):
        return Server(stated.removeprefix("v"), dialect)
    if not version and not (ping.status == HTTPStatus.NO_CONTENT or stated):
        raise ServiceUnreachable(
            f"What answers at {exchange.url} is not InfluxDB ({exchange.said(ping)}).",
            "Look at influxdb.host and influxdb.port.",
        )
    return Server(version or stated, _unnumbered(exchange, health))


def dialect_of(version: str) -> Dialect | None:
    """Return the dialect of a version such as `1.8.10` or `v2.7.12`; None where it has no number."""
    found = NUMBER.search(version)
    if not found:
        return None
    number = (int(found[1]), int(found[2]))
    if number < FIRST_WITH_V2_API:
        return Dialect.LINES
    return {1: Dialect.V1, 2: Dialect.V2}.get(number[0], Dialect.V3)


def _stated_version(health: Reply) -> str:
    document = health.document()
    if not isinstance(document, dict) or document.get("name") != "influxdb":
        return ""
    return str(document.get("version", ""))


def _unnumbered(exchange: Exchange, health: Reply) -> Dialect:
    """Tell the dialect of a server that somebody built without a version: by what it has."""
    if health.status == HTTPStatus.NOT_FOUND:
        return Dialect.LINES
    return Dialect.V2 if exchange.get("/api/v2/setup").good else Dialect.V1
