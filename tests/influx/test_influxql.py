"""InfluxQL: rows of good answers, and errors wherever they hide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.influxql import quoted, run
from tests.influx.settings import influx_settings
from tests.servers.hostile import Answer, HttpServer, Reply, as_html, as_json


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


def test_rows_have_the_names_of_their_columns(http: HttpServer) -> None:
    series = [{"columns": ["name", "default"], "values": [["a", True], ["b", None]]}]
    http.otherwise(as_json({"results": [{"statement_id": 0, "series": series}]}))
    rows = run(Exchange(influx_settings(http.port)), "SHOW RETENTION POLICIES")
    assert [row.cells for row in rows] == [{"name": "a", "default": True}, {"name": "b", "default": None}]
    assert (rows[0].text("name"), rows[1].text("default"), rows[1].text("none")) == ("a", "", "")
    assert http.requests[0].text == "q=SHOW+RETENTION+POLICIES"


@pytest.mark.parametrize("results", [[], [{"statement_id": 0}], [{"series": None}], ["?"], [{"series": [{}]}]])
def test_answers_without_rows(http: HttpServer, results: list[object]) -> None:
    http.otherwise(as_json({"results": results}))
    assert run(Exchange(influx_settings(http.port)), "CREATE DATABASE x") == []


@pytest.mark.parametrize(
    ("reply", "status", "text"),
    [
        (
            as_json({"results": [{"statement_id": 0, "error": "not implemented: CREATE DATABASE"}]}),
            200,
            "not implemented",
        ),
        (as_json({"error": "authorization failed"}, 401), 401, "authorization failed"),
        (as_json({"error": "error authorizing query"}, 403), 403, "authorizing"),
        (as_json({"error": "error parsing query: found X"}, 400), 400, "parsing"),
        (as_json({}), 200, "gave no results"),
        (as_html(), 200, "web page"),
        (Answer(200, b'{"results":[{"err'), 200, "gave no results"),
        (Answer(503), 503, "HTTP 503"),
    ],
)
def test_errors(http: HttpServer, reply: Reply, status: int, text: str) -> None:
    http.otherwise(reply)
    with pytest.raises(ServiceRefused, match=text) as caught:
        run(Exchange(influx_settings(http.port)), "CREATE DATABASE x")
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("name", "written"), [("serving", '"serving"'), ('a"b', r'"a\"b"'), ("a\\", r'"a\\"'), ("a\nb", r'"a\nb"')]
)
def test_names_are_quoted(name: str, written: str) -> None:
    assert quoted(name) == written
