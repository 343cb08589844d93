"""What one run of a publisher works with; it sends nothing by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from streamscore_cli.core.clock import Clock
from streamscore_cli.publishing.pacing import Stop
from streamscore_cli.publishing.ports import Outbox


@dataclass(frozen=True, slots=True)
class Session:
    """The outbox, the time, the request to stop, and who wants to know that messages were handed over."""

    outbox: Outbox
    clock: Clock
    stop: Stop
    progress: Callable[[int], None] = lambda _count: None
    began_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Note when it began, on the monotonic clock."""
        object.__setattr__(self, "began_s", self.clock.monotonic_s())
