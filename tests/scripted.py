"""The ports of the pipeline played from a script, in memory: what came in, what went out, in which order."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

from streamscore_cli.core.batch import DeadLetter, Headers, OutboundResults, RecordBatch, TopicPartition
from streamscore_cli.core.errors import TimedOut
from streamscore_cli.pipeline.ports import ModelMessage


class ScriptedModelsTopic:
    """A models topic in memory; `end` is where it ended when reading began."""

    def __init__(self, *values: bytes | None) -> None:
        self.messages = [ModelMessage(offset, 0, None, value) for offset, value in enumerate(values)]
        self.end = len(values)
        self.position = 0
        self.unreadable = False
        self.closed = False

    def append(self, value: bytes | None) -> None:
        self.messages.append(ModelMessage(len(self.messages), 0, None, value))

    def poll(self, timeout_s: float) -> Sequence[ModelMessage]:
        new = self.messages[self.position :]
        self.position = len(self.messages)
        return new

    def caught_up(self) -> bool:
        return self.position >= self.end

    def read(self, offset: int) -> ModelMessage | None:
        if self.unreadable:
            raise TimedOut("No broker answers.")
        return self.messages[offset] if offset < len(self.messages) else None

    def close(self) -> None:
        self.closed = True


class ScriptedSource:
    """Partitions of one topic in memory; `feed` appends, `poll` reads on from each position, held ones apart."""

    def __init__(self, topic: str = "in", partitions: int = 2) -> None:
        self.topic = topic
        self.logs: dict[int, list[tuple[bytes | None, bytes | None]]] = {number: [] for number in range(partitions)}
        self.positions = dict.fromkeys(self.logs, 0)
        self.on_hold: set[int] = set()
        self.events: deque[Exception] = deque()
        self.asked: list[int] = []
        self.closed = False
        self.headers: Sequence[Headers | None] | None = None

    def feed(self, partition: int, value: bytes | None, key: bytes | None = None) -> None:
        self.logs[partition].append((key, value))

    def poll(self, most: int = 1_000_000) -> Sequence[RecordBatch]:
        if self.events:
            raise self.events.popleft()
        rows = [
            (partition, offset, *self.logs[partition][offset])
            for partition in self.logs
            if partition not in self.on_hold
            for offset in range(self.positions[partition], len(self.logs[partition]))
        ][:most]
        self.asked.append(most)
        for partition, offset, _, _ in rows:
            self.positions[partition] = offset + 1
        if not rows:
            return []
        partitions, offsets, keys, values = (list(column) for column in zip(*rows, strict=True))
        return [RecordBatch(self.topic, values, keys, partitions, offsets, [1] * len(rows), self.headers)]

    def hold(self, positions: Mapping[TopicPartition, int]) -> None:
        for (_, partition), offset in positions.items():
            self.positions[partition] = offset
            self.on_hold.add(partition)

    def release(self) -> None:
        self.on_hold.clear()

    def held(self) -> Collection[TopicPartition]:
        return [(self.topic, partition) for partition in self.on_hold]

    def assignment(self) -> Collection[TopicPartition]:
        return [(self.topic, partition) for partition in self.logs]

    def joined(self) -> bool:
        return True

    @property
    def gaps(self) -> int:
        return 0

    def lag(self) -> Mapping[TopicPartition, int]:
        return {(self.topic, number): len(log) - self.positions[number] for number, log in self.logs.items()}

    def close(self) -> None:
        self.closed = True


class ScriptedCheckpoint:
    """Keeps what was produced and, at each close, what was committed; `refuse` makes the next close fail."""

    def __init__(self) -> None:
        self.produced: list[OutboundResults] = []
        self.letters: list[DeadLetter] = []
        self.pending: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}
        self.closes = 0
        self.hurried = 0
        self.refuse: Exception | None = None
        self.waited_s = 0.0

    def results(self, results: OutboundResults) -> None:
        self.produced.append(results)

    def dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        self.letters.extend(letters)

    def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        self.pending.update(positions)

    def send_now(self) -> None:
        self.hurried += 1

    def close_if_due(self) -> bool:
        self.close()
        return True

    def close(self) -> None:
        if self.refuse:
            raise self.refuse
        self.closes += 1
        self.committed.update(self.pending)
        self.pending = {}

    @property
    def values(self) -> list[bytes]:
        return [value for results in self.produced for value in results.values]
