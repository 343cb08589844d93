"""Records of the partitions that this instance owns; it decodes nothing and commits nothing.

Rebalances happen inside `poll`: what was polled before is finished by then, because one thread does both. An exception
that left a callback would cost the batch being fetched, so callbacks keep theirs for `poll` to raise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.batch import RecordBatch, TopicPartition
from streamscore_cli.core.log_events import EventExtra, event
from streamscore_cli.kafka.batches import record_batch
from streamscore_cli.kafka.faults import DENIED, TOPIC_MISSING, refused
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.kafka.message_numbers import asked, events_among, events_asked, numbers_of
from streamscore_cli.kafka.offset_resets import OffsetResets, restart
from streamscore_cli.kafka.presence import TopicPresence
from streamscore_cli.kafka.topic_plan import check_patterns, is_pattern

COMMITTED_WAIT_S = 1.0
RECORDS_CLIENT = "records"

_log = logging.getLogger("streamscore.kafka")


class Leaving(Protocol):
    """What has to be done for partitions that leave."""

    def give_up(self, partitions: Collection[TopicPartition]) -> None:
        """Finish and commit what is in hand, in bounded time: these partitions go to another member."""
        ...

    def discard(self, partitions: Collection[TopicPartition]) -> None:
        """Drop what is in hand for these partitions: others have them already."""
        ...


class KafkaSource:
    """Reads the data topics as a member of the group; used by the scoring thread only."""

    def __init__(
        self, settings: Settings, consumer: Consumer, leaving: Leaving, health: ClientHealth, presence: TopicPresence
    ) -> None:
        """Wait for the data topics and subscribe.

        Raises `SettingsError` for a pattern that matches a topic of ours, `TopicMismatch` when a data topic is missing,
        `KafkaRefused` when reading it is forbidden, `TimedOut` when told to stop while no broker answers.
        """
        check_patterns(settings)
        self._consumer = consumer
        self._leaving = leaving
        self._health = health
        self._presence = presence
        self._group = settings.scoring.group
        self._batch_records = settings.scoring.batch_records
        self._numbers_from = numbers_of if settings.kafka.bulk else asked
        self._events_among = events_among if settings.kafka.bulk else events_asked
        self._wait_s = settings.scoring.batch_wait_s
        self._resets = OffsetResets(consumer, settings.scoring.group, settings.scoring.on_gap)
        self._owned: set[TopicPartition] = set()
        self._held: dict[TopicPartition, int] = {}
        self._starts: dict[TopicPartition, int] = {}
        self._moved = False
        self._joined = False
        self._kept: BaseException | None = None
        topics = list(settings.topics.data)
        self._named = frozenset(topic for topic in topics if not is_pattern(topic))
        self._only_topic = topics[0] if len(topics) == 1 and self._named else None
        for topic in sorted(self._named):
            presence.ask(topic, partial(presence.metadata, topic))
        consumer.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)

    @property
    def gaps(self) -> int:
        """Return how many records were gone before they could be read, since the start."""
        return self._resets.gaps

    def poll(self, most: int | None = None) -> Sequence[RecordBatch]:
        """Return what is there, one batch a topic, at most `most` records, after waiting a moment for a first one.

        Raises `OffsetGap`, `KafkaRefused`, `TopicMismatch`, or what the checkpoint raised while a partition left; what
        was fetched is dropped then, uncommitted, because the instance ends.
        """
        wanted = min(most or self._batch_records, self._batch_records)
        messages = self._consumer.consume(wanted, 0)
        if not messages:
            first = self._consumer.poll(self._wait_s)
            if first is not None:
                messages = [first, *(self._consumer.consume(wanted - 1, 0) if wanted > 1 else ())]
        if self._moved:
            messages = self._after_rebalance(messages)
        if self._events_among(messages):
            messages = self._without_events(messages)
        self._resets.resolve(self._owned)
        self._presence.look()
        self._health.raise_if_fatal()
        return self._batches(messages)

    def hold(self, positions: Mapping[TopicPartition, int]) -> None:
        """Stop reading these partitions, each before the given offset, until `release`; others are ignored."""
        for place, offset in positions.items():
            if place in self._owned:
                self._held[place] = offset
                self._consumer.pause([KafkaPartition(*place)])
                self._move(place, offset)

    def release(self) -> None:
        """Read all held partitions again, from where they were held."""
        self._consumer.resume([KafkaPartition(*place) for place in self._held])
        self._held = {}

    def held(self) -> Collection[TopicPartition]:
        """Return the partitions on hold."""
        return self._held.keys()

    def assignment(self) -> Collection[TopicPartition]:
        """Return the partitions that this instance owns."""
        return frozenset(self._owned)

    def joined(self) -> bool:
        """Tell whether the group has told this instance its partitions, be it none."""
        return self._joined

    def lag(self) -> Mapping[TopicPartition, int]:
        """Return, from what the client has at hand, how many records each partition is behind its end.

        A partition of which nothing was fetched yet is left out; one that was never read counts from where its group
        left it.
        """
        lags: dict[TopicPartition, int] = {}
        if not self._owned:
            return lags
        for place in self._consumer.position([KafkaPartition(*place) for place in self._owned]):
            at = (place.topic, place.partition)
            low, high = self._consumer.get_watermark_offsets(place, cached=True)
            if high >= 0:
                position = self._held.get(at, place.offset)
                lags[at] = max(high - (position if position >= 0 else self._start_of(at, low)), 0)
        return lags

    def _start_of(self, place: TopicPartition, low: int) -> int:
        if place not in self._starts:
            try:
                [found] = self._consumer.committed([KafkaPartition(*place)], timeout=COMMITTED_WAIT_S)
            except KafkaException:
                return max(low, 0)
            self._starts[place] = found.offset
        return max(self._starts[place], low, 0)

    def close(self) -> None:
        """Leave the group, giving up all partitions; failures of that are logged, the end is near anyway."""
        try:
            self._consumer.close()
        except (KafkaException, RuntimeError) as error:
            _log.warning("leaving the group failed: %s", error, extra=event("leaving-failed", reason=str(error)))
        self._health.forget(RECORDS_CLIENT)
        if self._kept is not None:
            _log.error("while leaving the group: %s", self._kept, extra=event("leaving-failed", reason=str(self._kept)))

    def _batches(self, messages: list[Message]) -> Sequence[RecordBatch]:
        if not messages:
            return ()
        if self._only_topic is not None:
            return (record_batch(self._only_topic, messages, self._numbers_from),)
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            by_topic.setdefault(message.topic() or "", []).append(message)
        return [record_batch(topic, of_topic, self._numbers_from) for topic, of_topic in by_topic.items()]

    def _move(self, place: TopicPartition, offset: int) -> None:
        try:
            self._consumer.seek(KafkaPartition(*place, offset))
        except KafkaException:  # not being read at this moment
            restart(self._consumer, place, offset)
            self._consumer.pause([KafkaPartition(*place)])

    def _after_rebalance(self, messages: list[Message]) -> list[Message]:
        self._moved = False
        if self._kept is not None:
            kept, self._kept = self._kept, None
            raise kept
        if self._held:
            self._consumer.pause([KafkaPartition(*place) for place in self._held])
        # what was fetched of a partition that left in the same moment is its new owner's
        return [message for message in messages if message.error() is not None or _place(message) in self._owned]

    def _without_events(self, messages: list[Message]) -> list[Message]:
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            else:
                self._on_event(error, message)
        return records

    def _on_event(self, error: KafkaError, message: Message) -> None:
        name, topic = error.name(), message.topic()
        if name == "_AUTO_OFFSET_RESET":
            self._resets.note(_place(message), message.offset())
        elif name in TOPIC_MISSING and topic in self._named:
            self._presence.suspect(topic)  # a broker that just came back may not know its topics for a moment
        elif name in DENIED:
            what = f"reading the topic {topic}" if topic else f"joining the group {self._group}"
            raise refused(error, what)
        elif error.fatal():
            raise refused(error, f"this member of the group {self._group} to go on")
        elif name == "_MAX_POLL_EXCEEDED":
            what, extra = "the group took the partitions away: %s; ", event("evicted", reason=error.str())
            _log.warning(what + "uncommitted records will be read again", error.str(), extra=extra)
        else:
            _log.debug("consumer event: %s (%s)", error.str(), name)

    def _on_assign(self, _consumer: Consumer, partitions: list[KafkaPartition]) -> None:
        self._owned |= _places(partitions)
        self._moved = self._joined = True
        _log.info("partitions assigned: %s", _named(partitions), extra=self._rebalanced("assigned", partitions))

    def _on_revoke(self, _consumer: Consumer, partitions: list[KafkaPartition]) -> None:
        self._leave(partitions, self._leaving.give_up)
        _log.info("partitions revoked: %s", _named(partitions), extra=self._rebalanced("revoked", partitions))

    def _on_lost(self, _consumer: Consumer, partitions: list[KafkaPartition]) -> None:
        self._leave(partitions, self._leaving.discard)
        what = "partitions lost: %s; uncommitted records will be read again"
        _log.warning(what, _named(partitions), extra=self._rebalanced("lost", partitions))

    def _rebalanced(self, how: str, partitions: list[KafkaPartition]) -> EventExtra:
        changed = [f"{place.topic}[{place.partition}]" for place in partitions]
        return event(f"partitions-{how}", partitions=changed, owned=len(self._owned), group=self._group)

    def _leave(self, partitions: list[KafkaPartition], how: Callable[[Collection[TopicPartition]], None]) -> None:
        places = _places(partitions)
        try:
            how(places)
        except BaseException as error:
            self._kept = self._kept or error
        self._owned -= places
        self._starts = {place: offset for place, offset in self._starts.items() if place not in places}
        self._held = {place: offset for place, offset in self._held.items() if place not in places}
        self._resets.forget(places)
        self._moved = True


def _place(message: Message) -> TopicPartition:
    return message.topic() or "", message.partition() or 0


def _places(partitions: list[KafkaPartition]) -> set[TopicPartition]:
    return {(place.topic, place.partition) for place in partitions}


def _named(partitions: list[KafkaPartition]) -> str:
    return ", ".join(f"{place.topic}[{place.partition}]" for place in partitions) or "none"
