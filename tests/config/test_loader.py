"""The sources of settings and their order, and every way in which they can be wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from streamscore_cli.config.loader import Loaded, load
from streamscore_cli.config.schema import leaves
from streamscore_cli.config.settings import RecordSettings, Settings
from streamscore_cli.config.sources import find_file
from streamscore_cli.core.choices import NoModel, OnError, RecordFormat
from streamscore_cli.core.errors import SettingsError

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "streamscore.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def from_environment(**environ: str) -> Loaded:
    return load(None, environ, {})


def refused(
    file: Path | None = None, environ: Mapping[str, str] | None = None, overrides: Mapping[str, object] | None = None
) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {}, overrides or {})
    return caught.value


def test_nothing_given_is_the_defaults() -> None:
    loaded = load(None, {}, {})
    assert loaded.settings == Settings()
    assert {str(origin) for origin in loaded.origins.values()} == {"default"}
    assert list(loaded.origins) == list(leaves())
    assert loaded.warnings == ()


def test_the_strongest_source_wins_and_is_named(write: Write) -> None:
    file = write('[kafka]\nbrokers = "file:1"\n')
    environ = {"STREAMSCORE_KAFKA_BROKERS": "env:1"}
    steps: list[tuple[Path | None, dict[str, str], dict[str, object], str, str]] = [
        (None, {}, {}, "localhost:29092", "default"),
        (file, {}, {}, "file:1", f"file {file}"),
        (file, environ, {}, "env:1", "environment STREAMSCORE_KAFKA_BROKERS"),
        (file, environ, {"kafka.brokers": "flag:1"}, "flag:1", "flag"),
        (file, environ, {"kafka.brokers": None}, "env:1", "environment STREAMSCORE_KAFKA_BROKERS"),
    ]
    for path, variables, overrides, value, origin in steps:
        loaded = load(path, variables, overrides)
        assert (loaded.settings.kafka.brokers, str(loaded.origins["kafka.brokers"])) == (value, origin)


ORIGINAL_NAMES = [
    ("KAFKA_BROKERS_LIST", "kafka:9092", "kafka", "brokers", "kafka:9092"),
    ("DATA_PUBLISH_INTERVAL", "2 seconds", "publisher", "data_publish_interval_s", 2.0),
    ("MODEL_PUBLISH_INTERVAL", "1 minute", "publisher", "model_publish_interval_s", 60.0),
    ("DATA_DIRECTORY", "/data", "publisher", "data_dir", "/data"),
    ("DATA_FILENAME", "wine.csv", "publisher", "data_file", "wine.csv"),
    ("GRAFANA_HOST", "http://grafana", "grafana", "host", "grafana"),
    ("GRAFANA_PORT", "3001", "grafana", "port", 3001),
    ("INFLUXDB_HOST", "influx", "influxdb", "host", "influx"),
    ("INFLUXDB_PORT", "8087", "influxdb", "port", 8087),
    ("MODEL_SERVER_PORT", "5501", "model_server", "port", 5501),
]


@pytest.mark.parametrize(
    ("name", "text", "section", "attribute", "value"), ORIGINAL_NAMES, ids=[name for name, *_ in ORIGINAL_NAMES]
)
def test_the_originals_variables_work(name: str, text: str, section: str, attribute: str, value: object) -> None:
    loaded = from_environment(**{name: text})
    assert getattr(getattr(loaded.settings, section), attribute) == value


def test_the_regular_name_goes_before_the_originals() -> None:
    loaded = from_environment(KAFKA_BROKERS_LIST="old:1", STREAMSCORE_KAFKA_BROKERS="new:1")
    assert loaded.settings.kafka.brokers == "new:1"


def test_the_originals_file_works(write: Write) -> None:
    file = write("""
        [kafka]
        brokers = "kafka:9092"
        [publisher]
        data_publish_interval = "1 second"
        model_publish_interval = "PT5M"
        data_dir = "./data"
        data_file = "winequality_red.csv"
        [model_server]
        port = 5500
        [grafana]
        host = "http://grafana"
        port = 3000
        [influxdb]
        host = "influxdb"
        port = 8086
    """)
    settings = load(file, {}, {}).settings
    assert settings.publisher.model_publish_interval_s == 300.0
    assert settings.grafana.host == "grafana"


def test_durations_have_no_unit_in_their_name() -> None:
    loaded = from_environment(STREAMSCORE_PUBLISHER_DATA_PUBLISH_INTERVAL="500 ms")
    assert loaded.settings.publisher.data_publish_interval_s == 0.5
    assert "publisher.data_publish_interval" in loaded.origins
    error = refused(environ={"STREAMSCORE_PUBLISHER_DATA_PUBLISH_INTERVAL_S": "1"})
    assert error.hint == "Did you mean STREAMSCORE_PUBLISHER_DATA_PUBLISH_INTERVAL?"


def test_values_of_every_type_from_the_environment() -> None:
    settings = from_environment(
        STREAMSCORE_SCORING_NO_MODEL="DEAD_LETTER",
        STREAMSCORE_SCORING_BATCH_RECORDS="100",
        STREAMSCORE_MODEL_SERVER_LEGACY_PORTS="yes",
        STREAMSCORE_TOPICS_DATA="a, b,,c",
        STREAMSCORE_RECORDS_NAMES="fixed acidity=fa,x=a|b",
        STREAMSCORE_RECORDS_VECTORS="image=784,audio=16",
        STREAMSCORE_KAFKA_PROPERTIES="ssl.cipher.suites=A,B,security.protocol=SSL",
    ).settings
    assert settings.scoring.no_model is NoModel.DEAD_LETTER
    assert settings.scoring.batch_records == 100
    assert settings.model_server.legacy_ports is True
    assert settings.topics.data == ("a", "b", "c")
    assert settings.records.names == {"fixed acidity": "fa", "x": ("a", "b")}
    assert settings.records.vectors == {"image": 784, "audio": 16}
    assert settings.kafka.properties == {"ssl.cipher.suites": "A,B", "security.protocol": "SSL"}


def test_values_of_every_type_from_the_file(write: Write) -> None:
    file = write("""
        [kafka.properties]
        security.protocol = "SSL"
        "ssl.ca.location" = "/ca.pem"
        socket.keepalive.enable = true
        fetch.min.bytes = 10
        [topics]
        data = ["^orders,.*", "b"]
        [records]
        names = { "fixed acidity" = "fa", "x" = ["a", "b"] }
        vectors = { image = 784, "sound" = "16" }
        [checkpoint]
        interval = 0.2
        records = 1_000
    """)
    settings = load(file, {}, {}).settings
    assert settings.kafka.properties == {
        "security.protocol": "SSL",
        "ssl.ca.location": "/ca.pem",
        "socket.keepalive.enable": "true",
        "fetch.min.bytes": "10",
    }
    assert settings.topics.data == ("^orders,.*", "b")
    assert settings.records.names == {"fixed acidity": "fa", "x": ("a", "b")}
    assert settings.records.vectors == {"image": 784, "sound": 16}
    assert (settings.checkpoint.interval_s, settings.checkpoint.records) == (0.2, 1000)


def test_typed_values_as_options_give_them() -> None:
    overrides: dict[str, object] = {
        "scoring.on_error": OnError.STOP,
        "publisher.data_dir": Path("/x"),
        "topics.data": ["a"],
        "scoring.batch_wait_s": 0.1,
    }
    settings = load(None, {}, overrides).settings
    assert settings.scoring.on_error is OnError.STOP
    assert (settings.publisher.data_dir, settings.topics.data, settings.scoring.batch_wait_s) == ("/x", ("a",), 0.1)


def test_an_empty_variable_is_not_set() -> None:
    loaded = from_environment(KAFKA_BROKERS_LIST="", STREAMSCORE_KAFKA_BROKERS="")
    assert loaded.settings == Settings()


def test_the_hosts_name_is_weaker_than_the_file(write: Write) -> None:
    file = write('[model_server]\ninstance = "mine"\n')
    environ = {"HOSTNAME": "machine"}
    assert load(None, environ, {}).settings.model_server.instance == "machine"
    assert load(file, environ, {}).settings.model_server.instance == "mine"
    environ["STREAMSCORE_MODEL_SERVER_INSTANCE"] = "his"
    assert load(file, environ, {}).settings.model_server.instance == "his"


def test_tables_of_topics_inherit_what_they_leave_out(write: Write) -> None:
    file = write("""
        [records]
        data_type = "thing"
        data_type_field = "kind"
        [record_topics.orders]
        format = "json"
        [record_topics."orders.v1"]
        data_type = "order"
    """)
    loaded = load(file, {"STREAMSCORE_RECORDS_DATA_TYPE_FIELD": "sort"}, {})
    base = RecordSettings(data_type="thing", data_type_field="sort")
    assert loaded.settings.records_of("elsewhere") == base
    orders = loaded.settings.records_of("orders")
    assert (orders.format, orders.data_type, orders.data_type_field) == (RecordFormat.JSON, "thing", "sort")
    assert loaded.settings.records_of("orders.v1").data_type == "order"
    assert str(loaded.origins["record_topics.orders.v1.data_type"]) == f"file {file}"


def test_zookeeper_is_said_to_be_unused() -> None:
    assert from_environment(ZOOKEEPER_URL="zk:2181").warnings == (
        "ZOOKEEPER_URL is set and not used: clients of Kafka talk to the brokers only.",
    )


def test_what_kubernetes_sets_for_services_is_no_setting() -> None:
    loaded = from_environment(
        STREAMSCORE_SERVICE_HOST="10.0.0.1",
        STREAMSCORE_SERVICE_PORT_HTTP="5500",
        STREAMSCORE_PORT="tcp://10.0.0.1:5500",
        STREAMSCORE_PORT_5500_TCP_ADDR="10.0.0.1",
        INFLUXDB_PORT="tcp://10.0.0.2:8086",
        STREAMSCORE_MODEL_SERVER_PORT="tcp://10.0.0.3:5500",
    )
    assert loaded.settings == Settings()
    assert any("INFLUXDB_PORT is ignored" in warning for warning in loaded.warnings)
    assert any("STREAMSCORE_MODEL_SERVER_PORT is ignored" in warning for warning in loaded.warnings)


def test_variables_of_options_are_known_when_told_so() -> None:
    load(None, {"STREAMSCORE_JSON": "1"}, {}, also_known={"STREAMSCORE_JSON"})
    assert "STREAMSCORE_JSON" in refused(environ={"STREAMSCORE_JSON": "1"}).message


@pytest.mark.parametrize(
    ("text", "named", "nearest"),
    [
        ("[kafka]\nbroker = 'a'", "kafka.broker ", "kafka.brokers"),
        ("[kafk]\nbrokers = 'a'", "kafk ", "kafka"),
        ("brokers = 'a'", "brokers ", "kafka.brokers"),
        ("[publisher]\ndata_publish_interval_s = 1", "publisher.data_publish_interval_s ", "data_publish_interval"),
        ("[record_topics.orders]\nformt = 'json'", "record_topics.orders.formt ", "record_topics.orders.format"),
        ("[model_server]\ntokn = 'x'", "model_server.tokn ", "model_server.token"),
    ],
)
def test_an_unknown_name_in_the_file_is_an_error_that_names_the_nearest(
    write: Write, text: str, named: str, nearest: str
) -> None:
    file = write(text)
    error = refused(file)
    assert named in error.message
    assert str(file) in error.message
    assert nearest in error.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("STREAMSCORE_KAFKA_BROKER", "Did you mean STREAMSCORE_KAFKA_BROKERS?"),
        ("STREAMSCORE_MODELSERVER_PORT", "Did you mean STREAMSCORE_MODEL_SERVER_PORT?"),
        ("STREAMSCORE_XYZZY", "Without it, 'streamscore config show' lists those that there are."),
        ("STREAMSCORE_RECORD_TOPICS_ORDERS_FORMAT", "Settings of one topic go into the file."),
    ],
)
def test_an_unknown_variable_is_an_error_that_names_the_nearest(name: str, hint: str) -> None:
    error = refused(environ={name: "1"})
    assert name in error.message
    assert error.hint == hint


def test_an_unknown_override_is_an_error() -> None:
    assert refused(overrides={"kafka.broker": "a"}).hint == "Did you mean kafka.brokers?"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("STREAMSCORE_SCORING_BATCH_RECORDS", "many", "a whole number"),
        ("STREAMSCORE_SCORING_BATCH_RECORDS", "0", "1 or more"),
        ("STREAMSCORE_MODEL_SERVER_LEGACY_PORTS", "perhaps", "true or false"),
        ("STREAMSCORE_SCORING_NO_MODEL", "hope", "wait or drop or dead-letter"),
        ("MODEL_SERVER_PORT", "70000", "0 to 65535"),
        ("STREAMSCORE_LOG_LEVEL", "loud", "debug or info or warning or error"),
        ("STREAMSCORE_RECORDS_NAMES", "novalue", "key=value, separated by commas"),
    ],
)
def test_a_wrong_value_names_the_path_the_value_the_origin_and_what_is_wanted(
    name: str, value: str, wanted: str
) -> None:
    message = refused(environ={name: value}).message
    path = next(leaf.path for leaf in leaves().values() if name in leaf.env)
    assert message == f"{path} = {value!r} (from environment {name}): wanted {wanted}."


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[kafka]\nbrokers = 5", "kafka.brokers = 5 (from file {file}): wanted text."),
        ("[topics]\ndata = [1]", "topics.data = [1] (from file {file}): wanted a list of texts."),
        ("[model_server]\nport = true", "model_server.port = True (from file {file}): wanted a whole number."),
        ("[kafka]\nproperties = 'x'", "wanted key=value, separated by commas."),
        ("[kafka]\nproperties = 3", "wanted a table of key = value."),
        ("[records.vectors]\na = 1", "wanted 2 or more as the values."),
        ("[records.vectors]\na = 2.5", "wanted a whole number."),
        ("[checkpoint]\ninterval = 'soon'", "checkpoint.interval (from file {file}): 'soon' is not a duration."),
        ("[influxdb]\nhost = 'a:1'", "influxdb.host (from file {file}): 'a:1' holds a port."),
        ("[kafka", "is not TOML"),
        ("record_topics.orders = 3", "record_topics.orders in {file} is no table."),
    ],
)
def test_wrong_values_in_the_file(write: Write, text: str, wanted: str) -> None:
    file = write(text)
    assert wanted.format(file=file) in refused(file).message


def test_a_secret_is_read_from_a_file(tmp_path: Path, write: Write) -> None:
    secret = tmp_path / "token"
    secret.write_text("  s3cret\n", encoding="utf-8")
    loaded = from_environment(STREAMSCORE_MODEL_SERVER_TOKEN_FILE=str(secret))
    assert loaded.settings.model_server.token == "s3cret"  # noqa: S105
    assert str(loaded.origins["model_server.token"]) == "environment STREAMSCORE_MODEL_SERVER_TOKEN_FILE"
    file = write(f'[model_server]\ntoken_file = "{secret}"\n')
    assert load(file, {}, {}).settings.model_server.token == "s3cret"  # noqa: S105


def test_kafka_secrets_are_read_from_files(tmp_path: Path, write: Write) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n", encoding="utf-8")
    file = write(f'[kafka.properties]\nsasl.username = "u"\n"sasl.password_file" = "{secret}"\n')
    assert load(file, {}, {}).settings.kafka.properties == {"sasl.username": "u", "sasl.password": "hunter2"}
    both = write(f'[kafka.properties]\nsasl.password = "u"\n"sasl.password_file" = "{secret}"\n')
    assert "both set" in refused(both).message


def test_a_secret_given_twice_is_an_error(tmp_path: Path, write: Write) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret", encoding="utf-8")
    twice = {"STREAMSCORE_MODEL_SERVER_TOKEN": "a", "STREAMSCORE_MODEL_SERVER_TOKEN_FILE": str(secret)}
    assert "both set" in refused(environ=twice).message
    assert "both set" in refused(write(f'[model_server]\ntoken = "a"\ntoken_file = "{secret}"\n')).message


def test_a_secret_file_that_cannot_be_read_or_is_empty(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    message = refused(environ={"STREAMSCORE_MODEL_SERVER_TOKEN_FILE": str(missing)}).message
    assert str(missing) in message
    assert "STREAMSCORE_MODEL_SERVER_TOKEN_FILE" in message
    missing.write_text("\n", encoding="utf-8")
    assert "is empty" in refused(environ={"STREAMSCORE_MODEL_SERVER_TOKEN_FILE": str(missing)}).message


def test_a_wrong_secret_is_not_told(write: Write) -> None:
    assert refused(write("[model_server]\ntoken = 12345\n")).message.startswith("model_server.token = **** (from file")


def test_where_the_file_is_looked_for(tmp_path: Path) -> None:
    assert find_file(None, {}, tmp_path) is None
    usual, named = tmp_path / "streamscore.toml", tmp_path / "named.toml"
    usual.touch()
    named.touch()
    assert find_file(None, {}, tmp_path) == usual
    assert find_file(None, {"STREAMSCORE_CONFIG": "named.toml"}, tmp_path) == named
    assert find_file(named, {"STREAMSCORE_CONFIG": "gone.toml"}, tmp_path) == named
    with pytest.raises(SettingsError, match=r"no settings file gone\.toml"):
        find_file(None, {"STREAMSCORE_CONFIG": "gone.toml"}, tmp_path)


def test_no_two_settings_share_a_variable() -> None:
    names = [name for leaf in leaves().values() for name in (*leaf.env, *leaf.file_env)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("value", [{"sasl.password": ["hunter2"]}, "sasl.password hunter2"])
def test_a_table_that_may_hold_passwords_is_never_shown_in_an_error(value: object) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(None, {}, {"kafka.properties": value})
    assert "kafka.properties" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
