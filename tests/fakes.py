"""Small real things that stand in for the outside in tests: a clock that is told the time, an outbox that remembers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FakeClock:
    """A clock that moves only when it is told to."""

    now_s: float = 1_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def perf_ns(self) -> int:
        return round(self.now_s * 1e9)

    def epoch_ms(self) -> int:
        return round(self.now_s * 1e3)

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass
class FakeStop:
    """A request to stop that comes when the clock reaches `at_s`; waiting moves the clock."""

    clock: FakeClock
    at_s: float = float("inf")
    waits: list[float] = field(default_factory=list)

    @property
    def requested(self) -> bool:
        return self.clock.now_s >= self.at_s

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.now_s = max(self.clock.now_s, min(self.clock.now_s + seconds, self.at_s))


@dataclass(frozen=True)
class SentMessage:
    """One message that a `RecordingOutbox` took, and when."""

    at_s: float
    topic: str
    key: bytes | None
    value: bytes


@dataclass
class RecordingOutbox:
    """An outbox that keeps what it is given and acknowledges all of it at the flush, but `refuse` of them."""

    clock: FakeClock = field(default_factory=FakeClock)
    refuse: int = 0
    cost_s: float = 0.0
    messages: list[SentMessage] = field(default_factory=list)
    acknowledged: int = 0
    failed: int = 0
    last_error: str = ""

    @property
    def sent(self) -> int:
        return len(self.messages)

    def send(self, topic: str, key: bytes | None, value: bytes) -> None:
        self.messages.append(SentMessage(self.clock.now_s, topic, key, value))
        self.clock.advance(self.cost_s)

    def flush(self, timeout_s: float) -> bool:
        del timeout_s
        self.failed = min(self.refuse, self.sent)
        self.acknowledged = self.sent - self.failed
        self.last_error = "the broker said no" if self.failed else ""
        return True

    def to(self, topic: str) -> list[SentMessage]:
        """Return the messages that went to `topic`."""
        return [message for message in self.messages if message.topic == topic]
