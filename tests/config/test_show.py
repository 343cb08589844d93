"""The settings as rows: origins told, secrets hidden."""

from __future__ import annotations

from pathlib import Path

from streamscore_cli.config.loader import load
from streamscore_cli.config.schema import leaves
from streamscore_cli.config.show import Row, rows

FILE = """
[kafka.properties]
sasl.username = "u"
sasl.password = "hunter2"
ssl.key.password = "hunter2"
ssl.key.pem = "hunter2"
sasl.oauthbearer.client.secret = "hunter2"
sasl.oauthbearer.token.endpoint.url = "https://auth"

[record_topics."orders.v1"]
names = { x = ["a", "b"] }
"""


def loaded_rows(tmp_path: Path) -> dict[str, Row]:
    file = tmp_path / "streamscore.toml"
    file.write_text(FILE, encoding="utf-8")
    environ = {"STREAMSCORE_MODEL_SERVER_TOKEN": "hunter2", "DATA_PUBLISH_INTERVAL": "90"}
    return {row.path: row for row in rows(load(file, environ, {"scoring.no_model": "drop"}))}


def test_secrets_are_hidden_wherever_they_are(tmp_path: Path) -> None:
    found = loaded_rows(tmp_path)
    assert "hunter2" not in str([(row.value, row.text, row.origin) for row in found.values()])
    assert found["model_server.token"].value == "****"
    assert found["kafka.properties"].value == {
        "sasl.username": "u",
        "sasl.password": "****",
        "ssl.key.password": "****",
        "ssl.key.pem": "****",
        "sasl.oauthbearer.client.secret": "****",
        "sasl.oauthbearer.token.endpoint.url": "https://auth",
    }


def test_a_secret_that_is_not_set_is_seen_as_such() -> None:
    assert {row.path: row.value for row in rows(load(None, {}, {}))}["model_server.token"] == ""


def test_values_are_as_the_file_would_have_them(tmp_path: Path) -> None:
    found = loaded_rows(tmp_path)
    assert (found["publisher.data_publish_interval"].value, found["scoring.no_model"].value) == ("90s", "drop")
    assert (found["model_server.legacy_ports"].text, found["topics.data"].text) == ("false", "models_data")
    assert found["record_topics.orders.v1.names"].value == {"x": ["a", "b"]}
    assert found["record_topics.orders.v1.names"].text == "x=a|b"


def test_only_what_someone_gave_is_changed(tmp_path: Path) -> None:
    changed = {path for path, row in loaded_rows(tmp_path).items() if row.changed}
    assert changed == {
        "kafka.properties",
        "model_server.token",
        "publisher.data_publish_interval",
        "scoring.no_model",
        "record_topics.orders.v1.names",
    }


def test_every_setting_has_a_row_and_a_help_text(tmp_path: Path) -> None:
    found = loaded_rows(tmp_path)
    assert set(leaves()) <= set(found)
    assert all(row.help.endswith(".") for row in found.values())
