from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import TimedOut
from streamscore_cli.core.failures import Cause
from streamscore_cli.core.scores import Scores
from streamscore_cli.serving.scorer import LATE_COST, SPLIT_BUDGET, SlotScores, score_slot
from tests.servables import DoublingServable, RaisingServable

VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(666.0)), max_size=60)


def answers(slot: SlotScores) -> dict[int, float]:
    return {
        int(row): float(value) for part in slot.parts for row, value in zip(part.rows, part.scores.result, strict=True)
    }


def columns_of(values: list[float]) -> Columns:
    return Columns(len(values), {"x": np.array(values, dtype=np.float64)})


@given(VALUES)
def test_every_row_ends_as_an_answer_or_as_a_failure_and_poison_costs_its_own_row_only(values: list[float]) -> None:
    slot = score_slot(RaisingServable(poison=666.0), columns_of(values), {})
    poisoned = {row for row, value in enumerate(values) if value == 666.0}
    assert {failure.row for failure in slot.failures} == poisoned
    assert answers(slot).keys() | {failure.row for failure in slot.failures} == set(range(len(values)))
    assert answers(slot).keys() & {failure.row for failure in slot.failures} == set()
    assert all(answer == 2 * values[row] for row, answer in answers(slot).items())


@pytest.mark.parametrize("every", [1, 2, 97])
def test_however_many_rows_are_poison_no_good_one_goes_with_them_and_calls_are_bounded(every: int) -> None:
    servable = RaisingServable(poison=-1.0)
    values = [-1.0 if row % every == 0 else float(row) for row in range(4000)]
    slot = score_slot(servable, columns_of(values), {})
    assert {failure.row for failure in slot.failures} == set(range(0, 4000, every))
    assert len(answers(slot)) == 4000 - len(slot.failures)
    assert servable.calls <= SPLIT_BUDGET + 4000


def test_rows_that_the_engine_names_are_failures_at_their_own_places() -> None:
    slot = score_slot(DoublingServable(bad_values=(5.0,)), columns_of([1.0, 5.0, 3.0]), {})
    assert answers(slot) == {0: 2.0, 2: 6.0}
    assert [(failure.row, failure.cause) for failure in slot.failures] == [(1, Cause.INVALID_VALUE)]


def test_failures_of_binding_and_scoring_both_keep_their_places() -> None:
    column = np.array([1.0, "text", 5.0, 7.0], dtype=object)
    slot = score_slot(DoublingServable(bad_values=(5.0,)), Columns(4, {"x": column}), {})
    assert answers(slot) == {0: 2.0, 3: 14.0}
    assert {failure.row: failure.cause for failure in slot.failures} == {
        1: Cause.WRONG_TYPE,
        2: Cause.INVALID_VALUE,
    }


def test_no_rows_are_no_work() -> None:
    servable = RaisingServable(poison=666.0)
    assert score_slot(servable, columns_of([]), {}) == SlotScores((), ())
    assert servable.calls == 0


def test_a_model_that_does_not_end_is_not_asked_for_ever() -> None:
    servable = LateServable()
    slot = score_slot(servable, columns_of([1.0] * 4000), {})
    assert len(slot.failures) == 4000
    assert servable.calls <= SPLIT_BUDGET // LATE_COST + 16


class LateServable(DoublingServable):
    """Never answers in time."""

    calls = 0

    def score(self, columns: Columns) -> Scores:
        self.calls += 1
        raise TimedOut("It took too long.")
