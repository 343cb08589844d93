"""Python's threads taking short turns while one of them computes; it changes nothing else of the interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

TURN_S = 0.0005
"""A tenth of Python's own: how long the scoring thread may wait for a thread that runs Python code."""


@contextmanager
def short_turns() -> Iterator[None]:
    """Let other threads go on every half millisecond until the block ends; for one thread at a time."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(min(TURN_S, before_s))
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
