"""`publish`, `topics` and `results` on a real Kafka: what arrives, in which order, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.kafka.embedded import EmbeddedBroker
from streamscore_cli.kafka.outbox import KafkaOutbox
from streamscore_cli.kafka.reader import TopicReader
from streamscore_cli.kafka.topics import TopicAdmin
from streamscore_cli.records.descriptor import decode_descriptor
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from streamscore_cli.records.results import ScoredRows, encoder_for
from tests.commands.conftest import CommandLine
from tests.integration.brokers import make_topics, settings_for

pytestmark = pytest.mark.kafka

PROGRAM = [sys.executable, "-c", "import sys; from streamscore_cli.main import main; sys.exit(main())"]
LINEAR = "winequality_linear_regression.pmml"


def variables(settings: Settings) -> dict[str, str]:
    topics = settings.topics
    return {
        "KAFKA_BROKERS_LIST": settings.kafka.brokers,
        "STREAMSCORE_TOPICS_DATA": topics.data[0],
        "STREAMSCORE_TOPICS_MODELS": topics.models,
        "STREAMSCORE_TOPICS_SCORES": topics.scores,
        "STREAMSCORE_TOPICS_DEAD_LETTERS": topics.dead_letters,
        "STREAMSCORE_TOPICS_STATUS": topics.status,
        "STREAMSCORE_TOPICS_EVENTS": topics.events,
    }


@pytest.fixture
def unmade(broker: EmbeddedBroker) -> Settings:
    """Return settings whose topics do not exist yet."""
    return settings_for(broker)


@pytest.fixture
def streamscore(tmp_path: Path, unmade: Settings) -> CommandLine:
    return CommandLine(tmp_path, variables(unmade))


def values_of(settings: Settings, topic: str) -> list[bytes]:
    with TopicReader(settings, topic) as reader:
        return [value or b"" for batch in reader for value in batch.values]


def test_all_wines_arrive_and_the_topic_is_made(streamscore: CommandLine, unmade: Settings, data_dir: Path) -> None:
    done = streamscore("publish", "data", str(data_dir / "winequality_red.csv"))
    assert done.code == ExitCode.OK
    topic = unmade.topics.data[0]
    assert f"Created the topic {topic}." in done.err
    assert f"1,599 of 1,599 records to {topic} acknowledged" in done.err
    records = [WineRecord.FromString(value) for value in values_of(unmade, topic)]
    rows = np.loadtxt(data_dir / "winequality_red.csv", delimiter=";")
    sent = sorted((record.fixed_acidity, record.citric_acid, record.alcohol) for record in records)
    assert sent == sorted(map(tuple, rows[:, [0, 2, 10]].tolist()))
    assert {record.dataType for record in records} == {"wine"}
    assert sum(record.citric_acid == 0 for record in records) == 132


def test_a_key_keeps_its_records_in_one_partition_and_in_order(streamscore: CommandLine, unmade: Settings) -> None:
    rows = "".join(f'{{"plant": "p{number % 5}", "n": {number}}}\n' for number in range(100))
    streamscore.environ["STREAMSCORE_RECORDS_FORMAT"] = "json"
    done = streamscore("publish", "data", "-", "--key", "plant", "--data-type", "plant", stdin=rows)
    assert done.code == ExitCode.OK, done.err
    places: dict[bytes, set[int]] = {}
    numbers: dict[bytes, list[bytes]] = {}
    with TopicReader(unmade, unmade.topics.data[0]) as reader:
        for batch in reader:
            for key, partition, value in zip(batch.keys, batch.partitions, batch.values, strict=True):
                places.setdefault(key or b"", set()).add(partition)
                numbers.setdefault(key or b"", []).append(value or b"")
    assert sorted(places) == [b"p0", b"p1", b"p2", b"p3", b"p4"]
    assert all(len(found) == 1 for found in places.values())
    assert numbers[b"p3"] == [b'{"plant":"p3","n":%d.0,"dataType":"plant"}' % number for number in range(3, 100, 5)]


def test_rows_before_a_fatal_one_are_sent_and_counted(streamscore: CommandLine, unmade: Settings) -> None:
    (streamscore.cwd / "wines.csv").write_text(
        "7.4;0.7;0;1.9;0.076;11;34;0.9978;3.51;0.56;9.4\nbad;" + "1;" * 10 + "\n"
    )
    done = streamscore("publish", "data", "wines.csv")
    assert done.code == ExitCode.DATA_REJECTED
    assert "1 of 1 records" in done.err
    assert "line 2, column 'fixed_acidity'" in done.err
    assert len(values_of(unmade, unmade.topics.data[0])) == 1


def test_models_arrive_with_key_name_and_identity(streamscore: CommandLine, unmade: Settings, data_dir: Path) -> None:
    done = streamscore("publish", "model", str(data_dir))
    assert done.code == ExitCode.OK
    with TopicReader(unmade, unmade.topics.models) as reader:
        batches = list(reader)
    keys = {key for batch in batches for key in batch.keys}
    models = [decode_descriptor(value or b"") for batch in batches for value in batch.values]
    assert keys == {b"wine"}
    assert len(models) == 8
    assert models[-1].name == "winequality_neural_network"
    assert all(
        model.artifact is not None and model.artifact.data in {path.read_bytes() for path in data_dir.glob("*.p*")}
        for model in models
    )


def test_a_model_larger_than_the_topic_takes_is_refused_before_anything_is_sent(
    streamscore: CommandLine, unmade: Settings, data_dir: Path
) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": unmade.kafka.brokers})
    small = NewTopic(unmade.topics.models, 1, 1, config={"max.message.bytes": "20000"})
    admin.create_topics([small])[unmade.topics.models].result(30)
    done = streamscore("publish", "model", str(data_dir))
    assert done.code == ExitCode.MODEL_REJECTED
    assert f"the topic {unmade.topics.models} takes 20,000 (its max.message.bytes). Nothing was sent." in done.err
    assert "warning: topic" in done.err
    assert values_of(unmade, unmade.topics.models) == []


def test_a_models_topic_with_more_partitions_is_refused(
    streamscore: CommandLine, unmade: Settings, data_dir: Path
) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": unmade.kafka.brokers})
    admin.create_topics([NewTopic(unmade.topics.models, 2, 1)])[unmade.topics.models].result(30)
    done = streamscore("publish", "model", str(data_dir / LINEAR))
    assert done.code == ExitCode.TOPIC_MISMATCH
    assert "partitions is 2, must be 1" in done.err


def test_topics_are_planned_made_checked_and_described(streamscore: CommandLine, unmade: Settings) -> None:
    assert {plan["action"] for plan in streamscore("topics", "create", "--dry-run", "--json").json} == {"create"}
    made = streamscore("topics", "create", "--json").json
    assert all(plan["done"] for plan in made)
    again = streamscore("topics", "create", "--json").json
    assert {(plan["action"], plan["done"]) for plan in again} == {("ok", False)}
    listed = {row["topic"]: row["role"] for row in streamscore("topics", "list", "--json").json}
    assert listed[unmade.topics.models] == "models"
    (described,) = streamscore("topics", "describe", unmade.topics.models, "--json").json
    assert (described["name"], len(described["partitions"]), described["records"]) == (unmade.topics.models, 1, 0)
    assert described["configs"]["retention.ms"] == "-1"
    missing = streamscore("topics", "describe", "no-such-topic")
    assert (missing.code, "no-such-topic" in missing.err) == (ExitCode.TOPIC_MISMATCH, True)


def test_all_goes_round_until_it_is_stopped_and_ends_well(unmade: Settings, data_dir: Path, tmp_path: Path) -> None:
    make_topics(unmade)
    environ = {
        **os.environ,
        **variables(unmade),
        "DATA_DIRECTORY": str(data_dir),
        "DATA_PUBLISH_INTERVAL": "1 ms",
        "MODEL_PUBLISH_INTERVAL": "100 ms",
    }
    with subprocess.Popen(
        [*PROGRAM, "publish", "all"], env=environ, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for_records(unmade, 1_700)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.OK, said
    records = values_of(unmade, unmade.topics.data[0])
    models = [decode_descriptor(value).name for value in values_of(unmade, unmade.topics.models)]
    total = len(records) + len(models)
    assert f"{total:,} of {total:,} messages ({len(records):,} records, {len(models):,} models) acknowledged" in said
    assert len(records) >= 1_700
    assert len(set(records)) < 1_599
    assert models[:8] == [*sorted(path.stem for path in data_dir.glob("*.pmml")), "winequality_neural_network"]
    assert models[8:9] in ([], models[:1])


def wait_for_records(settings: Settings, count: int) -> None:
    deadline_s = time.monotonic() + 90
    with TopicAdmin(settings) as admin:
        while time.monotonic() < deadline_s:
            if admin.describe([settings.topics.data[0]])[0].records >= count:
                return
            time.sleep(0.1)
    pytest.fail(f"no {count} records within 90 s")


def test_results_are_the_newest_in_the_order_of_their_times(streamscore: CommandLine, unmade: Settings) -> None:
    streamscore("topics", "create")
    count = 30
    rows = ScoredRows(
        "wine", Scores(np.arange(count, dtype=np.float64)), ModelIdentity("m", 3, ""), "d", [0] * count,
        list(range(count)), [-1] * count,
    )  # fmt: skip
    with KafkaOutbox(unmade) as outbox:
        for value in encoder_for(ResultFormat.JSON).encode(rows.alone()):
            outbox.send(unmade.topics.scores, None, value)
            assert outbox.flush(30)
    newest = streamscore("results", "--limit", "3")
    assert [line.partition('"result": ')[2].partition(",")[0] for line in newest.out.splitlines()] == [
        "27.0",
        "28.0",
        "29.0",
    ]
    assert len(streamscore("results").out.splitlines()) == 20
    assert len(streamscore("results", "--limit", "0").out.splitlines()) == count
    assert "is empty" in streamscore("results", "--dead-letters").err
    table = streamscore("results", terminal=True).out.splitlines()
    assert len(table) == 21
    assert table[-1].split()[-1] == "d[0]@29"
