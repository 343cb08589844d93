"""The InfluxDBs of the tests are real, do what the sink relies on, and survive what the tests do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.hostile import HOST
from tests.servers.processes import fetch

if TYPE_CHECKING:
    from tests.servers.influx import Influx

POINT = "serving,model=tree calculated=5.5 1000000000"
WRITTEN = [{"time": "1970-01-01T00:00:01Z", "calculated": 5.5, "model": "tree"}]
V2_WRITE = "/api/v2/write?org=any&bucket=serving/default"


def make_database(server: Influx) -> None:
    server.query('CREATE DATABASE serving WITH DURATION INF NAME "default"')


def write_v2(server: Influx, token: str) -> int:
    headers = {"Authorization": f"Token {token}"}
    return fetch(server.url + V2_WRITE, "POST", POINT.encode(), headers).status


@pytest.mark.servers
@pytest.mark.parametrize("name", ["influx18", "influx18_auth", "influx16"])
def test_a_point_is_written_and_read(request: pytest.FixtureRequest, name: str) -> None:
    server: Influx = request.getfixturevalue(name)
    assert server.write(POINT, "serving").status == 404
    make_database(server)
    assert server.write(POINT, "serving").status == 204
    assert server.rows("SELECT * FROM serving", "serving") == WRITTEN


def test_the_new_one_has_the_v2_api(influx18: Influx) -> None:
    assert fetch(f"{influx18.url}/health").status == 200
    assert write_v2(influx18, "") == 404
    make_database(influx18)
    assert write_v2(influx18, "") == 204
    assert influx18.rows("SELECT * FROM serving", "serving") == WRITTEN


def test_the_old_one_has_not(influx16: Influx) -> None:
    assert fetch(f"{influx16.url}/health").status == 404
    assert write_v2(influx16, "") == 404
    assert fetch(f"{influx16.url}/ping").headers["X-Influxdb-Version"].startswith("1.6")


def test_one_asks_who_one_is(influx18_auth: Influx) -> None:
    make_database(influx18_auth)
    assert write_v2(influx18_auth, "admin:wrong") == 401
    assert write_v2(influx18_auth, influx18_auth.token) == 204
    influx18_auth.query("CREATE USER guest WITH PASSWORD 'guest'")
    assert write_v2(influx18_auth, "guest:guest") == 403
    assert fetch(f"{influx18_auth.url}/query?q=SHOW+DATABASES").status == 401


@pytest.mark.parametrize("crash", [False, True], ids=["in order", "by a crash"])
def test_data_and_port_outlive_an_end(influx18_auth: Influx, crash: bool) -> None:
    make_database(influx18_auth)
    influx18_auth.write(POINT, "serving")
    before = influx18_auth.pid, influx18_auth.port
    if crash:
        influx18_auth.kill()
    else:
        influx18_auth.stop()
    with pytest.raises(ConnectionRefusedError):
        fetch(f"{influx18_auth.url}/ping")
    influx18_auth.restart()
    assert influx18_auth.pid != before[0]
    assert influx18_auth.port == before[1]
    assert influx18_auth.rows("SELECT * FROM serving", "serving") == WRITTEN


def test_a_frozen_one_takes_connections_and_answers_nothing(influx18: Influx) -> None:
    import http.client

    influx18.freeze()
    connection = http.client.HTTPConnection(HOST, influx18.port, timeout=0.3)
    connection.request("GET", "/ping")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    influx18.thaw()
    assert fetch(f"{influx18.url}/ping").status == 204
