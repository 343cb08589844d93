"""What to do when a partition cannot be read from where it should be: begin, stop, or go on behind a gap.

The client reports it as an event of the partition and stops reading it; what is here finds out why and starts the
partition again. It touches no partition that can be read.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from streamscore_cli.core.batch import TopicPartition
from streamscore_cli.core.choices import OnGap
from streamscore_cli.core.errors import OffsetGap
from streamscore_cli.core.log_events import event

WATERMARKS_WAIT_S = 5.0

_log = logging.getLogger("streamscore.kafka")


class OffsetResets:
    """Starts partitions whose offset is not there; on first start that is their beginning."""

    def __init__(self, consumer: Consumer, group: str, policy: OnGap) -> None:
        """Take the consumer, the group's name for messages, and the policy."""
        self._consumer = consumer
        self._group = group
        self._policy = policy
        self._waiting: dict[TopicPartition, int | None] = {}
        self.gaps = 0

    def note(self, place: TopicPartition, offset: int | None) -> None:
        """Remember a partition that is to be started again; `offset` is where it should be read, None: nowhere yet."""
        self._waiting[place] = offset

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop partitions that are not ours any more."""
        for place in partitions:
            self._waiting.pop(place, None)

    def resolve(self, owned: Collection[TopicPartition]) -> None:
        """Start what waits; a broker that does not answer is asked again by the next call. Raises `OffsetGap`."""
        for place, offset in list(self._waiting.items()):
            if place not in owned:
                del self._waiting[place]
                continue
            try:
                start = self._start_of(place, offset)
                restart(self._consumer, place, start)
            except KafkaException as exception:
                extra = event("partition-not-started", topic=place[0], partition=place[1], cause=str(exception))
                _log.warning("%s[%d] cannot be started yet: %s", *place, exception, extra=extra)
                return
            del self._waiting[place]

    def _start_of(self, place: TopicPartition, offset: int | None) -> int:
        if offset is None or offset < 0:
            what = "%s[%d] is read from its beginning: group %s has no offset for it"
            extra = event("read-from-beginning", topic=place[0], partition=place[1], group=self._group)
            _log.info(what, *place, self._group, extra=extra)
            return OFFSET_BEGINNING
        low, high = self._consumer.get_watermark_offsets(KafkaPartition(*place), timeout=WATERMARKS_WAIT_S)
        if low <= offset <= high:
            return offset
        gone = max(low - offset, 0)
        topic, partition = place
        if gone:
            what = (
                f"{topic}[{partition}]: {gone} records are gone. The group {self._group} had read up to offset "
                f"{offset}, and what is left begins at {low}."
            )
        else:
            what = (
                f"{topic}[{partition}]: the group {self._group} had read up to offset {offset}, but the partition ends "
                f"at {high}: the topic was probably deleted and made again."
            )
        if self._policy is OnGap.STOP:
            hint = (
                "`--on-gap continue` goes on with what is left, counting what is gone; "
                "or set the group's offsets with Kafka's kafka-consumer-groups."
            )
            raise OffsetGap(what, hint)
        self.gaps += gone
        extra = event("gap-skipped", topic=topic, partition=partition, records=gone, offset=low)
        _log.warning("%s Going on at offset %d.", what, low, extra=extra)
        return low


def restart(consumer: Consumer, place: TopicPartition, offset: int) -> None:
    """Read a partition from `offset` on, also where a seek is refused because the partition is not being read."""
    topic, partition = place
    consumer.incremental_unassign([KafkaPartition(topic, partition)])
    consumer.incremental_assign([KafkaPartition(topic, partition, offset)])
