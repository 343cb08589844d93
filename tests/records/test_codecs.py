"""The settings of a data topic choose its codec."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import RecordFormat
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.records.codecs import CODECS, codec_for
from streamscore_cli.records.json_codec import JsonCodec
from streamscore_cli.records.protobuf import ProtobufCodec


def test_the_default_is_the_wine() -> None:
    codec = codec_for(RecordSettings())
    assert isinstance(codec, ProtobufCodec)
    assert [field.name for field in codec.fields][-1] == "dataType"


def test_json_takes_its_fields_and_the_name_of_the_data_type() -> None:
    codec = codec_for(RecordSettings(format=RecordFormat.JSON, fields=("x",), data_type_field="kind"))
    assert isinstance(codec, JsonCodec)
    assert codec.decode([b'{"kind": "k", "y": 1}']).columns.names == ("x", "kind")


def test_json_takes_its_vectors() -> None:
    codec = codec_for(RecordSettings(format=RecordFormat.JSON, fields=("x",), vectors={"v": 2}))
    columns = codec.decode([b'{"x": 5, "v": [1, 2], "y": []}']).columns
    assert {name: array.tolist() for name, array in columns.arrays.items()} == {"x": [5], "v": [[1, 2]]}


def test_a_vector_cannot_name_the_data_type() -> None:
    with pytest.raises(SettingsError, match=r"records\.vectors has 'kind'"):
        codec_for(RecordSettings(format=RecordFormat.JSON, vectors={"kind": 2}, data_type_field="kind"))


def test_a_message_of_a_descriptor_set(descriptor_set: Path) -> None:
    codec = codec_for(RecordSettings(message="plant.Sensor", descriptor_set=str(descriptor_set)))
    assert codec.decode([b""]).columns.names[0] == "serial"


def test_an_unknown_message_is_a_problem_of_the_settings() -> None:
    with pytest.raises(SettingsError):
        codec_for(RecordSettings(message="a.B"))


def test_every_format_has_a_codec() -> None:
    assert set(CODECS) == set(RecordFormat)
