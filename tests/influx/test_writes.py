"""Writing in each dialect, and what becomes of an answer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable, SettingsError
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.server import Dialect, Server
from streamscore_cli.influx.v2 import Organisation, V2Api
from streamscore_cli.influx.writes import LineWriter, Written, open_writer, retry_after_s
from tests.influx.fake_v2 import ORG_ID, OTHER_ID, FakeInflux2
from tests.influx.settings import PASSWORD, TOKEN, influx_settings
from tests.servers.hostile import Answer, Cut, Hang, HttpServer, Reply, as_html, as_json, refusing

LINES = b"serving calculated=5.5 1\nserving calculated=6.5 2"
DIALECTS = {Dialect.LINES: "/write", Dialect.V1: "/api/v2/write"}
Open = Callable[[Dialect], LineWriter]


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with HttpServer(Answer(204)) as server:
        yield server


@pytest.fixture
def opened(http: HttpServer) -> Iterator[Open]:
    made: list[LineWriter] = []

    def open_it(dialect: Dialect) -> LineWriter:
        settings = influx_settings(http.port, user="ann", password=PASSWORD)
        made.append(open_writer(Exchange(settings), Server("x", dialect)))
        return made[-1]

    yield open_it
    for writer in made:
        writer.close()


def test_an_old_one_gets_lines_at_its_database_and_policy(http: HttpServer, opened: Open) -> None:
    assert opened(Dialect.LINES).write(LINES, 5.0) == Written(204)
    (request,) = http.asked("POST", "/write")
    assert request.query == {"db": "serving", "rp": "default", "precision": "ns"}
    assert request.body == LINES
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()


def test_a_new_1x_gets_them_through_the_v2_api(http: HttpServer, opened: Open) -> None:
    assert opened(Dialect.V1).write(LINES, 5.0) == Written(204)
    (request,) = http.asked("POST", "/api/v2/write")
    assert request.query == {"org": "-", "bucket": "serving/default", "precision": "ns"}
    assert request.body == LINES
    assert request.headers["authorization"] == f"Token ann:{PASSWORD}"


def test_without_a_user_nobody_is_named(http: HttpServer) -> None:
    for dialect in DIALECTS:
        with closing(open_writer(Exchange(influx_settings(http.port)), Server("x", dialect))) as writer:
            writer.write(LINES, 5.0)
    assert [request.headers.get("authorization") for request in http.requests] == [None, None]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("reply", "written"),
    [
        (as_json({"error": "partial write: x dropped=1"}, 400), Written(400, "partial write: x dropped=1")),
        (as_json({"code": "invalid", "message": "bad"}, 422), Written(422, "bad")),
        (as_json({"error": "database not found"}, 404), Written(404, "database not found")),
        (as_json({"message": "slow"}, 429, Retry_After="7"), Written(429, "slow", 7.0)),
        (as_html(502, "Bad gateway"), Written(502, "HTTP 502 with a web page")),
        (Answer(500), Written(500, "HTTP 500")),
        (as_json({"error": f"no {PASSWORD}!\n\x1b[31m"}, 401), Written(401, r"no ***!\n\x1b[31m")),
    ],
)
def test_refusals(http: HttpServer, opened: Open, dialect: Dialect, reply: Reply, written: Written) -> None:
    http.otherwise(reply)
    found = opened(dialect).write(LINES, 5.0)
    if found.reason == "scripted":  # what the server says of a status, where its body says nothing
        found = replace(found, reason=f"HTTP {found.status}")
    assert found == written


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("reply", [Hang(), Cut(), Cut(b"HTTP/1.1 2"), Cut(b"\x00\xff\r\n\r\n")])
def test_no_answer(http: HttpServer, opened: Open, dialect: Dialect, reply: Reply) -> None:
    http.otherwise(reply)
    found = opened(dialect).write(LINES, 0.2)
    assert found.status == 0
    assert "does not answer" in found.reason
    assert PASSWORD not in found.reason


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_that_is_not_there(dialect: Dialect) -> None:
    with refusing() as url:
        settings = influx_settings(int(url.rpartition(":")[2]))
        with closing(open_writer(Exchange(settings), Server("x", dialect))) as writer:
            assert "answer: Connection refused" in writer.write(LINES, 5.0).reason


@pytest.fixture
def two() -> Iterator[FakeInflux2]:
    with FakeInflux2() as server:
        server.state.buckets.append({"id": "1", "orgID": ORG_ID, "name": "serving/default"})
        yield server


def exchange(server: HttpServer, org: str = "") -> Exchange:
    return Exchange(influx_settings(server.port, token=TOKEN, org=org))


@pytest.mark.parametrize("org", ["", "ours", ORG_ID])
def test_2x_gets_them_in_its_organisation(two: FakeInflux2, org: str) -> None:
    with closing(open_writer(exchange(two, org), Server("2.7", Dialect.V2))) as writer:
        assert writer.write(LINES, 5.0) == Written(204)
    assert two.state.lines == LINES.decode().split("\n")


@pytest.mark.parametrize(("org", "names"), [("", "it sees ours, theirs"), ("nobody's", "it sees ours, theirs")])
def test_an_organisation_that_is_not_clear(two: FakeInflux2, org: str, names: str) -> None:
    two.state.organisations["theirs"] = OTHER_ID
    with closing(V2Api(exchange(two, org), Dialect.V2)) as api, pytest.raises(ServiceRefused, match=names) as caught:
        api.organisation()
    assert "influxdb.org" in caught.value.hint


@pytest.mark.parametrize("org", ["ours", ORG_ID])
def test_an_organisation_is_asked_for_by_its_name_and_found_by_its_id(two: FakeInflux2, org: str) -> None:
    two.state.organisations["theirs"] = OTHER_ID
    with closing(V2Api(exchange(two, org), Dialect.V2)) as api:
        assert api.organisation() == Organisation("ours", ORG_ID)
    assert two.requests[0].query["org"] == org


def test_who_may_only_write_writes_to_the_organisation_that_is_named(two: FakeInflux2) -> None:
    two.on("GET", "/api/v2/orgs", as_json({"code": "unauthorized", "message": "no"}, 401))
    with closing(open_writer(exchange(two, "ours"), Server("2.7", Dialect.V2))) as writer:
        assert writer.write(LINES, 5.0) == Written(204)
    assert not two.asked("GET", "/api/v2/orgs")


UNFIT = [
    ("token", "first\nsecond"),
    ("token", "geh\u2019eim"),
    ("token", "hunter 2345"),
    ("user", "a\r\nHost: b"),
    ("password", "first\nsecond"),
    ("password", "\ud800"),
]


@pytest.mark.parametrize(("name", "value"), UNFIT)
def test_what_no_header_can_hold_is_refused_at_once_and_not_told(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"influxdb.{name}") as caught:
        Exchange(influx_settings(1, **{name: value}))
    assert not [part for part in value.split() if len(part) > 1 and part in str(caught.value)]


def test_a_password_is_written_as_utf_8(http: HttpServer) -> None:
    password = f"größe\u2019{PASSWORD}"
    settings = influx_settings(http.port, user="ann", password=password)
    for dialect in DIALECTS:
        with closing(open_writer(Exchange(settings), Server("x", dialect))) as writer:
            assert writer.write(LINES, 5.0) == Written(204)
    basic, token = (request.headers["authorization"] for request in http.requests)
    assert base64.b64decode(basic.removeprefix("Basic ")).decode() == f"ann:{password}"
    assert token.encode("latin-1").decode() == f"Token ann:{password}"


def test_a_request_that_cannot_be_written_is_no_fault_and_its_text_is_not_told(
    http: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_it(*_args: object, **_others: object) -> None:
        raise ValueError(f"Invalid header value b'Token {PASSWORD}'")

    monkeypatch.setattr("http.client.HTTPConnection.putheader", raise_it)
    settings = influx_settings(http.port, user="ann", password=PASSWORD)
    for dialect in DIALECTS:
        with closing(open_writer(Exchange(settings), Server("x", dialect))) as writer:
            found = writer.write(LINES, 5.0)
        assert (found.status, "cannot be written" in found.reason, PASSWORD in found.reason) == (0, True, False)
    with (
        closing(V2Api(Exchange(settings), Dialect.V2)) as api,
        pytest.raises(ServiceUnreachable, match="cannot be written") as caught,
    ):
        api.organisation()
    assert PASSWORD not in str(caught.value)


def test_a_wrong_token_is_refused_and_not_told(two: FakeInflux2) -> None:
    wrong = TOKEN[::-1]
    settings = influx_settings(two.port, token=wrong)
    with pytest.raises(ServiceRefused) as caught:
        open_writer(Exchange(settings), Server("2.7", Dialect.V2))
    assert caught.value.status == 401
    assert wrong not in str(caught.value)
    assert wrong not in repr(settings)


def test_pauses_that_are_asked_for() -> None:
    assert [retry_after_s(value) for value in ("120", "0", None, "", "soon", "-3")] == [120, 0, None, None, None, None]
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < (retry_after_s(later) or 0) <= 100
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
