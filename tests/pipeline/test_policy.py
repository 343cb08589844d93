from __future__ import annotations

import pytest

from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.core.choices import NoModel, OnError
from streamscore_cli.core.errors import RecordRefused
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.pipeline.policy import Policy, dispose

BATCH = RecordBatch("t", [b"a", b"b"], [None, None], [3, 3], [7, 8], [0, 0])
BAD = Failure(1, Stage.BIND, Cause.WRONG_TYPE, "field 'x' is 'y'")
MODELLESS = Failure(0, Stage.ROUTE, Cause.NO_MODEL, "no model")


@pytest.mark.parametrize(
    ("on_error", "no_model", "letters", "dropped"),
    [
        (OnError.DEAD_LETTER, NoModel.WAIT, (BAD, MODELLESS), {}),
        (OnError.DEAD_LETTER, NoModel.DROP, (BAD,), {Cause.NO_MODEL: 1}),
        (OnError.SKIP, NoModel.DEAD_LETTER, (MODELLESS,), {Cause.WRONG_TYPE: 1}),
        (OnError.SKIP, NoModel.DROP, (), {Cause.WRONG_TYPE: 1, Cause.NO_MODEL: 1}),
    ],
)
def test_every_failure_is_a_letter_or_counted_as_dropped(
    on_error: OnError, no_model: NoModel, letters: tuple[Failure, ...], dropped: dict[Cause, int]
) -> None:
    disposed = dispose(BATCH, (BAD, MODELLESS), Policy(on_error, no_model))
    assert (disposed.letters, disposed.dropped) == (letters, dropped)


def test_letters_are_counted_by_stage_and_cause() -> None:
    disposed = dispose(BATCH, (BAD, BAD, MODELLESS), Policy(OnError.DEAD_LETTER, NoModel.DEAD_LETTER))
    assert disposed.letters_by_cause() == {
        (Stage.BIND, Cause.WRONG_TYPE): 2,
        (Stage.ROUTE, Cause.NO_MODEL): 1,
    }


def test_to_stop_names_the_record_and_why() -> None:
    with pytest.raises(RecordRefused, match=r"t\[3\]@8 failed at bind \(wrong-type\): field 'x' is 'y'"):
        dispose(BATCH, (BAD,), Policy(OnError.STOP, NoModel.WAIT))
