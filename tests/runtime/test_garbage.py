"""That batches set no collection off, and that piled-up cycles still do."""

from __future__ import annotations

import subprocess
import sys

BATCH = """
import gc
from streamscore_cli.runtime.garbage import spare_collections
spare_collections()
runs = lambda: sum(generation["collections"] for generation in gc.get_stats())
before = runs()
for _ in range(50):
    batch = [(number, []) for number in range(10_000)]
    del batch
print(runs() - before)
for _ in range(300_000):
    cycle = []
    cycle.append(cycle)
print(runs() - before)
"""


def test_batches_set_no_collection_off_and_cycles_do() -> None:
    done = subprocess.run([sys.executable, "-c", BATCH], check=True, capture_output=True, text=True)
    by_batches, with_cycles = map(int, done.stdout.split())
    assert by_batches == 0
    assert with_cycles > 0
