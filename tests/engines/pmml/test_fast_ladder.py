"""Cells' places among thresholds, held against NumPy's search."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from streamscore_cli.engines.pmml.fast.ladder import ladder_of

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-10, 10),
    st.integers(-20, 20).map(lambda number: number / 8),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308]),
)


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=30), min_size=1, max_size=5), st.lists(NUMBERS), st.booleans())
@example([[0.1, 0.1 + 2**-56], [5e-324, 1e300]], [0.1, 0.1 + 2**-56, 0.1 + 2**-55], True)
def test_places_are_those_of_a_search(thresholds: list[list[float]], cells: list[float], gaps: bool) -> None:
    cuts = [np.unique(np.array([*some, np.inf] if gaps else some)) for some in thresholds]
    ladder = ladder_of(list(enumerate(cuts)))
    if ladder is None:
        return
    near = [
        neighbour for some in cuts for cut in some[np.isfinite(some)] for neighbour in (np.nextafter(cut, -1e9), cut)
    ]
    row = [*cells, *filter(np.isfinite, near), *([np.nan] if gaps else [])]
    matrix = np.array([row] * len(cuts))
    with np.errstate(over="ignore", invalid="ignore"):
        found = ladder.counts(matrix, gaps=gaps)
    for feature, places in zip(ladder.features.tolist(), found.tolist(), strict=True):
        assert places == np.searchsorted(cuts[feature], matrix[feature]).tolist()


def test_features_that_can_have_a_ladder_are_those_whose_thresholds_are_apart() -> None:
    close = np.array([0.0, 5e-324, 1.0])
    apart = np.linspace(0, 1, 300)
    ladder = ladder_of([(3, apart), (5, close), (7, np.array([2.5]))])
    assert ladder is not None
    assert ladder.features.tolist() == [3, 7]
    assert ladder_of([(5, close), (6, np.array([np.inf]))]) is None


def test_a_threshold_that_all_cells_are_above_has_no_rung() -> None:
    assert ladder_of([(0, np.array([-np.inf, 1.0, 2.0]))]) is None
