"""Message types are found by name, built in or in a descriptor set, and only flat fields become columns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streamscore_cli.core.errors import SettingsError
from streamscore_cli.core.signature import FieldType
from streamscore_cli.records.message_type import find_message, scalar_fields
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from tests.records.wire import WINE_FIELDS


def test_the_wine_is_built_in_with_the_numbers_of_the_original() -> None:
    message = find_message("streamscore.WineRecord")
    assert message is WineRecord
    fields = scalar_fields(message)
    assert [(field.number, field.name) for field in fields] == [*enumerate(WINE_FIELDS, 1), (12, "dataType")]
    assert [field.type for field in fields] == [FieldType.DOUBLE] * 11 + [FieldType.STRING]
    assert not any(field.optional for field in fields)


def test_an_unknown_built_in_type_names_the_nearest_and_the_way_to_own_types() -> None:
    with pytest.raises(SettingsError, match=r"'WineRecod'.*mean streamscore\.WineRecord\?.*descriptor_set"):
        find_message("WineRecod")


def test_types_of_a_descriptor_set_have_their_flat_fields_only(descriptor_set: Path) -> None:
    fields = scalar_fields(find_message("plant.Sensor", str(descriptor_set)))
    assert {field.name: (field.type.value, field.optional) for field in fields} == {
        "serial": ("integer", False),
        "heat": ("double", True),
        "load": ("float", False),
        "open": ("boolean", False),
        "armed": ("boolean", True),
        "site": ("string", False),
        "note": ("string", True),
        "mode": ("string", False),
        "wanted": ("string", True),
        "small": ("integer", False),
        "delta": ("integer", False),
        "code": ("integer", False),
        "left": ("double", True),
        "right": ("string", True),
    }


def test_a_nested_type_is_found_by_its_full_name(descriptor_set: Path) -> None:
    assert scalar_fields(find_message("plant.Sensor.Nested", str(descriptor_set)))[0].name == "x"


@pytest.mark.parametrize("name", ["plant.Sensr", "Sensor"])
def test_an_unknown_type_of_a_file_names_the_nearest(descriptor_set: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=rf"types\.desc holds no message type '{name}'.*mean plant\.Sensor\?"):
        find_message(name, str(descriptor_set))


def test_a_type_without_flat_fields_is_refused(descriptor_set: Path) -> None:
    with pytest.raises(SettingsError, match=r"plant\.OnlyNested has no number, string, bool or enum"):
        scalar_fields(find_message("plant.OnlyNested", str(descriptor_set)))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.desc cannot be read: No such file"):
        find_message("a.B", str(tmp_path / "absent.desc"))


def test_a_file_that_is_no_descriptor_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.desc"
    path.write_text("message A {}")
    with pytest.raises(SettingsError, match=r"text\.desc is not a descriptor set"):
        find_message("a.B", str(path))


def test_a_set_without_its_imports_says_how_to_make_it_whole(tmp_path: Path) -> None:
    (tmp_path / "base.proto").write_text('syntax = "proto3"; message Base { double x = 1; }')
    (tmp_path / "top.proto").write_text(
        'syntax = "proto3"; import "base.proto"; message Top { Base b = 1; double y = 2; }'
    )
    target = tmp_path / "top.desc"
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{tmp_path}",
        "-o",
        str(target),
        str(tmp_path / "top.proto"),
    ]
    subprocess.run(command, check=True)
    with pytest.raises(SettingsError, match=r"top\.desc is not complete.*--include_imports"):
        find_message("Top", str(target))
