"""Commits offsets and sorts out what came of it; when to commit is the checkpoint's matter.

A failed commit loses nothing, it only means that records will be read again. So what can be tried again is put back
for the next commit, what belongs to others by now is dropped, and only what never heals is an error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from streamscore_cli.core.batch import TopicPartition
from streamscore_cli.core.errors import KafkaRefused, TimedOut
from streamscore_cli.core.log_events import event
from streamscore_cli.kafka.clients import OnCommit
from streamscore_cli.kafka.faults import DENIED, MEMBERSHIP_LOST, error_of, refused

ATTEMPTS = 3
"""How often a commit that is waited for is tried."""

_NEVER_HEALS = DENIED | {"FENCED_INSTANCE_ID", "_FENCED"}

_log = logging.getLogger("streamscore.kafka")


class OffsetCommits:
    """Commits with a consumer of a group, in the background or waited for; used by the consumer's thread."""

    def __init__(self, make: Callable[[OnCommit], Consumer]) -> None:
        """Make the consumer with the callback that takes the outcome of commits in the background."""
        self._returned: dict[TopicPartition, int] = {}
        self._started: dict[TopicPartition, int] = {}
        self._refusal: KafkaRefused | None = None
        self._warned = ""
        self._rebalancing = False
        self.consumer = make(self._on_commit)

    def start(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit in the background; raises `KafkaRefused` when an earlier commit was refused for good."""
        self._raise_refusal()
        offsets = self._take(positions)
        if offsets:
            try:
                self.consumer.commit(offsets=offsets, asynchronous=True)
            except KafkaException as exception:
                self._sort_out(error_of(exception), offsets)
                self._raise_refusal()

    def finish(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit and wait; raises `KafkaRefused`, or `TimedOut` when it could not be done in a few attempts."""
        self._raise_refusal()
        offsets = self._take(positions)
        for _ in range(ATTEMPTS):
            if not offsets:
                return
            try:
                self._check(self.consumer.commit(offsets=offsets, asynchronous=False))
            except KafkaException as exception:
                self._sort_out(error_of(exception), offsets)
            self._raise_refusal()
            offsets = self._take({})
        if offsets:
            self._put_back(offsets)
            if self._rebalancing:
                return  # whoever loses a partition in it is asked to give it up, and commits then
            places = ", ".join(f"{place.topic}[{place.partition}]" for place in offsets)
            hint = "Records since the last checkpoint will be read again."
            raise TimedOut(f"The offsets of {places} could not be committed: {self._warned}.", hint)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop what is to be committed again for these partitions, also what is on its way and fails later."""
        for place in partitions:
            self._returned.pop(place, None)
            self._started.pop(place, None)

    def _take(self, positions: Mapping[TopicPartition, int]) -> list[KafkaPartition]:
        wanted = {**self._returned, **positions}
        self._returned = {}
        self._started.update(wanted)
        return [KafkaPartition(topic, partition, offset) for (topic, partition), offset in wanted.items()]

    def _put_back(self, offsets: Iterable[KafkaPartition]) -> None:
        for place in offsets:
            # an older commit must not overtake one that began later, nor one of a partition's next owner
            at = (place.topic, place.partition)
            if self._started.get(at) == place.offset:
                self._returned[at] = place.offset

    def _on_commit(self, error: KafkaError | None, partitions: list[KafkaPartition]) -> None:
        if error is not None and not any(place.error for place in partitions):
            self._sort_out(error, partitions)
        else:
            self._check(partitions)

    def _check(self, partitions: Iterable[KafkaPartition] | None) -> None:
        healthy = True
        for place in partitions or ():
            if place.error is not None:
                healthy = False
                self._sort_out(place.error, [place])
        if healthy:
            self._warned = ""

    def _sort_out(self, error: KafkaError, offsets: list[KafkaPartition]) -> None:
        name = error.name()
        self._rebalancing = name == "REBALANCE_IN_PROGRESS"
        if name == "_NO_OFFSET":
            return
        if error.fatal() or name in _NEVER_HEALS:
            places = ", ".join(sorted({place.topic for place in offsets}))
            self._refusal = refused(error, f"committing offsets of {places}")
        elif name in MEMBERSHIP_LOST:
            self._warn(error, "the group went on without this member; what was not committed will be read again")
        else:
            self._warn(error, "it is tried again")
            self._put_back(offsets)

    def _warn(self, error: KafkaError, what: str) -> None:
        if self._warned != error.str():
            self._warned = error.str()
            extra = event("commit-failed", code=error.name(), reason=error.str())
            _log.warning("offsets were not committed: %s (%s); %s", error.str(), error.name(), what, extra=extra)

    def _raise_refusal(self) -> None:
        if self._refusal is not None:
            raise self._refusal
