"""The committed protobuf code is what scripts/make_protos.py makes of protos/, and the check finds what is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "make_protos.py"), "--check"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_it_is_fresh() -> None:
    found = check(ROOT)
    assert (found.returncode, found.stderr) == (0, "")


def test_a_stale_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "make_protos.py", tmp_path / "scripts")
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    package = tmp_path / "streamscore_cli" / "records" / "pb"
    shutil.copytree(ROOT / "streamscore_cli" / "records" / "pb", package)
    with (tmp_path / "protos" / "wine_record.proto").open("a") as proto:
        proto.write("message Late { double x = 1; }\n")
    (package / "gone_pb2.py").touch()
    found = check(tmp_path)
    assert found.returncode == 1
    assert "streamscore_cli/records/pb/wine_record_pb2.py is stale" in found.stderr
    assert "gone_pb2.py is stale" in found.stderr
    assert "score_result" not in found.stderr


@pytest.mark.tensorflow
def test_it_lives_in_one_process_with_tensorflow() -> None:
    code = "import tensorflow; import streamscore_cli.records.codecs, streamscore_cli.records.descriptor"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment, capture_output=True)
