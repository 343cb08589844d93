"""One state a second for everybody who looks at the live page, as server-sent events; it knows no HTML.

Runs in the HTTP thread's event loop. A state is made once for all viewers, and none is made while nobody looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from streamscore_cli.api.live_values import live_json
from streamscore_cli.api.responses import to_bytes
from streamscore_cli.state.snapshots import InstanceView

INTERVAL_S = 1.0
MOST_VIEWERS = 256
_LOOK_S = 0.1
_UNREAD = 5
"""States that wait for a viewer who does not take them; after that he is sent away, and comes back when he can."""

_Viewer = asyncio.Queue[bytes | None]


class LiveFeed:
    """The states of one instance for all viewers; `close` may be called by any thread, the rest by the loop's."""

    def __init__(self, view: InstanceView, interval_s: float = INTERVAL_S) -> None:
        """Read from `view` every `interval_s` while there are viewers."""
        self._view = view
        self._interval_s = interval_s
        self._viewers: dict[_Viewer, asyncio.Task[object] | None] = {}
        self._publisher: asyncio.Task[None] | None = None
        self._over = False

    @property
    def full(self) -> bool:
        """Tell whether one more viewer would be too many."""
        return len(self._viewers) >= MOST_VIEWERS or self._over

    def close(self) -> None:
        """End all streams within a moment."""
        self._over = True

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the whole state, with its history, and then one state after the other until the end."""
        queue: _Viewer = asyncio.Queue(_UNREAD)
        self._viewers[queue] = asyncio.current_task()
        if self._publisher is None or self._publisher.done():
            self._publisher = asyncio.create_task(self._publish())
        try:
            yield _event(live_json(self._view, whole=True))
            while (state := await queue.get()) is not None:
                yield state
        finally:
            self._viewers.pop(queue, None)

    async def _publish(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._interval_s
        while self._viewers and not self._over:
            await asyncio.sleep(_LOOK_S)
            if loop.time() >= due_s:
                due_s = loop.time() + self._interval_s
                state = _event(live_json(self._view, whole=False))
                for viewer in tuple(self._viewers):
                    self._give(viewer, state)
        for viewer in tuple(self._viewers):
            self._give(viewer, None)

    def _give(self, viewer: _Viewer, state: bytes | None) -> None:
        try:
            viewer.put_nowait(state)
        except asyncio.QueueFull:
            task = self._viewers.pop(viewer)
            if task is not None:
                task.cancel()


def _event(state: object) -> bytes:
    return b"data: " + to_bytes(state) + b"\n"
