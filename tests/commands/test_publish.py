"""What `publish` refuses before it talks to any broker; the rest is in tests/integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from tests.commands.conftest import CommandLine


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("data", "gone.csv"), "The file gone.csv cannot be read"),
        (("data", "-", "--repeat"), "Standard input can be read only once"),
        (("data", "x.csv", "--rate", "10", "--interval", "1s"), "--interval and --rate say the same thing twice"),
        (("data", "x.csv", "--rate", "0"), "--rate is 0"),
        (("data", "x.csv", "--topic", "^wines.*"), "Which data topic?"),
        (("model", "gone.pmml"), "There is no file or directory"),
        (("all", "--data-dir", "gone"), "There is no directory gone"),
    ],
)
def test_what_cannot_be_is_said_at_once(streamscore: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    (streamscore.cwd / "x.csv").write_text("1\n")
    done = streamscore("publish", *arguments)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert said in done.err


def test_a_malformed_interval_is_a_settings_error(streamscore: CommandLine) -> None:
    (streamscore.cwd / "x.csv").write_text("1\n")
    done = streamscore("publish", "data", "x.csv", "--interval", "soon")
    assert done.code == ExitCode.SETTINGS
    assert "'soon' is not a duration" in done.err


def test_one_name_is_not_for_many_models(streamscore: CommandLine, data_dir: Path) -> None:
    done = streamscore("publish", "model", str(data_dir), "--name", "best")
    assert done.code == ExitCode.USAGE
    assert "--name best is for one model, and there are 8" in done.err


def test_models_for_other_records_need_a_data_type(streamscore: CommandLine, data_dir: Path) -> None:
    streamscore.environ["STREAMSCORE_RECORDS_FORMAT"] = "json"
    done = streamscore("publish", "model", str(data_dir))
    assert done.code == ExitCode.USAGE
    assert "--data-type" in done.err


def test_a_file_that_is_no_model_is_rejected_before_any_is_sent(streamscore: CommandLine) -> None:
    (streamscore.cwd / "notes.pmml").write_text("just text")
    done = streamscore("publish", "model", "notes.pmml")
    assert done.code == ExitCode.MODEL_REJECTED
    assert "notes.pmml" in done.err


def test_a_bad_row_in_the_file_for_all_is_named(streamscore: CommandLine) -> None:
    data = streamscore.cwd / "data"
    data.mkdir()
    (data / "winequality_red.csv").write_text("1;2;3\n")
    done = streamscore("publish", "all")
    assert done.code == ExitCode.DATA_REJECTED
    assert "line 1: the row has 3 cells" in done.err
