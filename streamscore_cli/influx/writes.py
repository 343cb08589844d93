"""Lines written to InfluxDB in the dialect of the server; what becomes of a refusal is the caller's matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol

from streamscore_cli.core.errors import ServiceUnreachable
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.server import Dialect, Server
from streamscore_cli.influx.v2 import V2Api


@dataclass(frozen=True, slots=True)
class Written:
    """How a write ended: HTTP's status, 0 where nothing answered; a reason without secrets; the pause asked for."""

    status: int
    reason: str = ""
    retry_after_s: float | None = None

    @property
    def good(self) -> bool:
        """Tell whether all points were taken."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class LineWriter(Protocol):
    """Writes lines, one request each time; used by one thread."""

    def write(self, lines: bytes, timeout_s: float) -> Written:
        """Send lines of the line protocol with times in nanoseconds; raises nothing for what a server does."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...


def open_writer(exchange: Exchange, server: Server) -> LineWriter:
    """Return the writer for a server; raises as `V2Api.organisation` does."""
    if server.dialect is Dialect.LINES:
        return _PlainWriter(exchange)
    return _V2Writer(V2Api(exchange, server.dialect), exchange.settings.org)


class _PlainWriter:
    """To `/write`, as 1.0 to 1.7 want it."""

    def __init__(self, exchange: Exchange) -> None:
        settings = exchange.settings
        self._exchange = exchange
        self._params = {"db": settings.database, "rp": settings.retention_policy, "precision": "ns"}

    def write(self, lines: bytes, timeout_s: float) -> Written:
        """Send lines."""
        try:
            reply = self._exchange.post("/write", self._params, lines, timeout_s)
        except ServiceUnreachable as error:
            return Written(0, error.message)
        pause_s = retry_after_s(reply.headers.get("retry-after"))
        return Written(reply.status, "" if reply.good else self._exchange.said(reply), pause_s)

    def close(self) -> None:
        """Do nothing: each request closes its connection."""


class _V2Writer:
    """To `/api/v2/write`, through influxdb-client."""

    def __init__(self, api: V2Api, organisation: str) -> None:
        """Take the organisation's name or id, else ask for it: who may only write does not see any."""
        self._api = api
        try:
            self._organisation = organisation or api.organisation().name
        except BaseException:
            api.close()
            raise

    def write(self, lines: bytes, timeout_s: float) -> Written:
        """Send lines."""
        refusal = self._api.write(self._organisation, lines, timeout_s)
        if refusal is None:
            return Written(HTTPStatus.NO_CONTENT)
        status, reason, pause = refusal
        return Written(status, reason, retry_after_s(pause))

    def close(self) -> None:
        """Close the client."""
        self._api.close()


def retry_after_s(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date; None for anything else."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
