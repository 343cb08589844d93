"""All rows of the original's data file against what JPMML-Evaluator answers for them, without a broker."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from streamscore_cli.config.settings import ModelSettings, RecordSettings
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, SignatureMismatch
from streamscore_cli.core.models import Artifact, ModelDescriptor
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.pipeline.answers import CsvAnswers
from streamscore_cli.pipeline.offline import OfflineScorer, load_offline, read_inputs
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.row_chunk import Chunks, RowChunk

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
    answers = scorer.score(RowChunk(columns, range(1, columns.length + 1)))
    assert answers.failures == ()
    text = CsvAnswers()
    return list(csv.DictReader("".join(text.encode(part) for part in answers.parts).splitlines()))


WINE = codec_for(RecordSettings()).fields


def inputs(text: str) -> list[RowChunk]:
    return list(read_inputs(io.BytesIO(text.encode()), WINE, "dataType", Chunks()))


def test_a_file_without_a_header_is_read_by_the_fields_of_the_records() -> None:
    (chunk,) = inputs("7.4;0.7;0;1.9;0.076;11;34;0.9978;3.51;0.56;9.4;5\n")
    assert chunk.columns.names[0] == "fixed_acidity"
    assert chunk.columns.names[-1] == "alcohol"
    assert chunk.columns.arrays["citric_acid"].tolist() == [0.0]


def test_a_header_of_its_own_needs_no_record_settings() -> None:
    (chunk,) = inputs("\n\nheight,colour\n1.5,red\n,\n2,blue\n")
    assert chunk.columns.names == ("height", "colour")
    assert chunk.columns.arrays["colour"].tolist() == ["red", None, "blue"]
    assert list(chunk.lines) == [4, 5, 6]


def test_a_header_that_has_every_field_gives_the_fields_in_their_order(data_dir: Path) -> None:
    assert WINE is not None
    names = [field.name for field in WINE if field.name != "dataType"]
    header = ";".join(name.replace("_", " ") for name in [*reversed(names), "quality"])
    (chunk,) = inputs(header + "\n" + ";".join(map(str, range(12))) + "\n")
    assert list(chunk.columns.names) == names
    assert chunk.columns.arrays["alcohol"].tolist() == [0.0]


def test_json_lines_are_read_as_they_are() -> None:
    (chunk,) = inputs('{"height": 1.5, "colour": "red"}\n{"colour": "blue"}\n')
    assert chunk.columns.arrays["colour"].tolist() == ["red", "blue"]
    np.testing.assert_equal(chunk.columns.arrays["height"], np.array([1.5, np.nan]))


def test_nothing_gives_no_rows() -> None:
    assert inputs("") == []


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
    answers = OfflineScorer(model, {}, "dataType", "wines").score(RowChunk(columns, [10, 11, 12]))
    model.servable.close()
    assert [line for part in answers.parts for line in part.offsets] == [10, 12]
    assert [(failure.line, "alcohol" in failure.message) for failure in answers.failures] == [(11, True)]


def test_a_file_without_an_input_is_refused_and_names_it(data_dir: Path) -> None:
    model = load_offline(descriptor_of(data_dir / "winequality_linear_regression.pmml"), ModelSettings())
    columns = wines(data_dir / "winequality_red.csv").without("alcohol")
    with pytest.raises(SignatureMismatch, match="alcohol"):
        next(OfflineScorer(model, {}, "dataType", "wines").checked(iter([RowChunk(columns, range(columns.length))])))
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
