"""The directory of compiled models: bounded, shared, and trusted only as far as it is this user's own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streamscore_cli.engines.compiled_cache import LEFT_OVER_S, SUFFIX, CompiledCache

ROOMY = 1 << 30
KEYS = [f"{number:064x}" for number in range(8)]
ENTRY_BYTES = 1000 + 64


def data_of(number: int) -> memoryview:
    return memoryview(bytes([number]) * 1000)


def entries(directory: Path) -> set[str]:
    return {path.name.removesuffix(SUFFIX) for path in directory.iterdir()}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return where a cache would make its directory, and the one above it."""
    return tmp_path / "above" / "models"


def test_what_was_put_is_there_for_the_next_process_and_for_nobody_else(directory: Path) -> None:
    before = os.umask(0)
    try:
        CompiledCache(directory, ROOMY).put(KEYS[1], data_of(1))
    finally:
        os.umask(before)
    found = CompiledCache(directory, ROOMY).get(KEYS[1])
    assert found is not None
    assert bytes(found) == bytes(data_of(1))
    assert CompiledCache(directory, ROOMY).get(KEYS[2]) is None
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / (KEYS[1] + SUFFIX)).stat().st_mode & 0o777 == 0o600
    assert entries(directory) == {KEYS[1]}


def test_reading_where_there_is_nothing_makes_nothing_and_says_nothing(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert CompiledCache(directory, ROOMY).get(KEYS[0]) is None
    assert not directory.parent.exists()
    assert not caplog.records


def test_what_was_not_used_for_longest_goes_first(directory: Path) -> None:
    cache = CompiledCache(directory, 3 * ENTRY_BYTES)
    for number in range(3):
        cache.put(KEYS[number], data_of(number))
        os.utime(directory / (KEYS[number] + SUFFIX), (100 + number, 100 + number))
    assert cache.get(KEYS[0]) is not None
    cache.put(KEYS[3], data_of(3))
    assert entries(directory) == {KEYS[0], KEYS[2], KEYS[3]}
    cache.put(KEYS[4], memoryview(bytes(3 * ENTRY_BYTES)))
    assert entries(directory) == {KEYS[0], KEYS[2], KEYS[3]}
    cache.put(KEYS[5], memoryview(bytes(3 * ENTRY_BYTES - 64)))
    assert entries(directory) == {KEYS[5]}


def test_other_files_stay_and_what_dead_writers_left_goes(directory: Path) -> None:
    directory.mkdir(parents=True, mode=0o700)
    old, fresh, other = directory / f".{KEYS[1]}.1.ab", directory / f".{KEYS[2]}.2.cd", directory / "notes.txt"
    for path in (old, fresh, other):
        path.write_bytes(bytes(5000))
    past = time.time() - LEFT_OVER_S - 60
    os.utime(old, (past, past))
    os.utime(other, (past, past))
    CompiledCache(directory, 2000).put(KEYS[0], data_of(0))
    assert {path.name for path in directory.iterdir()} == {fresh.name, other.name, KEYS[0] + SUFFIX}


def test_an_entry_under_another_name_is_empty(directory: Path) -> None:
    cache = CompiledCache(directory, ROOMY)
    cache.put(KEYS[1], data_of(1))
    (directory / (KEYS[1] + SUFFIX)).rename(directory / (KEYS[2] + SUFFIX))
    found = cache.get(KEYS[2])
    assert found is not None
    assert len(found) == 0


def test_a_broken_entry_is_dropped_and_said(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = CompiledCache(directory, ROOMY)
    cache.put(KEYS[1], data_of(1))
    cache.drop(KEYS[1], "its checksum is wrong")
    assert entries(directory) == set()
    assert "its checksum is wrong" in caplog.text


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_directory_that_others_may_write_to_is_not_read_and_not_written(
    mode: int, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    CompiledCache(directory, ROOMY).put(KEYS[1], data_of(1))
    directory.chmod(mode)
    cache = CompiledCache(directory, ROOMY)
    for _ in range(3):
        assert cache.get(KEYS[1]) is None
        cache.put(KEYS[2], data_of(2))
    assert entries(directory) == {KEYS[1]}
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "others may write to it" in caplog.text


def test_an_entry_that_others_may_write_to_or_that_is_a_link_is_not_read(
    directory: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = CompiledCache(directory, ROOMY)
    for number in (1, 2):
        cache.put(KEYS[number], data_of(number))
    (directory / (KEYS[1] + SUFFIX)).chmod(0o622)
    (directory / (KEYS[2] + SUFFIX)).rename(tmp_path / "elsewhere")
    (directory / (KEYS[2] + SUFFIX)).symlink_to(tmp_path / "elsewhere")
    assert cache.get(KEYS[1]) is None
    assert cache.get(KEYS[2]) is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("owner_of_directory", "owner_of_entry"), [(0, 1), (1, 0)])
def test_what_belongs_to_another_user_is_not_read(
    directory: Path, caplog: pytest.LogCaptureFixture, owner_of_directory: int, owner_of_entry: int
) -> None:
    CompiledCache(directory, ROOMY).put(KEYS[1], data_of(1))
    users = iter([os.geteuid() + owner_of_directory, os.geteuid() + owner_of_entry])
    assert CompiledCache(directory, ROOMY, lambda: next(users)).get(KEYS[1]) is None
    assert "belongs to another user" in caplog.text
    assert CompiledCache(directory, ROOMY).get(KEYS[1]) is not None


def test_a_place_that_cannot_be_a_directory_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    cache = CompiledCache(tmp_path / "file" / "models", ROOMY)
    for _ in range(3):
        cache.put(KEYS[1], data_of(1))
        assert cache.get(KEYS[1]) is None
    assert len(caplog.records) == 1
    assert "compiled models are not kept" in caplog.text


WRITER = """
import resource, sys
from pathlib import Path
from streamscore_cli.engines.compiled_cache import CompiledCache
limit, directory, key, size = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for _ in range(int(sys.argv[5])):
    CompiledCache(directory, 1 << 30).put(key, memoryview(bytes([7]) * size))
"""


def writer(limit: int, directory: Path, size: int, times: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(limit), str(directory), KEYS[7], str(size), str(times)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_where_a_file_cannot_grow_nothing_is_left_behind(directory: Path) -> None:
    with writer(100_000, directory, 200_000, 1) as process:
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 0
    assert "compiled models are not kept" in said
    assert entries(directory) == set()


def test_two_processes_that_write_the_same_at_once_leave_one_whole_entry(directory: Path) -> None:
    size = 300_000
    with writer(0, directory, size, 100) as one, writer(0, directory, size, 100) as two:
        cache = CompiledCache(directory, ROOMY)
        found = 0
        while one.poll() is None or two.poll() is None:
            data = cache.get(KEYS[7])
            if data is not None:
                found += 1
                assert bytes(data) == bytes([7]) * size
    assert (one.returncode, two.returncode) == (0, 0)
    assert found > 0
    assert entries(directory) == {KEYS[7]}
