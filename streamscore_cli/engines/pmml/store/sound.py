"""What the types of a program's parts cannot say and yet must hold, lest a walk never ends; it loads nothing."""

from __future__ import annotations

import numpy as np

from streamscore_cli.engines.pmml.models.tree.tree import Tests


def unsound(part: object) -> str:
    """Return what is wrong with a part of a program; nothing where it is sound, or no part that can be otherwise."""
    return _unsound_tests(part) if isinstance(part, Tests) else ""


def _unsound_tests(tests: Tests) -> str:
    """Each test leads to a later one or to a node, so that every walk ends."""
    count = len(tests.kind)
    arrays = (tests.kind, tests.feature, tests.operand, tests.yes, tests.no, tests.unknown)
    if any(one.shape != (count,) for one in arrays) or not tests.start < max(count, 1):
        return "has arrays of different lengths"
    places = np.arange(count)
    leads = (tests.yes, tests.no, tests.unknown)
    if any(((one >= 0) & ((one <= places) | (one >= count))).any() for one in leads):
        return "leads back, or out of itself"
    return ""
