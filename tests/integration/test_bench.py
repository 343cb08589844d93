"""`bench` on a real Kafka: against a real server, one that loses and doubles, one that loses keys, and none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.config.settings import Settings
from streamscore_cli.kafka.reader import TopicReader
from streamscore_cli.kafka.topics import TopicAdmin
from tests.commands.conftest import CommandLine
from tests.integration.brokers import make_topics, settings_for, shared_broker
from tests.integration.echo import Echo
from tests.integration.servers import Server, wait_until
from tests.integration.test_publish import PROGRAM, variables
from tests.integration.wines import send_model

pytestmark = pytest.mark.kafka

SHORT = ("--rate", "1000", "--duration", "1 s", "--warm-up", "500 ms")
FOREST, TREE = "winequality_random_forest.pmml", "winequality_decision_tree_classification.pmml"


@pytest.fixture
def streamscore(tmp_path: Path, settings: Settings) -> CommandLine:
    return CommandLine(tmp_path, {**variables(settings), "MODEL_SERVER_PORT": "1"})


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, data_dir: Path
) -> Iterator[tuple[Settings, Server]]:
    """Run one server with a model in service."""
    settings = settings_for(shared_broker(request.config))
    make_topics(settings)
    send_model(settings, data_dir / FOREST)
    with Server(settings, tmp_path_factory.mktemp("server")) as server:
        server.await_ready()
        server.await_model(Path(FOREST).stem)
        yield settings, server


def records_in(settings: Settings, topic: str) -> list[int]:
    """Return how many records each partition has."""
    with TopicAdmin(settings) as admin:
        return [partition.high - partition.low for partition in admin.describe([topic])[0].partitions]


def test_a_server_that_scores_wines(running: tuple[Settings, Server], tmp_path: Path) -> None:
    settings, server = running
    before = server.stats()["results"]
    streamscore = CommandLine(tmp_path, variables(settings))
    done = streamscore("bench", *SHORT, "--json", "--save", "run.json")
    assert done.code == ExitCode.OK, done.err
    counts = done.json["counts"]
    assert counts == {**counts, "sent": 1500, "answered": 1500, "lost": 0, "duplicates": 0, "dead_letters": 0}
    assert server.stats()["results"] == before + 1500
    latency = done.json["latency_ms"]
    assert latency["count"] == 1000
    assert (
        0 < latency["min"] <= latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p99_9"] <= latency["max"]
    )
    assert done.json["sent_per_s"] <= 1050  # never faster than asked
    assert json.loads((tmp_path / "run.json").read_text()) == done.json
    shares = records_in(settings, settings.topics.data[0])
    assert sum(shares) == 1500
    assert all(300 < share < 450 for share in shares)


def test_models_are_swapped_and_each_is_a_new_one(running: tuple[Settings, Server], tmp_path: Path) -> None:
    settings, server = running
    swaps = server.stats()["swaps"]
    streamscore = CommandLine(tmp_path, variables(settings))
    options = (
        "--rate",
        "500",
        "--warm-up",
        "200 ms",
        "--duration",
        "5 s",
        "--swap-every",
        "2 s",
        "--server",
        server.address,
    )
    done = streamscore("bench", *options, "--swap-window", "500 ms", "--json")
    assert done.code == ExitCode.OK, done.err
    swapping: dict[str, Any] = done.json["swapping"]
    assert [swap["model"] for swap in swapping["swaps"]] == [Path(TREE).stem, Path(FOREST).stem]
    assert len({swap["sha256"] for swap in swapping["swaps"]}) == 2
    assert all(swap["took_ms"] is not None for swap in swapping["swaps"])
    wait_until(lambda: server.stats()["swaps"] == swaps + 3, "three models in service: one before the load, two in it")
    inside, outside = swapping["inside_ms"]["count"], swapping["outside_ms"]["count"]
    assert inside + outside == 2500
    assert inside >= 250
    assert outside > 0
    assert done.json["counts"]["lost"] == 0


def test_what_a_server_loses_and_doubles_is_said_exactly(streamscore: CommandLine, settings: Settings) -> None:
    def answer(number: int) -> tuple[int, int]:
        return (0 if number % 10 == 0 else 2 if number % 20 == 1 else 1), 0

    with Echo(settings, answer):
        done = streamscore("bench", *SHORT, "--wait", "3 s")
    assert done.code == ExitCode.CHECK_FAILED
    assert "error: 150 of 1,500 records were lost." in done.err
    lines = done.out.splitlines()
    place = next(place for place, line in enumerate(lines) if "LOST" in line)
    header, row = lines[place : place + 2]
    shown = dict(zip(header.replace("DEAD LETTERS", "DEAD").split(), row.split(), strict=True))
    assert shown == {
        **shown, "SENT": "1,500", "RESULTS": "1,350", "LOST": "150", "DUPLICATES": "75", "DEAD": "0"
    }  # fmt: skip
    assert "150 records still had none: lost" in done.out


def test_dead_letters_are_no_losses(streamscore: CommandLine, settings: Settings) -> None:
    with Echo(settings, lambda number: (0, 1) if number % 4 == 0 else (1, 0)):
        done = streamscore("bench", *SHORT, "--json")
    assert done.code == ExitCode.OK, done.err
    counts = done.json["counts"]
    assert (counts["answered"], counts["dead_letters"], counts["lost"]) == (1125, 375, 0)
    assert done.json["first_dead_letter"].startswith("test")


def test_where_all_are_dead_letters_nothing_was_measured(streamscore: CommandLine, settings: Settings) -> None:
    with Echo(settings, lambda _number: (0, 1)):
        done = streamscore("bench", *SHORT)
    assert done.code == ExitCode.CHECK_FAILED
    assert "error: no record has a result." in done.err
    assert "the first dead letter: test" in done.out


def test_as_fast_as_it_goes(streamscore: CommandLine, settings: Settings) -> None:
    with Echo(settings, lambda _number: (1, 0)):
        done = streamscore("bench", "--rate", "max", "--records", "20000", "--warm-up", "100 ms", "--json")
    assert done.code == ExitCode.OK, done.err
    counts = done.json["counts"]
    assert counts["sent"] == counts["answered"] > 20_000
    assert done.json["latency_ms"]["count"] == 20_000
    assert done.json["sender_lag_ms"] is None


def test_records_of_a_file_in_the_format_of_the_topic(streamscore: CommandLine, settings: Settings) -> None:
    (streamscore.cwd / "plants.jsonl").write_text('{"plant": "oak", "height": 3.5}\n{"plant": "elm", "height": 7}\n')
    streamscore.environ["STREAMSCORE_RECORDS_FORMAT"] = "json"
    with Echo(settings, lambda _number: (1, 0)):
        done = streamscore("bench", *SHORT, "--records-file", "plants.jsonl", "--data-type", "plant", "--json")
    assert done.code == ExitCode.OK, done.err
    with TopicReader(settings, settings.topics.data[0]) as reader:
        sent = Counter(json.loads(value or b"")["plant"] for batch in reader for value in batch.values)
    assert sent == {"oak": 750, "elm": 750}


def test_nobody_answers(streamscore: CommandLine) -> None:
    done = streamscore("bench", "--wait", "1 s")
    assert (done.code, done.out) == (ExitCode.TIMED_OUT, "")
    assert "within 1s" in done.err
    assert "Is a server running? None answers at http://127.0.0.1:1" in done.err


def test_a_server_that_loses_the_keys_is_told_from_none(streamscore: CommandLine, settings: Settings) -> None:
    with Echo(settings, lambda _number: (1, 0), keeps_keys=False):
        done = streamscore("bench", "--wait", "1 s")
    assert done.code == ExitCode.TIMED_OUT
    assert "does the server keep the records' keys?" in done.err


def test_a_server_without_a_model_is_told_from_none(
    streamscore: CommandLine, settings: Settings, tmp_path: Path
) -> None:
    with Server(settings, tmp_path) as server:
        server.await_ready()
        streamscore.environ["MODEL_SERVER_PORT"] = server.address.rpartition(":")[2]
        done = streamscore("bench", "--wait", "2 s")
    assert done.code == ExitCode.TIMED_OUT
    assert "waits for a model of wine: `streamscore publish model FILE`" in done.err


def test_missing_topics_are_named(streamscore: CommandLine) -> None:
    done = streamscore("bench", "--topic", "gone")
    assert done.code == ExitCode.TOPIC_MISMATCH
    assert "The topic gone does not exist." in done.err
    streamscore.environ["STREAMSCORE_TOPICS_SCORES"] = "nowhere"
    assert "The topic nowhere does not exist." in streamscore("bench").err


def test_an_interrupted_run_reports_what_there_is(settings: Settings, tmp_path: Path) -> None:
    environ = {**os.environ, **variables(settings)}
    command = [*PROGRAM, "bench", "--rate", "500", "--warm-up", "0", "--duration", "1 h", "--json"]
    answered: list[int] = []

    def answer(number: int) -> tuple[int, int]:
        answered.append(number)
        return 1, 0

    with Echo(settings, answer):
        process = subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: len(answered) > 500 or process.poll() is not None, "answers")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, err.decode()
    report = json.loads(out)
    assert not report["complete"]
    assert report["counts"]["sent"] == report["counts"]["answered"] > 500
