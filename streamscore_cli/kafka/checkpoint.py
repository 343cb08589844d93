"""At-least-once: the order in which results, dead letters and offsets become true; the order is the guarantee.

1. `results` and `dead_letters` hand everything that a record became to the producer.
2. `advance` notes up to where that is so, per partition: offset of the last such record + 1.
3. Closing waits until the broker has acknowledged everything handed over (acks=all), and fails if it refused anything.
   Nothing more is handed over meanwhile; but the wait begins only when there is more, as the next records are being
   fetched and scored until then.
4. Only then the noted offsets are committed, of every partition that moved.

Whatever fails in between leaves the offsets where they were, and the records since are read again. A partition that
was taken away in order is closed for first; for one that was lost nothing is committed any more.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

from streamscore_cli.config.settings import CheckpointSettings
from streamscore_cli.core.batch import DeadLetter, OutboundResults, TopicPartition
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import TimedOut
from streamscore_cli.core.log_events import event
from streamscore_cli.kafka.commits import OffsetCommits
from streamscore_cli.kafka.delivery import DeliveringProducer
from streamscore_cli.kafka.letter_size import fitted

REVOKE_WAIT_S = 10.0
"""How long a partition that is to go to another member is finished for; the group waits meanwhile."""

_log = logging.getLogger("streamscore.kafka")


class AtLeastOnceCheckpoint:
    """Makes results, dead letters and offsets true in that order; used by the scoring thread only."""

    def __init__(
        self,
        producer: DeliveringProducer,
        commits: OffsetCommits,
        dead_letters_topic: str,
        settings: CheckpointSettings,
        clock: Clock,
        letter_bytes: int | None = None,
    ) -> None:
        """Take what produces and what commits; a checkpoint opens with its first record.

        `letter_bytes` is the largest message that the dead-letter topic takes, None where it is not known.
        """
        self._producer = producer
        self._commits = commits
        self._dead_letters_topic = dead_letters_topic
        self._settings = settings
        self._clock = clock
        self._letter_bytes = letter_bytes
        self._positions: dict[TopicPartition, int] = {}
        self._closing: dict[TopicPartition, int] | None = None
        self._records = 0
        self._opened_at_s: float | None = None

    @property
    def pending(self) -> Mapping[TopicPartition, int]:
        """Return the offsets that the next close commits."""
        return {**(self._closing or {}), **self._positions}

    @property
    def waited_s(self) -> float:
        """Return how long deliveries were waited for so far."""
        return self._producer.waited_s

    def results(self, results: OutboundResults) -> None:
        """Produce results; waits while the producer's queue is full. Raises as `close`."""
        self._finish()
        self._open()
        self._producer.send_all(results)
        self._records += len(results.values)

    def dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Produce dead letters to the partition of their key, cut to what their topic takes. Raises as `close`."""
        self._finish()
        self._open()
        for whole in letters:
            letter = whole if self._letter_bytes is None else fitted(whole, self._letter_bytes)
            self._producer.send(self._dead_letters_topic, letter.key, letter.value, letter.headers)
        self._records += len(letters)

    def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        """Say that all before these offsets has been produced for, or dropped by a policy."""
        self._open()
        self._positions.update(positions)

    def send_now(self) -> None:
        """Let nothing wait for company in the producer: there is no backlog that would bring any."""
        self._producer.send_now()

    def close_if_due(self) -> bool:
        """Begin to close when the interval or the number of records is reached; tell whether it did.

        The next call of this, or what is handed over before it, waits for the deliveries and begins the commit, which
        goes on in the background; its failure is raised by a later call.
        """
        self._producer.listen()
        self._finish()
        if self._opened_at_s is None:
            return False
        age_s = self._clock.monotonic_s() - self._opened_at_s
        if age_s < self._settings.interval_s and self._records < self._settings.records:
            return False
        self._closing = self._taken()
        return True

    def close(self) -> None:
        """Wait for every delivery, then commit and wait for that.

        Raises `DeliveryFailed`, `KafkaRefused`, or `TimedOut` when the broker stays away and the instance is to stop;
        then nothing of this checkpoint is committed.
        """
        self._producer.settle()
        self._commits.finish(self._taken())

    def give_up(self, partitions: Collection[TopicPartition]) -> None:
        """Close, in bounded time, because these partitions go to another member; raises as `close`, no `TimedOut`."""
        try:
            if self._opened_at_s is not None or self._closing is not None:
                self._producer.settle(REVOKE_WAIT_S)
            self._commits.finish(self._taken())
        except TimedOut as error:
            extra = event("handover-unfinished", reason=str(error), partitions=sorted(partitions))
            _log.warning("partitions go to another member unfinished: %s", error, extra=extra)
        self.discard(partitions)

    def discard(self, partitions: Collection[TopicPartition]) -> None:
        """Forget partitions that belong to others by now: nothing is committed for them."""
        self._commits.forget(partitions)
        for place in partitions:
            self._positions.pop(place, None)
            if self._closing is not None:
                self._closing.pop(place, None)

    def end(self) -> None:
        """End the producer; what was not delivered is dropped, uncommitted."""
        self._producer.close()

    def _open(self) -> None:
        if self._opened_at_s is None:
            self._opened_at_s = self._clock.monotonic_s()

    def _finish(self) -> None:
        """Finish the close that has begun, if any."""
        if self._closing is not None:
            self._producer.settle()
            closing, self._closing = self._closing, None
            self._commits.start(closing)

    def _taken(self) -> dict[TopicPartition, int]:
        positions, self._positions, self._closing = dict(self.pending), {}, None
        self._records, self._opened_at_s = 0, None
        return positions
