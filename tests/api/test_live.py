"""The feed of the live page: one state for everybody, and what becomes of viewers; in an event loop and over HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from streamscore_cli.api.app import make_app
from streamscore_cli.api.live import LiveFeed
from streamscore_cli.api.protocol import ConnectionLimits
from streamscore_cli.api.server import HttpServer
from streamscore_cli.state.snapshots import ModelsSnapshot, Sample, ScoringSnapshot
from tests.api.conftest import Running, read_all
from tests.integration.servers import wait_until
from tests.views import FakeView, busy_view

PATIENT = ConnectionLimits(stalled_s=60.0, closing_s=0.3)
IMPATIENT = ConnectionLimits(stalled_s=0.3)
GET = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"


class CountingView(FakeView):
    """A view that knows how often it was asked, and has one sample more each time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def scoring(self) -> ScoringSnapshot:
        self.asked += 1
        self.now_history = (*self.now_history, Sample(self.asked * 1000, 1, 1, 0, 2, 3, 4, 5, 6))
        return self.now_scoring


async def next_of(viewers: Sequence[AsyncIterator[bytes]]) -> list[bytes]:
    return [await asyncio.wait_for(anext(viewer), 10) for viewer in viewers]


async def is_over(viewer: AsyncIterator[bytes]) -> bool:
    return await asyncio.wait_for(anext(viewer, None), 10) is None


def state_of(event: bytes) -> Any:
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    return json.loads(event[6:])


def samples_of(events: Sequence[bytes]) -> list[int]:
    return [sample["at_ms"] for event in events for sample in state_of(event)["history"]]


class TestFeed:
    def test_a_state_is_made_once_for_all_viewers(self) -> None:
        async def look() -> None:
            view = CountingView()
            feed = LiveFeed(view, interval_s=0)
            viewers = [feed.events() for _ in range(50)]
            first = await asyncio.gather(*(anext(viewer) for viewer in viewers))
            assert (view.asked, len({id(event) for event in first})) == (1, 1)
            for _ in range(3):
                assert len({id(event) for event in await next_of(viewers)}) == 1

        asyncio.run(look())

    def test_nobody_misses_a_sample_and_nobody_is_sent_the_history_twice(self) -> None:
        async def look() -> None:
            feed = LiveFeed(CountingView(), interval_s=0)
            early, late = feed.events(), feed.events()
            states_of_early = await next_of([early, early])
            states_of_late = await next_of([late, late, late])
            states_of_early += await next_of([early, early])
            seen = samples_of(states_of_early)
            assert seen == list(range(1000, 1000 * len(seen) + 1, 1000))
            seen = sorted(set(samples_of(states_of_late)))
            assert seen == list(range(1000, 1000 * len(seen) + 1, 1000))
            for states in (states_of_early, states_of_late):
                assert [state_of(event)["whole"] for event in states] == [True, *[False] * (len(states) - 1)]

        asyncio.run(look())

    def test_nothing_is_made_while_nobody_looks(self) -> None:
        async def look() -> None:
            view = CountingView()
            feed = LiveFeed(view, interval_s=0)
            await self._look_and_go(feed)
            made = view.asked
            async with asyncio.timeout(10):
                while asyncio.all_tasks() != {asyncio.current_task()}:
                    await asyncio.sleep(0.01)
            assert view.asked == made
            await self._look_and_go(feed)
            assert view.asked > made

        asyncio.run(look())

    @staticmethod
    async def _look_and_go(feed: LiveFeed) -> None:
        async with aclosing(feed.events()) as viewer:
            await next_of([viewer, viewer])

    def test_a_viewer_who_takes_nothing_is_sent_away_and_keeps_nobody_waiting(self) -> None:
        async def look() -> None:
            feed = LiveFeed(CountingView(), interval_s=0, most_viewers=2)
            slow, fast = feed.events(), feed.events()
            await next_of([slow, fast])
            await next_of([fast] * 3)
            before = feed.full
            await next_of([fast] * 5)
            assert (before, feed.full) == (True, False)
            assert await is_over(slow)
            await next_of([fast])

        asyncio.run(look())

    def test_one_viewer_too_many_gets_nothing(self) -> None:
        async def look() -> None:
            feed = LiveFeed(CountingView(), interval_s=0, most_viewers=2)
            viewers = [feed.events() for _ in range(3)]
            await next_of(viewers[:2])
            assert await is_over(viewers[2])
            await next_of(viewers[:2])

        asyncio.run(look())

    def test_the_end_ends_all_streams_and_nobody_comes_after(self) -> None:
        async def look() -> None:
            feed = LiveFeed(CountingView(), interval_s=3600)
            viewers = [feed.events() for _ in range(3)]
            await next_of(viewers)
            threading.Thread(target=feed.close).start()
            assert [await is_over(viewer) for viewer in viewers] == [True] * 3
            assert await is_over(feed.events())

        asyncio.run(look())

    def test_a_view_that_fails_ends_the_streams_for_the_viewers_to_come_back(self) -> None:
        class Broken(CountingView):
            def scoring(self) -> ScoringSnapshot:
                if self.asked == 2:
                    raise RuntimeError
                return super().scoring()

        async def look() -> None:
            said: list[str] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
            view = Broken()
            feed = LiveFeed(view, interval_s=0)
            viewer = feed.events()
            await next_of([viewer, viewer])
            assert await is_over(viewer)
            view.asked = 3
            again = feed.events()
            await next_of([again, again])
            assert said == ["Task exception was never retrieved"]

        asyncio.run(look())


@contextmanager
def serving(
    view: FakeView, token: str = "", limits: ConnectionLimits = PATIENT, most_viewers: int = 256
) -> Iterator[Running]:
    """Run a server with a feed as `serve` does: the streams are ended first, then the server."""
    feed = LiveFeed(view, most_viewers=most_viewers)
    server = HttpServer(make_app(view, token, feed), "127.0.0.1", [0], limits)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Running(server, server.ports[0])
    finally:
        feed.close()
        server.stop()
        thread.join(20)
    assert not thread.is_alive()


@contextmanager
def looking(server: Running, headers: dict[str, str] | None = None) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", "/live", headers=headers or {})
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def read_state(response: HTTPResponse) -> Any:
    event = response.readline() + response.readline()
    return state_of(event)


class TestStream:
    def test_it_begins_with_all_and_goes_on_with_what_is_new(self) -> None:
        with serving(busy_view()) as server, looking(server) as stream:
            assert (stream.status, stream.getheader("content-type")) == (200, "text/event-stream")
            assert (stream.getheader("cache-control"), stream.getheader("x-content-type-options")) == (
                "no-store",
                "nosniff",
            )
            first, second = read_state(stream), read_state(stream)
        assert (first["whole"], len(first["history"])) == (True, 9)
        assert (second["whole"], second["history"]) == (False, [])
        assert second["instances"] == first["instances"]

    def test_beyond_the_bound_it_is_503_until_somebody_goes(self, view: FakeView) -> None:
        with serving(view, most_viewers=2) as server, looking(server) as one:
            read_state(one)
            with looking(server) as two:
                read_state(two)
                refused = server.request("/live")
                assert (refused.status, refused.headers["retry-after"]) == (503, "10")
                assert server.request("/healthz").status == 200
            wait_until(lambda: self._status(server) == 200, "room for one more", 10)

    @staticmethod
    def _status(server: Running) -> int:
        with looking(server) as stream:
            return stream.status

    def test_streams_do_not_hold_up_the_end(self, view: FakeView, caplog: pytest.LogCaptureFixture) -> None:
        with ExitStack() as opened:
            with serving(view) as server:
                streams = [opened.enter_context(looking(server)) for _ in range(20)]
                for stream in streams:
                    read_state(stream)
            rests = [stream.read() for stream in streams]
        assert all(rest == b"" or rest.endswith(b"\n\n") for rest in rests)
        assert caplog.text == ""

    def test_a_viewer_who_stopped_reading_does_not_hold_up_the_end(self, caplog: pytest.LogCaptureFixture) -> None:
        with serving(self._large()) as server, self._stuck(server) as stuck:
            assert stuck.recv(1) == b"H"
        assert caplog.text == ""

    def test_a_viewer_who_stopped_reading_is_cut_off_and_makes_room(self, caplog: pytest.LogCaptureFixture) -> None:
        with serving(self._large(), limits=IMPATIENT, most_viewers=1) as server, self._stuck(server) as stuck:
            assert stuck.recv(1) == b"H"
            wait_until(lambda: self._status(server) == 200, "the stuck viewer to be gone", 10)
            assert len(read_all(stuck)) < 20_000_000
        assert caplog.text == ""

    @staticmethod
    def _large() -> FakeView:
        """Return a view whose state is more than the buffers of a connection hold."""
        view = FakeView()
        view.now_models = ModelsSnapshot(loading="x" * 20_000_000)
        return view

    @staticmethod
    def _stuck(server: Running) -> socket.socket:
        stuck = server.connect()
        stuck.sendall(GET)
        return stuck


TOKEN = "-".join(("s3cret", "42"))


class TestToken:
    def test_the_stream_asks_for_it(self, view: FakeView) -> None:
        with serving(view, TOKEN) as server:
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                assert server.request("/live", headers=headers).status == 401
            assert server.request(f"/live?token={TOKEN}").status == 401
            with looking(server, {"Authorization": f"Bearer {TOKEN}"}) as stream:
                assert stream.status == 200
                read_state(stream)

    def test_the_page_itself_is_open_and_tells_nothing_and_its_json_index_is_not(self, view: FakeView) -> None:
        with serving(view, TOKEN) as server:
            page = server.request("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
            assert page.status == 200
            assert view.identity.name not in page.body
            assert TOKEN not in page.body
            assert server.request("/", headers={"Accept": "application/json"}).status == 401
            assert server.request("/stats", headers={"Accept": "text/html"}).status == 401
