"""All rows of the original's data file against what JPMML-Evaluator answers for them, without a broker."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from streamscore_cli.config.settings import ModelSettings, RecordSettings
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, SignatureMismatch
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.pipeline.offline import CsvAnswers, OfflineScorer, load_offline
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.scored_rows import ScoredRows

ROWS = 1599


def descriptor_of(path: Path) -> ModelDescriptor:
    data = path.read_bytes()
    return ModelDescriptor(path.stem, "", "wine", Artifact.of(detect_format(data), data))


def wines(path: Path) -> Columns:
    matrix = np.loadtxt(path, delimiter=";")[:, :11]
    fields = codec_for(RecordSettings()).fields
    assert fields is not None
    return Columns(len(matrix), {field.name: matrix[:, place] for place, field in enumerate(fields[:11])})


def scored_csv(scorer: OfflineScorer, columns: Columns) -> list[dict[str, str]]:
    answers = scorer.score(columns, range(1, columns.length + 1))
    assert answers.failures == ()
    text = CsvAnswers()
    return list(csv.DictReader("".join(text.encode(part) for part in answers.parts).splitlines()))


@pytest.mark.parametrize(
    "name",
    ["winequalityDesisionTreeRegression", "winequalityDecisionTreeClassification", "winequalityLinearRegression"],
)
def test_all_wines_get_the_expected_answers(shared: Path, name: str) -> None:
    seed = shared / "seed-models"
    model = load_offline(descriptor_of(seed / f"{name}.pmml"), ModelSettings())
    try:
        rows = scored_csv(OfflineScorer(model, {}, "dataType", "wines"), wines(seed / "winequality_red.csv"))
    finally:
        model.servable.close()
    with (seed / f"expected-{name}.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    assert len(rows) == len(expected) == ROWS
    assert [row["line"] for row in rows] == [str(line) for line in range(1, ROWS + 1)]
    for column in expected[0]:
        ours = np.array([float(row["result" if column == "quality" else column]) for row in rows])
        theirs = np.array([float(row[column]) for row in expected])
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-15)


def test_a_value_of_a_wrong_type_fails_its_line_alone(data_dir: Path) -> None:
    model = load_offline(descriptor_of(data_dir / "winequality_linear_regression.pmml"), ModelSettings())
    few = wines(data_dir / "winequality_red.csv").take(np.arange(3))
    alcohol = np.empty(3, dtype=object)
    alcohol[:] = [9.4, "strong", 9.8]
    columns = Columns(3, {**few.arrays, "alcohol": alcohol})
    answers = OfflineScorer(model, {}, "dataType", "wines").score(columns, [10, 11, 12])
    model.servable.close()
    assert [line for part in answers.parts for line in part.offsets] == [10, 12]
    assert [(failure.line, "alcohol" in failure.message) for failure in answers.failures] == [(11, True)]


def test_a_file_without_an_input_is_refused_and_names_it(data_dir: Path) -> None:
    model = load_offline(descriptor_of(data_dir / "winequality_linear_regression.pmml"), ModelSettings())
    columns = wines(data_dir / "winequality_red.csv").without("alcohol")
    with pytest.raises(SignatureMismatch, match="alcohol"):
        OfflineScorer(model, {}, "dataType", "wines").check(columns)
    model.servable.close()


def test_the_same_guard_as_in_a_server_stands_before_the_engine() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE PMML [<!ENTITY a "b">]><PMML/>'
    with pytest.raises(ModelRejected, match="DOCTYPE"):
        load_offline(
            ModelDescriptor("bomb", "", "wine", Artifact(detect_format(b"<PMML/>"), bomb, "")), ModelSettings()
        )


def test_a_model_beyond_the_limit_is_refused(data_dir: Path) -> None:
    with pytest.raises(ModelRejected, match="100 are admitted"):
        load_offline(descriptor_of(data_dir / "winequality_linear_regression.pmml"), ModelSettings(max_bytes=100))


def test_csv_has_one_header_full_precision_and_nothing_for_missing() -> None:
    model = ModelIdentity("m", -1, "")
    first = Scores(
        np.array(["yes", None], dtype=object),
        ("yes", "no"),
        np.array([[1 / 3, np.nan], [0.1, 0.9]]),
        {"ok": np.array([True, False])},
    )
    second = Scores(np.array(["a,b"], dtype=object), ("no",), np.array([[0.5]]))
    text = CsvAnswers()
    lines = text.encode(ScoredRows("", first, model, "f", [0, 0], [1, 2], [-1, -1]))
    lines += text.encode(ScoredRows("", second, model, "f", [0], [3], [-1]))
    assert lines.splitlines() == [
        "line,result,probability(yes),probability(no),ok",
        "1,yes,0.3333333333333333,,true",
        "2,,0.1,0.9,false",
        '3,"a,b",,0.5,',
    ]
