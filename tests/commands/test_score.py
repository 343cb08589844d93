"""`score` from the outside: files and pipes, CSV, JSON lines and tables, good rows and bad ones."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from tests.commands.conftest import CommandLine

PROGRAM = [sys.executable, "-c", "import sys; from streamscore_cli.main import main; sys.exit(main())"]
GOOD = "7.4;0.7;0;1.9;0.076;11;34;0.9978;3.51;0.56;9.4\n"
BAD = "7.4;abc;0;1.9;0.076;11;34;0.9978;3.51;0.56;9.4\n"


@pytest.fixture
def tree(data_dir: Path) -> str:
    return str(data_dir / "winequality_decision_tree_regression.pmml")


@pytest.fixture
def expected(data_dir: Path) -> list[float]:
    with (data_dir / "expected" / "winequality_decision_tree_regression.csv").open(newline="") as file:
        return [float(row["quality"]) for row in csv.DictReader(file)]


def test_a_file_gives_csv_as_the_library_that_trained_the_model_answers(
    streamscore: CommandLine, tree: str, data_dir: Path, expected: list[float]
) -> None:
    done = streamscore("score", tree, str(data_dir / "winequality_red.csv"))
    assert (done.code, done.err) == (ExitCode.OK, "")
    rows = list(csv.DictReader(done.out.splitlines()))
    assert [float(row["result"]) for row in rows] == pytest.approx(expected, rel=1e-9)
    assert [row["line"] for row in rows] == [str(line) for line in range(1, 1600)]


def test_json_lines_name_the_model_and_the_line(
    streamscore: CommandLine, tree: str, data_dir: Path, expected: list[float]
) -> None:
    done = streamscore("score", tree, str(data_dir / "winequality_red.csv"), "--json", "--output", "answers.jsonl")
    assert (done.code, done.out) == (ExitCode.OK, "")
    bodies = [json.loads(line) for line in (streamscore.cwd / "answers.jsonl").read_text().splitlines()]
    assert [body["result"] for body in bodies] == pytest.approx(expected, rel=1e-9)
    assert bodies[0]["model"]["name"] == "winequality_decision_tree_regression"
    assert bodies[-1]["source"] == {"topic": "winequality_red.csv", "partition": 0, "offset": 1599, "timestamp": None}


def test_a_terminal_gets_a_table_of_the_first_rows(streamscore: CommandLine, tree: str, data_dir: Path) -> None:
    streamscore.environ["NO_COLOR"] = "1"
    done = streamscore("score", tree, str(data_dir / "winequality_red.csv"), terminal=True)
    lines = done.out.splitlines()
    assert lines[0].split() == ["LINE", "RESULT"]
    assert lines[1].split() == ["1", "5.13372"]
    assert lines[-1] == "The first 50 of 1,599 rows; --output FILE or a pipe gets all."


def test_a_bad_row_ends_it_after_the_rows_before_it(streamscore: CommandLine, tree: str) -> None:
    (streamscore.cwd / "wines.csv").write_text(GOOD + BAD + GOOD)
    done = streamscore("score", tree, "wines.csv")
    assert done.code == ExitCode.DATA_REJECTED
    assert [line.partition(",")[0] for line in done.out.splitlines()] == ["line", "1"]
    assert done.err.startswith("error: line 2, column 'volatile_acidity': 'abc' is not a number\n")


def test_bad_rows_are_skipped_when_told(streamscore: CommandLine, tree: str) -> None:
    (streamscore.cwd / "wines.csv").write_text(GOOD + BAD + GOOD)
    done = streamscore("score", tree, "wines.csv", "--on-bad-row", "skip")
    assert done.code == ExitCode.OK
    assert [line.partition(",")[0] for line in done.out.splitlines()] == ["line", "1", "3"]
    assert done.err == "skipped line 2, column 'volatile_acidity': 'abc' is not a number\nRows skipped: 1.\n"


def test_a_file_that_lacks_an_input_is_refused_and_the_input_named(streamscore: CommandLine, tree: str) -> None:
    (streamscore.cwd / "ab.csv").write_text("a,b\n1,2\n")
    done = streamscore("score", tree, "ab.csv")
    assert (done.code, done.out) == (ExitCode.MODEL_REJECTED, "")
    assert "'alcohol'" in done.err


@pytest.mark.parametrize(("model", "data"), [("gone.pmml", "-"), (None, "gone.csv")])
def test_what_is_not_there_is_named(streamscore: CommandLine, tree: str, model: str | None, data: str) -> None:
    done = streamscore("score", model or tree, data)
    assert done.code == ExitCode.USAGE
    assert "gone." in done.err


def test_a_filter_answers_each_line_before_the_next_one_comes(tree: str, expected: list[float]) -> None:
    with subprocess.Popen(
        [*PROGRAM, "score", tree, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(GOOD)
        process.stdin.flush()
        assert process.stdout.readline() == "line,result\n"
        line, result = process.stdout.readline().split(",")
        assert line == "1"
        assert float(result) == pytest.approx(expected[0], rel=1e-9)
        process.stdin.write(GOOD)
        process.stdin.flush()
        assert process.stdout.readline().startswith("2,")
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 0


@pytest.mark.tensorflow
def test_a_tensor_takes_the_fields_in_their_order(streamscore: CommandLine, data_dir: Path) -> None:
    done = streamscore("score", str(data_dir / "winequality_neural_network.pb"), str(data_dir / "winequality_red.csv"))
    rows = list(csv.DictReader(done.out.splitlines()))
    with (data_dir / "expected" / "winequality_neural_network.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    assert [row["result"] for row in rows] == [row["predicted"] for row in expected]
    for label in range(9):
        ours = [float(row[f"probability({label})"]) for row in rows]
        assert ours == pytest.approx([float(row[f"p{label}"]) for row in expected], abs=1e-5)
