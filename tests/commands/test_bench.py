"""What `bench` refuses before it sends anything; runs are in tests/integration."""

from __future__ import annotations

import json

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from tests.commands.conftest import CommandLine


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rate", "fast"), "--rate is 'fast'"),
        (("--rate", "0"), "--rate is '0'"),
        (("--records", "0"), "--records is 0"),
        (("--duration", "0"), "--duration is no time at all"),
        (("--wait", "0"), "--wait is no time at all"),
        (("--plot", "run.gif"), "neither .png nor .svg"),
        (("--save", "gone/run.json"), "cannot be written"),
        (("--compare", "gone.json"), "cannot be read"),
        (("--model", "a.pmml"), "--model is for --swap-every"),
        (("--swap-every", "1 s", "--swap-window", "1 s"), "--swap-window 1 s is not between"),
        (("--swap-every", "2 s", "--model", "gone.pmml"), "There is no file or directory"),
        (("--swap-every", "2 s", "--server", "ftp://x"), "only http and https"),
        (("--records-file", "gone.csv"), "gone.csv cannot be read"),
        (("--records-file", "empty.csv"), "has no records"),
        (("--topic", "^all.*"), "Which data topic?"),
        (("--ratee", "1"), "No such option: --ratee"),
    ],
)
def test_what_cannot_be_is_said_at_once(streamscore: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    (streamscore.cwd / "empty.csv").write_text("")
    done = streamscore("bench", *arguments)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert said in done.err


def test_a_graph_alone_would_swap_nothing(streamscore: CommandLine, data_dir: object) -> None:
    graph = f"{data_dir}/winequality_neural_network.pb"
    done = streamscore("bench", "--swap-every", "2 s", "--model", graph)
    assert done.code == ExitCode.USAGE
    assert "is the same model each time" in done.err
    assert "--model A --model B" in done.err


def test_records_that_are_no_wines_must_be_named(streamscore: CommandLine) -> None:
    streamscore.environ["STREAMSCORE_RECORDS_FORMAT"] = "json"
    done = streamscore("bench")
    assert done.code == ExitCode.USAGE
    assert "--records-file" in done.err


def test_a_malformed_time_is_a_settings_error(streamscore: CommandLine) -> None:
    done = streamscore("bench", "--warm-up", "soon")
    assert done.code == ExitCode.SETTINGS
    assert "--warm-up: 'soon' is not a duration" in done.err


def test_a_row_that_is_no_record_is_named(streamscore: CommandLine) -> None:
    (streamscore.cwd / "bad.csv").write_text("1;2;3\n")
    done = streamscore("bench", "--records-file", "bad.csv")
    assert done.code == ExitCode.DATA_REJECTED
    assert "line 1" in done.err


def test_a_file_of_another_kind_is_no_saved_run(streamscore: CommandLine) -> None:
    (streamscore.cwd / "other.json").write_text(json.dumps({"kind": "other"}))
    done = streamscore("bench", "--compare", "other.json")
    assert done.code == ExitCode.USAGE
    assert "is no saved run" in done.err


def test_no_broker(streamscore: CommandLine) -> None:
    done = streamscore("bench", "--brokers", "127.0.0.1:1")
    assert done.code == ExitCode.BROKER_UNREACHABLE
    assert "No Kafka broker answers at 127.0.0.1:1" in done.err
