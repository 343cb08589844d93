"""Dead letters: the original record with headers that say where it was, which stage refused it and why; and back.

The names follow Kafka Connect's (`__connect.errors.topic`, ...), so that tools made for those need little change.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamscore_cli.core.batch import DeadLetter, Headers, RecordBatch
from streamscore_cli.core.failures import Failure

PREFIX = "__streamscore.errors."
"""What the names of our headers start with."""

REASON_BYTES = 4096
"""The longest reason that is sent: the dead-letter topic takes 64 KiB more than the data topic."""


@dataclass(frozen=True, slots=True)
class DeadLetterDescription:
    """What the headers of a dead letter say.

    Numbers are -1 and texts empty where they say nothing; stage and cause are texts, so that those of a later version
    can be shown too.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    stage: str
    cause: str
    reason: str
    data_type: str
    instance: str


def dead_letter(batch: RecordBatch, failure: Failure, instance: str = "", data_type: str = "") -> DeadLetter:
    """Make the dead letter of the row that failed.

    Headers that an earlier failure left (a dead letter that was sent to a data topic again) give way to the new ones.
    """
    row = failure.row
    original = None if batch.headers is None else batch.headers[row]
    ours = {
        "topic": batch.topic,
        "partition": str(batch.partitions[row]),
        "offset": str(batch.offsets[row]),
        "timestamp": str(batch.timestamps_ms[row]),
        "stage": failure.stage.value,
        "cause": failure.cause.value,
        "reason": failure.reason,
        "data.type": data_type,
        "instance": instance,
    }
    headers = [(name, value) for name, value in original or () if not name.startswith(PREFIX)]
    headers += [(PREFIX + name, _bytes(text)) for name, text in ours.items() if text]
    return DeadLetter(batch.keys[row], batch.values[row], int(batch.timestamps_ms[row]), headers)


def describe_dead_letter(headers: Headers) -> DeadLetterDescription | None:
    """Read our headers back; None when there are none of ours."""
    found = {
        name.removeprefix(PREFIX): (value or b"").decode("utf-8", "replace")
        for name, value in headers
        if name.startswith(PREFIX)
    }
    if not found:
        return None
    return DeadLetterDescription(
        topic=found.get("topic", ""),
        partition=_number(found.get("partition", "")),
        offset=_number(found.get("offset", "")),
        timestamp_ms=_number(found.get("timestamp", "")),
        stage=found.get("stage", ""),
        cause=found.get("cause", ""),
        reason=found.get("reason", ""),
        data_type=found.get("data.type", ""),
        instance=found.get("instance", ""),
    )


def _bytes(text: str) -> bytes:
    """Encode for a header, cut between two characters when it is too long."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= REASON_BYTES:
        return encoded
    return encoded[:REASON_BYTES].decode("utf-8", "ignore").encode() + b"..."


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1
