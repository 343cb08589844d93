"""One state a second for everybody who looks at the live page, as server-sent events; it knows no HTML.

Runs in the HTTP thread's event loop. A state is made once for all viewers, and none is made while nobody looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from streamscore_cli.api.figures import Json
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

    def __init__(self, view: InstanceView, interval_s: float = INTERVAL_S, most_viewers: int = MOST_VIEWERS) -> None:
        """Read from `view` every `interval_s` while there are viewers, who are `most_viewers` at the most."""
        self._view = view
        self._interval_s = interval_s
        self._most_viewers = most_viewers
        self._viewers: set[_Viewer] = set()
        self._publisher: asyncio.Task[None] | None = None
        self._whole = b""
        self._sent_ms = 0
        self._over = False

    @property
    def full(self) -> bool:
        """Tell whether one more viewer would be too many."""
        return len(self._viewers) >= self._most_viewers or self._over

    def close(self) -> None:
        """End all streams within a moment."""
        self._over = True

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield the whole state, with its history, and then one state after the other until the end; none when full."""
        if self.full:
            return
        viewer: _Viewer = asyncio.Queue(_UNREAD)
        self._viewers.add(viewer)
        try:
            if self._publisher is None or self._publisher.done():
                self._begin()
            yield self._whole_state()
            while (state := await viewer.get()) is not None:
                yield state
        finally:
            self._viewers.discard(viewer)

    def _begin(self) -> None:
        state = live_json(self._view)
        self._whole = _event(state)
        self._sent_ms = _newest_ms(state, 0)
        self._publisher = asyncio.create_task(self._publish())

    def _whole_state(self) -> bytes:
        """Return what a viewer begins with; it is made anew only after a state went out, however many come at once."""
        self._whole = self._whole or _event(live_json(self._view))
        return self._whole

    async def _publish(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._interval_s
        try:
            while self._viewers and not self._over:
                await asyncio.sleep(_LOOK_S)
                if self._viewers and loop.time() >= due_s:
                    due_s = max(due_s + self._interval_s, loop.time())
                    self._publish_state()
        finally:
            for viewer in tuple(self._viewers):
                self._send_away(viewer)

    def _publish_state(self) -> None:
        state = live_json(self._view, after_ms=self._sent_ms)
        self._sent_ms = _newest_ms(state, self._sent_ms)
        self._whole = b""
        event = _event(state)
        for viewer in tuple(self._viewers):
            if viewer.full():
                self._send_away(viewer)
            else:
                viewer.put_nowait(event)

    def _send_away(self, viewer: _Viewer) -> None:
        """End a viewer's stream: it is over when he takes the state in hand; what waits behind that is forgotten."""
        self._viewers.discard(viewer)
        while not viewer.empty():
            viewer.get_nowait()
        viewer.put_nowait(None)


def _newest_ms(state: Json, otherwise_ms: int) -> int:
    newest: int = state["history"][-1]["at_ms"] if state["history"] else otherwise_ms
    return newest


def _event(state: Json) -> bytes:
    return b"data: " + to_bytes(state) + b"\n"
