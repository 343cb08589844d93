"""`provision` as people and programs see it, against the stand-in for Grafana; real InfluxDBs are in tests/servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from tests.commands.conftest import CommandLine
from tests.influx.fake_v2 import FakeInflux2
from tests.influx.settings import TOKEN as INFLUXDB_TOKEN
from tests.provision.grafana import TOKEN, Grafana
from tests.servers.hostile import Answer, HttpServer, as_json

GRAFANA = ("provision", "grafana", "--host", "127.0.0.1", "--influxdb-url", "http://influx:8086")


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with Grafana() as server:
        yield server


@pytest.fixture
def at_grafana(streamscore: CommandLine, grafana: Grafana) -> CommandLine:
    streamscore.environ |= {"GRAFANA_PORT": str(grafana.port), "STREAMSCORE_GRAFANA_TOKEN": TOKEN}
    return streamscore


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("influxdb",), ("influxdb.host", "INFLUXDB_HOST")),
        (("grafana",), ("grafana.host", "GRAFANA_HOST")),
        (("all",), ("influxdb.host", "grafana.host", "INFLUXDB_HOST", "GRAFANA_HOST")),
    ],
)
def test_a_newcomer_is_told_the_setting(streamscore: CommandLine, command: tuple[str], named: tuple[str, ...]) -> None:
    done = streamscore("provision", *command)
    assert (done.code, done.out) == (ExitCode.SETTINGS, "")
    assert all(name in done.err for name in named)


def test_grafana_is_shown_and_made_and_a_second_run_says_that_nothing_changes(
    at_grafana: CommandLine, grafana: Grafana
) -> None:
    done = at_grafana(*GRAFANA)
    assert done.code == ExitCode.OK, done.err
    lines = done.out.splitlines()
    assert lines[0] == f"Grafana 11.2.0 at {grafana.url}"
    assert lines[1].split() == ["THING", "ACTION", "WANTED", "FOUND"]
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "data source streamscore-influxdb",
        "folder streamscore",
        "dashboard streamscore: operations",
        "dashboard streamscore: serving",
    ]
    assert "4 changed." in done.err
    assert "no data source for Prometheus" in done.err
    again = at_grafana(*GRAFANA)
    assert again.out.count(" none ") == 4
    assert "Nothing to change." in again.err


def test_a_dry_run_changes_nothing_and_says_so(at_grafana: CommandLine, grafana: Grafana) -> None:
    done = at_grafana(*GRAFANA, "--dry-run")
    assert done.out.count(" create ") == 4
    assert "4 to change; nothing was changed." in done.err
    assert grafana.changes == []


def test_json_says_what_was_done(at_grafana: CommandLine, grafana: Grafana) -> None:
    planned = at_grafana(*GRAFANA, "--json", "--dry-run").json
    assert [(step["action"], step["done"]) for step in planned] == [("create", False)] * 4
    done = at_grafana(*GRAFANA, "--json")
    assert [(step["action"], step["done"]) for step in done.json] == [("create", True)] * 4
    assert done.json[1] == {
        "target": f"Grafana 11.2.0 at {grafana.url}",
        "thing": "folder streamscore",
        "action": "create",
        "done": True,
        "found": "",
        "wanted": "there",
    }
    assert [step["done"] for step in at_grafana(*GRAFANA, "--json").json] == [False] * 4


def test_it_waits_for_a_server_that_is_starting(at_grafana: CommandLine, grafana: Grafana) -> None:
    health = as_json({"database": "ok", "version": "11.2.0"})
    grafana.on("GET", "/api/health", Answer(502), Answer(503), health)
    done = at_grafana(*GRAFANA, "--wait", "1 minute")
    assert done.code == ExitCode.OK
    assert done.err.count("Waiting: ") == 1


def test_it_does_not_wait_for_what_no_waiting_mends(at_grafana: CommandLine) -> None:
    at_grafana.environ["STREAMSCORE_GRAFANA_TOKEN"] = TOKEN[::-1]
    done = at_grafana(*GRAFANA, "--wait", "1 hour")
    assert done.code == ExitCode.SERVICE_REFUSED
    assert "STREAMSCORE_GRAFANA_TOKEN_FILE" in done.err
    assert TOKEN[::-1] not in done.err


def test_a_server_that_is_not_there_has_its_exit_code(streamscore: CommandLine) -> None:
    done = streamscore("provision", "all", "--influxdb-host", "127.0.0.1", "--grafana-host", "[::1]:1")
    assert done.code == ExitCode.SETTINGS
    streamscore.environ["GRAFANA_PORT"] = "1"
    done = streamscore("provision", "grafana", "--host", "127.0.0.1")
    assert done.code == ExitCode.SERVICE_UNREACHABLE
    assert "http://127.0.0.1:1" in done.err


def test_all_looks_at_both_before_it_changes_either(at_grafana: CommandLine, grafana: Grafana) -> None:
    with HttpServer(as_json({"error": "no"}, 403)) as influxdb:
        at_grafana.environ["INFLUXDB_PORT"] = str(influxdb.port)
        both = ("--influxdb-host", "127.0.0.1", "--grafana-host", "127.0.0.1")
        done = at_grafana("provision", "all", *both)
    assert done.code == ExitCode.SERVICE_REFUSED
    assert grafana.changes == []


def test_all_takes_what_there_is_and_says_what_is_not(at_grafana: CommandLine, grafana: Grafana) -> None:
    done = at_grafana("provision", "all", "--grafana-host", "127.0.0.1")
    assert done.code == ExitCode.OK
    assert "no InfluxDB: influxdb.host" in done.err
    assert len(grafana.dashboards) == 2


def test_what_is_left_alone_says_why(at_grafana: CommandLine, grafana: Grafana) -> None:
    grafana.sources["x"] = {"uid": "x", "name": "streamscore-influxdb"}
    done = at_grafana(*GRAFANA, "--json")
    assert done.code == ExitCode.OK
    assert (done.json[0]["action"], done.json[0]["done"]) == ("leave", False)
    assert "uid x" in done.json[0]["found"]
    assert "1 left alone" in at_grafana(*GRAFANA).err


BOTH = ("provision", "all", "--influxdb-host", "127.0.0.1", "--grafana-host", "127.0.0.1")


@pytest.fixture
def at_both(at_grafana: CommandLine) -> Iterator[CommandLine]:
    with FakeInflux2() as influxdb:
        own = {"INFLUXDB_PORT": str(influxdb.port), "STREAMSCORE_INFLUXDB_TOKEN": INFLUXDB_TOKEN}
        at_grafana.environ |= own
        yield at_grafana


def test_what_was_changed_is_said_where_a_later_change_is_refused(at_both: CommandLine, grafana: Grafana) -> None:
    grafana.on("POST", "/api/folders", as_json({"message": "Permission denied"}, 403))
    done = at_both(*BOTH, "--json")
    assert done.code == ExitCode.SERVICE_REFUSED
    assert [(step["thing"].split()[0], step["done"]) for step in done.json] == [
        ("bucket", True),
        ("InfluxQL", True),
        ("data", True),
        ("folder", False),
        ("dashboard", False),
        ("dashboard", False),
    ]
    assert "Permission denied" in done.err


def test_what_was_changed_is_told_to_people_too(at_both: CommandLine, grafana: Grafana) -> None:
    grafana.on("POST", "/api/datasources", as_json({"message": "Permission denied"}, 403))
    done = at_both(*BOTH)
    assert done.code == ExitCode.SERVICE_REFUSED
    assert "2 of 6 changed: bucket serving/default, InfluxQL mapping serving.default." in done.err
    assert done.err.index("2 of 6 changed") < done.err.index("Permission denied")
    assert "None of 4 changed." in at_both(*BOTH).err


def test_a_version_changes_nothing_on_a_terminal(at_grafana: CommandLine, grafana: Grafana) -> None:
    grafana.version = "11\x1b[2J"
    done = at_grafana(*GRAFANA)
    assert "\x1b" not in done.out
    assert done.out.startswith(r"Grafana 11\x1b[2J at ")


@pytest.mark.parametrize("command", [("grafana", "--host", "h"), ("influxdb", "--host", "h")])
def test_a_wait_that_is_none_is_named(streamscore: CommandLine, command: tuple[str, ...]) -> None:
    done = streamscore("provision", *command, "--wait", "banana")
    assert done.code == ExitCode.SETTINGS
    assert "--wait" in done.err
    assert "'banana'" in done.err
