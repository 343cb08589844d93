"""What becomes of records that could not be scored, in one place; it produces nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.core.choices import NoModel, OnError
from streamscore_cli.core.errors import RecordRefused
from streamscore_cli.core.failures import Cause, Failure, Stage


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's choices."""

    on_error: OnError
    no_model: NoModel


@dataclass(frozen=True, slots=True)
class Disposed:
    """`letters` become dead letters; `dropped` counts, by cause, those that a policy leaves out."""

    letters: tuple[Failure, ...]
    dropped: Mapping[Cause, int]

    def letters_by_cause(self) -> Mapping[tuple[Stage, Cause], int]:
        """Count the dead letters by stage and cause."""
        return Counter((failure.stage, failure.cause) for failure in self.letters)


def dispose(batch: RecordBatch, failures: Sequence[Failure], policy: Policy) -> Disposed:
    """Decide on every failure of `batch`. Raises `RecordRefused` where the policy is to stop."""
    letters: list[Failure] = []
    dropped: Counter[Cause] = Counter()
    for failure in failures:
        match _choice(failure, policy):
            case OnError.DEAD_LETTER:
                letters.append(failure)
            case OnError.SKIP:
                dropped[failure.cause] += 1
            case OnError.STOP:
                raise _refused(batch, failure)
    return Disposed(tuple(letters), dropped)


def _choice(failure: Failure, policy: Policy) -> OnError:
    if failure.cause is Cause.NO_MODEL:
        return OnError.SKIP if policy.no_model is NoModel.DROP else OnError.DEAD_LETTER
    return policy.on_error


def _refused(batch: RecordBatch, failure: Failure) -> RecordRefused:
    place = f"{batch.topic}[{batch.partitions[failure.row]}]@{batch.offsets[failure.row]}"
    return RecordRefused(
        f"Record {place} failed at {failure.stage} ({failure.cause}): {failure.reason}.",
        "It was not committed; serve with --on-error dead-letter or skip to go past it.",
    )
