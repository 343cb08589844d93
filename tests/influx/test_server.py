"""Which InfluxDB answers; the answers are those of real servers, of documentation, and of what is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.server import Dialect, Server, dialect_of, identify
from tests.influx.settings import PASSWORD, influx_settings
from tests.servers.hostile import Answer, Cut, Hang, HttpServer, Reply, as_html, as_json, black_hole, refusing


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with HttpServer(Answer(404)) as server:
        yield server


def exchange(url: str, timeout_s: float = 5.0) -> Exchange:
    return Exchange(influx_settings(int(url.rpartition(":")[2]), user="u", password=PASSWORD, timeout_s=timeout_s))


def version(text: str) -> Reply:
    return Answer(204, headers={"X-Influxdb-Version": text})


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("1.6.7~rc0", Dialect.LINES),
        ("1.7.11", Dialect.LINES),
        ("1.8.10", Dialect.V1),
        ("1.11.8-c1.11.8", Dialect.V1),
        ("v2.7.12", Dialect.V2),
        ("2.0.4", Dialect.V2),
        ("3.0.1", Dialect.V3),
        ("unknown", None),
        ("", None),
    ],
)
def test_versions(text: str, dialect: Dialect | None) -> None:
    assert dialect_of(text) is dialect


def test_the_ping_tells(http: HttpServer) -> None:
    http.on("GET", "/ping", version("v2.7.12"))
    assert identify(exchange(http.url)) == Server("2.7.12", Dialect.V2)
    assert len(http.requests) == 1


def test_behind_a_proxy_that_drops_headers_the_health_tells(http: HttpServer) -> None:
    http.on("GET", "/ping", Answer(204))
    http.on("GET", "/health", as_json({"name": "influxdb", "status": "pass", "version": "1.8.10"}))
    assert identify(exchange(http.url)) == Server("1.8.10", Dialect.V1)


def test_without_health_and_version_it_is_an_old_one(http: HttpServer) -> None:
    http.on("GET", "/ping", Answer(204))
    assert identify(exchange(http.url)).dialect is Dialect.LINES


@pytest.mark.parametrize(("setup", "dialect"), [(200, Dialect.V2), (404, Dialect.V1)])
def test_one_that_was_built_without_a_version(http: HttpServer, setup: int, dialect: Dialect) -> None:
    http.on("GET", "/ping", version("unknown"))
    http.on("GET", "/health", as_json({"name": "influxdb", "status": "pass"}))
    http.on("GET", "/api/v2/setup", Answer(setup))
    assert identify(exchange(http.url)) == Server("unknown", dialect)


@pytest.mark.parametrize(
    "reply", [as_html(), as_html(404), Answer(200, b"hello"), as_json({"name": "grafana"}), Answer(302)]
)
def test_what_is_no_influxdb(http: HttpServer, reply: Reply) -> None:
    http.otherwise(reply)
    with pytest.raises(ServiceUnreachable, match="is not InfluxDB"):
        identify(exchange(http.url))


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_one_that_does_not_want_now(http: HttpServer, status: int) -> None:
    http.on("GET", "/ping", as_json({"error": f"no, {PASSWORD}"}, status))
    with pytest.raises(ServiceRefused, match=r"no, \*\*\*") as caught:
        identify(exchange(http.url))
    assert caught.value.status == status


@pytest.mark.parametrize("reply", [Hang(), Cut(), Cut(b"HTTP/1.1 2"), Cut(b"\x00\xff garbage\r\n\r\n")])
def test_one_that_breaks_off_or_hangs(http: HttpServer, reply: Reply) -> None:
    http.otherwise(reply)
    with pytest.raises(ServiceUnreachable, match="does not answer") as caught:
        identify(exchange(http.url, timeout_s=0.2))
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"x" * 200])
def test_one_that_drips_has_no_more_time_than_the_others(http: HttpServer, body: bytes) -> None:
    """All of it would take a quarter of an hour."""
    http.otherwise(Answer(200, body, headers={"X-Influxdb-Version": "1.6.7" + "." * 6000}, drip_s=0.15))
    with pytest.raises(ServiceUnreachable, match="no answer in time"):
        identify(exchange(http.url, timeout_s=0.4))


def test_one_that_is_not_there() -> None:
    with refusing() as url, pytest.raises(ServiceUnreachable, match="answer: Connection refused"):
        identify(exchange(url))
    with black_hole() as url, pytest.raises(ServiceUnreachable, match="no answer in time"):
        identify(exchange(url, timeout_s=0.2))
