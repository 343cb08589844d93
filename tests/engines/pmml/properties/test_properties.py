"""The engine against the slow reference: random documents of every kind, odd rows among plain ones.

What the reference does where the specification is silent was held against JPMML-Evaluator 1.7.7, on more than a
hundred random documents of each kind.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engines.pmml.properties.case import Maker
from tests.engines.pmml.properties.checking import check
from tests.engines.pmml.properties.kinds import KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=True), seed=st.integers(0, 9))
def test_the_engine_answers_as_the_reference_in_every_batch(kind: str, random: Random, seed: int) -> None:
    check(KINDS[kind](Maker(random)), seed)
