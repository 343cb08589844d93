"""The wines, and message types of somebody else's, compiled by protoc."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SENSOR = """
syntax = "proto3";
package plant;
enum Mode { OFF = 0; ON = 1; }
message Sensor {
  int64 serial = 1;
  optional double heat = 2;
  float load = 3;
  bool open = 4;
  optional bool armed = 5;
  string site = 6;
  optional string note = 7;
  Mode mode = 8;
  optional Mode wanted = 9;
  uint32 small = 10;
  sint32 delta = 11;
  fixed32 code = 12;
  Nested inner = 13;
  repeated double samples = 14;
  map<string, double> limits = 15;
  bytes blob = 16;
  oneof either { double left = 17; string right = 18; }
  message Nested { double x = 1; }
}
message OnlyNested { Sensor sensor = 1; repeated double values = 2; bytes raw = 3; }
"""

LEGACY = """
syntax = "proto2";
enum Grade { LOW = 1; HIGH = 2; }
message Legacy { required double x = 1; optional string name = 2; optional Grade grade = 3;
  optional int32 n = 4 [default = 7]; }
"""


@pytest.fixture(scope="session")
def wines(data_dir: Path) -> list[list[float]]:
    """Return the 11 features of the 1,599 wines, read without any code of ours."""
    lines = (data_dir / "winequality_red.csv").read_text(encoding="ascii").splitlines()
    return [[float(cell) for cell in line.split(";")[:11]] for line in lines]


@pytest.fixture(scope="session")
def descriptor_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a descriptor-set file, as `protoc -o` makes it, of messages that are not ours."""
    folder = tmp_path_factory.mktemp("protos")
    (folder / "sensor.proto").write_text(SENSOR)
    (folder / "legacy.proto").write_text(LEGACY)
    target = folder / "types.desc"
    names = [str(folder / "sensor.proto"), str(folder / "legacy.proto")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", "--include_imports", "-o", str(target), *names]
    subprocess.run(command, check=True)
    return target
