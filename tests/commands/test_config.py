"""`config show`, as people and as programs read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.config.schema import leaves
from tests.commands.conftest import CommandLine

FILE = """
[model_server]
token = "hunter2"
[kafka.properties]
security.protocol = "SASL_SSL"
"sasl.password" = "hunter2"
[record_topics.orders]
format = "json"
"""


@pytest.fixture
def settings_file(streamscore: CommandLine) -> Path:
    file = streamscore.cwd / "streamscore.toml"
    file.write_text(FILE, encoding="utf-8")
    return file


def test_every_setting_is_a_line_with_its_origin(streamscore: CommandLine) -> None:
    done = streamscore("config", "show")
    lines = [line.split() for line in done.out.splitlines()]
    assert (done.code, done.err) == (ExitCode.OK, "")
    assert lines[0] == ["SETTING", "VALUE", "ORIGIN"]
    assert [line[0] for line in lines[1:]] == list(leaves())
    assert {line[-1] for line in lines[1:]} == {"default"}
    assert ["publisher.model_publish_interval", "5min", "default"] in lines


def test_only_what_was_changed(streamscore: CommandLine, settings_file: Path) -> None:
    streamscore.environ["KAFKA_BROKERS_LIST"] = "kafka:9092"
    done = streamscore("config", "show", "--changed")
    assert [line.split() for line in done.out.splitlines()[1:]] == [
        ["kafka.brokers", "kafka:9092", "environment", "KAFKA_BROKERS_LIST"],
        ["kafka.properties", "security.protocol=SASL_SSL,sasl.password=****", "file", str(settings_file)],
        ["model_server.token", "****", "file", str(settings_file)],
        ["record_topics.orders.format", "json", "file", str(settings_file)],
    ]


def test_json_has_values_with_their_types_and_origins(streamscore: CommandLine, settings_file: Path) -> None:
    found = streamscore("config", "show", "--json").json
    assert found["model_server.port"] == {
        "value": 5500,
        "source": "default",
        "name": "",
        "help": "The port to listen on; 0 picks a free one.",
    }
    assert found["topics.data"]["value"] == ["models_data"]
    assert found["kafka.properties"]["name"] == str(settings_file)


@pytest.mark.parametrize("arguments", [("--json",), ("--changed",), ()])
@pytest.mark.usefixtures("settings_file")
def test_no_secret_is_shown(streamscore: CommandLine, arguments: tuple[str, ...]) -> None:
    done = streamscore("config", "show", *arguments)
    assert done.code == ExitCode.OK
    assert "hunter2" not in done.out + done.err


def test_a_named_file_goes_before_the_usual_one(streamscore: CommandLine, settings_file: Path) -> None:
    other = settings_file.with_name("other.toml")
    other.write_text("[topics]\nmodels = 'mine'\n", encoding="utf-8")
    assert list(streamscore("--config", str(other), "config", "show", "--changed", "--json").json) == ["topics.models"]


def test_notes_go_to_standard_error(streamscore: CommandLine) -> None:
    streamscore.environ["ZOOKEEPER_URL"] = "zk:2181"
    done = streamscore("config", "show", "--json")
    assert done.json
    assert done.err == "note: ZOOKEEPER_URL is set and not used: clients of Kafka talk to the brokers only.\n"


def test_an_unknown_setting_fails_with_its_code_and_the_nearest(streamscore: CommandLine, settings_file: Path) -> None:
    settings_file.write_text("[kafka]\nbroker = 'a'\n", encoding="utf-8")
    done = streamscore("config", "show")
    assert (done.code, done.out) == (ExitCode.SETTINGS, "")
    assert done.err.splitlines() == [
        f"error: kafka.broker in {settings_file} is no setting.",
        "Did you mean kafka.brokers?",
    ]


def test_variables_of_other_options_are_no_unknown_settings(streamscore: CommandLine) -> None:
    streamscore.environ |= {"STREAMSCORE_DEBUG": "", "STREAMSCORE_WATCH": "1", "STREAMSCORE_JSON": "1"}
    assert streamscore("config", "show").code == ExitCode.OK
