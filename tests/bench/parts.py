"""Parts of a run for tests: a clock, an outbox that takes time, a server in memory that drops and doubles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from streamscore_cli.core.batch import RecordBatch
from tests.fakes import FakeClock


@dataclass
class MemoryServer:
    """Takes records, and answers them at the next poll: not every `drops`-th, twice every `doubles`-th."""

    clock: FakeClock = field(default_factory=FakeClock)
    cost_s: float = 0.0
    drops: int = 0
    doubles: int = 0
    taken: list[tuple[float, bytes, bytes]] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)
    failed: int = 0
    unanswered: int = 0

    @property
    def sent(self) -> int:
        return len(self.taken)

    @property
    def acknowledged(self) -> int:
        return self.sent - self.failed - self.unanswered

    def send_many(self, topic: str, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        del topic
        for key, value in zip(keys, values, strict=True):
            self.taken.append((self.clock.now_s, key, value))
            number = self.sent
            if not (self.drops and number % self.drops == 0):
                self.waiting += [key] * (2 if self.doubles and number % self.doubles == 0 else 1)
        self.clock.advance(self.cost_s)

    def flush(self, timeout_s: float) -> bool:
        del timeout_s
        return not self.unanswered


@dataclass(frozen=True)
class MemoryAnswers:
    """What a `MemoryServer` answered."""

    at_ns: int
    keys: Sequence[bytes | None]
    letters: RecordBatch | None = None
