"""That batches set no collection off, and that piled-up cycles still do; and that blocks of memory are kept."""

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


BLOCKS = """
import resource
import numpy as np
from streamscore_cli.runtime.garbage import keep_blocks
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def batch():
    return [np.ones(50_000) for _ in range(4)]
def faults_of_batches():
    batch()
    before = faults()
    for _ in range(20):
        batch()
    return faults() - before
print(faults_of_batches())
keep_blocks()
print(faults_of_batches())
"""


def test_blocks_of_batches_are_kept() -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKS], check=True, capture_output=True, text=True)
    given_back, kept = map(int, done.stdout.split())
    assert given_back > 10 * kept
