"""The scoring thread: records to results, from consume to commit; which model answers is decided elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from streamscore_cli.core.batch import DeadLetter, RecordBatch, TopicPartition
from streamscore_cli.core.choices import NoModel
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import RecordRefused
from streamscore_cli.core.failures import Failure
from streamscore_cli.core.log_events import event
from streamscore_cli.pipeline.batch_size import BatchSize
from streamscore_cli.pipeline.no_tracing import NO_TRACING
from streamscore_cli.pipeline.policy import Policy, dispose
from streamscore_cli.pipeline.ports import BatchTrace, Checkpoint, Observer, RecordSource, Tracer
from streamscore_cli.pipeline.route import Routed, Standing, TopicRecords, next_offsets, route
from streamscore_cli.pipeline.score import Scorer
from streamscore_cli.records.dead_letters import dead_letter
from streamscore_cli.serving.manager import Manager
from streamscore_cli.state.recorder import Recorder
from streamscore_cli.state.snapshots import BatchObservation

log = logging.getLogger("streamscore.scoring")

REMIND_S = 30.0
"""How often the log says which partitions wait for a model."""

SAMPLES = 16
"""How many values of a batch are looked at for their length."""

COMPANY = 64
"""As many results at once are company enough to wait a moment for more; with fewer there is no backlog."""

REPORT_S = 0.5
"""How often partitions, lag and what waits are brought up to date in the statistics."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """What the loop is told: how each data topic's records look, the policies, the instance's name, who looks on."""

    topics: Mapping[str, TopicRecords]
    policy: Policy
    instance: str
    batch_records: int = 4000
    observers: tuple[Observer, ...] = ()
    tracer: Tracer = NO_TRACING


class RecordsLoop:
    """One step: poll, decode, route, score, encode, produce, checkpoint, record; run by the scoring thread only."""

    def __init__(
        self,
        source: RecordSource,
        checkpoint: Checkpoint,
        scorer: Scorer,
        recorder: Recorder,
        settings: LoopSettings,
        clock: Clock,
    ) -> None:
        """Take the two ends, what scores, what remembers, and the time."""
        self._source = source
        self._checkpoint = checkpoint
        self._scorer = scorer
        self._recorder = recorder
        self._settings = settings
        self._tracer = settings.tracer
        self._clock = clock
        self._waits_for: dict[TopicPartition, str] = {}
        self._generation = -1
        self._size = BatchSize(settings.batch_records)
        self._remind_at_s = clock.monotonic_s() + REMIND_S
        self._report_at_s = 0.0

    @property
    def _manager(self) -> Manager:
        return self._scorer.manager

    def run(self, stopping: Callable[[], bool]) -> None:
        """Step until told to stop, then finish: close the checkpoint and leave the group.

        After a failure only what was complete before is committed, and after a failed delivery nothing.
        """
        try:
            while not stopping():
                self.step()
            self._checkpoint.close()
        except RecordRefused:
            self._checkpoint.close()
            raise
        finally:
            self._source.close()

    def step(self) -> None:
        """Do one poll's worth of work; without records, what falls due."""
        self._release_when_models_came()
        self._tracer.polling()
        batches = self._source.poll(self._size.records)
        begun_s, waited_s = self._clock.monotonic_s(), self._checkpoint.waited_s
        for batch in batches:
            with self._tracer.batch(batch) as trace:
                self._process(batch, trace)
        records = sum(map(len, batches))
        if records < min(self._size.records, COMPANY):
            self._checkpoint.send_now()
        spent_s = self._clock.monotonic_s() - begun_s - (self._checkpoint.waited_s - waited_s)
        self._size.took(records, spent_s, _record_bytes(batches))
        self._tracer.committing()
        if self._checkpoint.close_if_due():
            self._tracer.committed()
        self._report()

    def _process(self, batch: RecordBatch, trace: BatchTrace) -> None:
        records = self._settings.topics.get(batch.topic) or self._settings.topics[""]
        decoded = records.codec.decode(batch.values)
        trace.ended("decode")
        routed = route(batch, decoded, records, self._standing)
        trace.ended("route")
        scored = self._scorer.score(batch, routed.groups, records)
        trace.ended("score")
        failures = sorted((*routed.failures, *scored.failures), key=attrgetter("row"))
        disposed = dispose(batch, failures, self._settings.policy)
        letters = self._letters(batch, disposed.letters, routed)
        if len(scored.results.values):
            self._checkpoint.results(scored.results)
            for observer in self._settings.observers:
                observer.scored(scored.answers)
        if letters:
            self._checkpoint.dead_letters(letters)
        trace.ended("produce")
        self._checkpoint.advance(next_offsets(batch, routed.holds))
        if routed.holds:
            self._hold(routed.holds, routed.waits_for)
        observation = BatchObservation(
            records=len(scored.results.values) + len(letters) + sum(disposed.dropped.values()),
            produced_ms=self._clock.epoch_ms(),
            slots=scored.uses,
            dead_letters=disposed.letters_by_cause(),
            dropped=disposed.dropped,
        )
        self._recorder.record(observation)
        trace.outcome(observation, records.results_topic)

    def _letters(self, batch: RecordBatch, failures: Sequence[Failure], routed: Routed) -> list[DeadLetter]:
        if not failures:
            return []
        named = routed.data_types()
        instance = self._settings.instance
        return [dead_letter(batch, failure, instance, named.get(failure.row, "")) for failure in failures]

    def _standing(self, data_type: str) -> Standing:
        if self._manager.serves(data_type):
            return Standing.SERVED
        if data_type not in self._manager.declared:
            return Standing.UNKNOWN
        return Standing.WAITING if self._settings.policy.no_model is NoModel.WAIT else Standing.NO_MODEL

    def _hold(self, holds: Mapping[TopicPartition, int], waits_for: Mapping[TopicPartition, str]) -> None:
        self._source.hold(holds)
        for place, data_type in waits_for.items():
            topic, partition = place
            extra = event("records-wait", topic=topic, partition=partition, offset=holds[place], data_type=data_type)
            log.warning("%s[%d] waits at %d: no model for %r yet", *place, holds[place], data_type, extra=extra)
        self._waits_for.update(waits_for)

    def _release_when_models_came(self) -> None:
        generation = self._manager.generation
        if generation == self._generation:
            return
        self._generation = generation
        self._size.begin_anew()
        if self._waits_for and any(self._manager.serves(data_type) for data_type in self._waits_for.values()):
            extra = event("records-go-on", partitions=len(self._waits_for))
            log.info("a model came: %d partitions that waited are read again", len(self._waits_for), extra=extra)
            self._waits_for = {}
            self._source.release()

    def _report(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._report_at_s:
            self._report_at_s = now_s + REPORT_S
            held = set(self._source.held())
            self._waits_for = {place: name for place, name in self._waits_for.items() if place in held}
            self._recorder.partitions(self._source.assignment(), joined=self._source.joined())
            self._recorder.waiting(self._waits_for)
            self._recorder.lag(self._source.lag(), gaps=self._source.gaps)
        self._recorder.tick()
        if now_s >= self._remind_at_s:
            self._remind_at_s = now_s + REMIND_S
            for (topic, partition), data_type in self._waits_for.items():
                extra = event("records-still-wait", topic=topic, partition=partition, data_type=data_type)
                log.warning("%s[%d] still waits: no model for data type %r", topic, partition, data_type, extra=extra)


def _record_bytes(batches: Sequence[RecordBatch]) -> float:
    """Return about how long a value is, from a few of each batch."""
    lengths = [len(value or b"") for batch in batches for value in batch.values[:: len(batch) // SAMPLES + 1]]
    return sum(lengths) / max(len(lengths), 1)
