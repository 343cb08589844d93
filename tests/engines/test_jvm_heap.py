"""The heap's limit, against amounts of memory worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamscore_cli.engines.jvm_heap import heap_mib, memory_bytes

GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "mib"), [(0, 512), (1 * GIB, 512), (2 * GIB, 512), (4 * GIB, 1024), (10 * GIB, 2560), (64 * GIB, 4096)]
)
def test_a_quarter_within_bounds(memory: int, mib: int) -> None:
    assert heap_mib(memory) == mib


def test_a_container_has_what_it_is_given(tmp_path: Path) -> None:
    limit, unlimited, none = tmp_path / "limit", tmp_path / "unlimited", tmp_path / "none"
    limit.write_text("300000000\n")
    unlimited.write_text("max\n")
    machine = memory_bytes([])
    assert memory_bytes([unlimited, none, limit]) == 300_000_000
    assert memory_bytes([unlimited, none]) == machine
    limit.write_text("9223372036854771712\n")
    assert memory_bytes([limit]) == machine
