"""Model files to messages, with the sample models that are shipped."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import RecordFormat
from streamscore_cli.core.errors import ModelRejected, UsageProblem
from streamscore_cli.core.models import ModelFormat
from streamscore_cli.publishing.models import (
    Limits,
    Naming,
    check_size,
    data_type_of,
    model_files,
    outgoing_model,
    publish_models,
    zip_directory,
)
from streamscore_cli.publishing.session import Session
from streamscore_cli.records.pb.model_descriptor_pb2 import ModelDescriptor
from tests.fakes import FakeClock, FakeStop, RecordingOutbox

MIB = 1024 * 1024
LINEAR = "winequality_linear_regression.pmml"


def saved_model(folder: Path) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def test_a_directory_gives_its_models_pmml_first_and_nothing_else(data_dir: Path) -> None:
    files = model_files([data_dir])
    assert [path.suffix for path in files] == [".pmml"] * 7 + [".pb"]
    assert [path.name for path in files[:7]] == sorted(path.name for path in files[:7])


def test_a_saved_model_directory_is_one_model(tmp_path: Path) -> None:
    inside = saved_model(tmp_path / "models" / "flowers")
    (tmp_path / "models" / "notes.txt").write_text("not a model")
    assert model_files([tmp_path / "models"]) == (inside,)
    assert model_files([inside]) == (inside,)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"no file or directory .*gone\.pmml"):
        model_files([tmp_path / "gone.pmml"])
    with pytest.raises(UsageProblem, match="holds no model"):
        model_files([tmp_path])


def test_name_and_description_come_from_the_file_and_the_key_is_the_data_type(data_dir: Path) -> None:
    model = outgoing_model(data_dir / LINEAR, Naming("wine"))
    sent = ModelDescriptor.FromString(model.value)
    data = (data_dir / LINEAR).read_bytes()
    assert (sent.name, sent.dataType, model.key) == ("winequality_linear_regression", "wine", b"wine")
    assert sent.description == f"pmml model from {LINEAR}"
    assert sent.data == data
    assert (sent.sha256, sent.size_bytes) == (hashlib.sha256(data).digest(), len(data))


def test_what_the_user_says_comes_before_what_is_derived(data_dir: Path) -> None:
    model = outgoing_model(data_dir / LINEAR, Naming("beer", "ale", "the new one"))
    assert (model.descriptor.name, model.descriptor.description, model.key) == ("ale", "the new one", b"beer")


def test_the_format_is_told_by_the_content_and_not_by_the_name(data_dir: Path, tmp_path: Path) -> None:
    misnamed = tmp_path / "model.pb"
    misnamed.write_bytes((data_dir / LINEAR).read_bytes())
    assert outgoing_model(misnamed, Naming("wine")).format is ModelFormat.PMML


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.pmml"
    file.write_text("just text")
    with pytest.raises(ModelRejected, match=r"notes\.pmml"):
        outgoing_model(file, Naming("wine"))


def test_a_model_larger_than_the_topic_takes_is_refused_with_the_limits_and_the_way_out(data_dir: Path) -> None:
    size = (data_dir / LINEAR).stat().st_size
    with pytest.raises(ModelRejected) as caught:
        check_size(outgoing_model(data_dir / LINEAR, Naming("wine")), Limits("models_models", size, 64 * MIB))
    assert f"models_models takes {size:,} (its max.message.bytes)" in caught.value.message
    assert "Raise max.message.bytes of models_models" in caught.value.hint


def test_a_model_that_fits_passes(data_dir: Path) -> None:
    check_size(outgoing_model(data_dir / LINEAR, Naming("wine")), Limits("models_models", MIB, MIB))


def test_a_model_larger_than_servers_admit_is_refused(data_dir: Path) -> None:
    with pytest.raises(ModelRejected, match=r"servers admit 100 \(models\.max_bytes\)"):
        check_size(outgoing_model(data_dir / LINEAR, Naming("wine")), Limits("models_models", 64 * MIB, 100))


def test_a_zipped_directory_has_the_same_bytes_whatever_the_dates_and_the_order(tmp_path: Path) -> None:
    first = saved_model(tmp_path / "first")
    second = tmp_path / "second"
    (second / "variables").mkdir(parents=True)
    (second / "variables" / "variables.index").write_bytes(b"index")
    (second / "saved_model.pb").write_bytes(b"graph")
    os.utime(second / "saved_model.pb", (1, 1))
    (second / "saved_model.pb").chmod(0o600)
    packed = zip_directory(first)
    assert packed == zip_directory(second)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["saved_model.pb", "variables/variables.index"]
        assert archive.read("variables/variables.index") == b"index"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (RecordSettings(), "wine"),
        (RecordSettings(data_type="tea"), "tea"),
        (RecordSettings(format=RecordFormat.JSON, data_type="tea"), "tea"),
    ],
)
def test_the_data_type_is_set_or_the_examples(records: RecordSettings, expected: str) -> None:
    assert data_type_of(records) == expected


@pytest.mark.parametrize("records", [RecordSettings(format=RecordFormat.JSON), RecordSettings(message="shop.Order")])
def test_other_records_need_a_data_type(records: RecordSettings) -> None:
    with pytest.raises(UsageProblem, match="--data-type"):
        data_type_of(records)


def publish(data_dir: Path, *, repeat: bool, until_s: float) -> RecordingOutbox:
    clock = FakeClock(0.0)
    outbox = RecordingOutbox(clock)
    models = [outgoing_model(path, Naming("wine")) for path in model_files([data_dir])[:2]]
    session = Session(outbox, clock, FakeStop(clock, at_s=until_s))
    publish_models(models, "models_models", 10.0, session, repeat=repeat)
    return outbox


def test_models_go_once_one_an_interval(data_dir: Path) -> None:
    assert [message.at_s for message in publish(data_dir, repeat=False, until_s=1e6).messages] == [0.0, 10.0]


def test_models_go_round_until_the_stop(data_dir: Path) -> None:
    outbox = publish(data_dir, repeat=True, until_s=25.0)
    assert [message.at_s for message in outbox.messages] == [0.0, 10.0, 20.0]
    assert outbox.messages[0].value == outbox.messages[2].value
    assert {message.key for message in outbox.messages} == {b"wine"}
