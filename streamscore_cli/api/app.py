"""The read-only HTTP application over an `InstanceView`; it measures nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from streamscore_cli.api.guards import BearerToken, RequestLimits, wants_page
from streamscore_cli.api.live import LiveFeed
from streamscore_cli.api.page import live_page
from streamscore_cli.api.responses import PAGE_HEADERS, SECURITY_HEADERS, json_response, problem
from streamscore_cli.api.values import STORE, instances_json, known_data_types, readiness_json, stats_json
from streamscore_cli.state.snapshots import InstanceView

if TYPE_CHECKING:
    from streamscore_cli.api.metrics import Metrics

PATHS = {
    "/stats": "the model in service and all of this instance; ?data_type= picks the model",
    "/state/instances": "the instances and the stores they hold",
    "/state/instances/{storeName}": f"the instances that hold a store; the store is {STORE}",
    "/state/{storeName}/value": "the state of a store on this instance: as /stats",
    "/healthz": "200 while this process answers",
    "/readyz": "200 when this instance can score, else 503 and what is missing",
    "/metrics": "Prometheus metrics of this instance",
    "/": "the live page in a browser, this list otherwise",
    "/live": "what the live page shows, once a second, as server-sent events",
}

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(view: InstanceView, token: str = "", live: LiveFeed | None = None) -> Starlette:
    """Return the application that answers from `view`; `token`, if any, is asked for all but the health checks.

    Who makes the server closes `live` when it ends, so that nobody's stream holds it up.
    """
    app = Starlette(
        routes=_routes(_Endpoints(view, live or LiveFeed(view))),
        middleware=[
            Middleware(RequestLimits),
            Middleware(BearerToken, token=token),
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )
    app.router.redirect_slashes = False
    return app


def _routes(endpoints: _Endpoints) -> list[Route]:
    table: dict[str, Endpoint] = {
        "/": endpoints.index,
        "/stats": endpoints.stats,
        "/state/instances": endpoints.instances,
        "/state/instances/{store}": endpoints.instances_of,
        "/state/{store}/value": endpoints.value,
        "/healthz": endpoints.healthz,
        "/readyz": endpoints.readyz,
        "/metrics": endpoints.metrics,
        "/live": endpoints.live,
    }
    return [Route(path, endpoint, methods=["GET"]) for path, endpoint in table.items()]


class _Endpoints:
    """One method a path; each reads the view once and answers."""

    def __init__(self, view: InstanceView, live: LiveFeed) -> None:
        self._view = view
        self._live = live
        self._metrics: Metrics | None = None

    async def index(self, request: Request) -> Response:
        if wants_page(request.scope):
            page = live_page()
            return Response(page.html, headers=PAGE_HEADERS | {"content-security-policy": page.policy})
        return json_response({"name": self._view.identity.name, "paths": PATHS})

    async def stats(self, request: Request) -> Response:
        return self._stats(request.query_params.get("data_type", ""))

    async def instances(self, _: Request) -> Response:
        return json_response(instances_json(self._view))

    async def instances_of(self, request: Request) -> Response:
        return _unknown_store(request) or json_response(instances_json(self._view))

    async def value(self, request: Request) -> Response:
        return _unknown_store(request) or self._stats(request.query_params.get("data_type", ""))

    async def healthz(self, _: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        readiness = self._view.readiness()
        return json_response(readiness_json(readiness), status=200 if readiness.ready else 503)

    async def live(self, _: Request) -> Response:
        if self._live.full:
            return problem(503, "too many look at this page already", "Try again later.", {"retry-after": "10"})
        headers = SECURITY_HEADERS | {"content-type": "text/event-stream", "x-accel-buffering": "no"}
        return StreamingResponse(self._live.events(), headers=headers)

    async def metrics(self, request: Request) -> Response:
        if self._metrics is None:
            from streamscore_cli.api.metrics import Metrics

            self._metrics = Metrics(self._view)
        text, media_type = self._metrics.render(request.headers.get("accept", ""))
        return Response(text, headers=SECURITY_HEADERS | {"content-type": media_type})

    def _stats(self, data_type: str) -> Response:
        stats = stats_json(self._view, data_type)
        if stats is not None:
            return json_response(stats)
        known = ", ".join(known_data_types(self._view.models())) or "none yet"
        return problem(404, f"unknown data type '{data_type}'", f"Known data types: {known}.")


def _unknown_store(request: Request) -> Response | None:
    store = request.path_params["store"]
    return None if store == STORE else problem(404, f"unknown store '{store}'", f"The store is {STORE}.")


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    hints = {404: f"Paths: {', '.join(PATHS)}.", 405: "This API is read-only: use GET."}
    message = f"{request.method} {request.url.path}: {error.detail}"
    return problem(error.status_code, message, hints.get(error.status_code, ""), error.headers)


async def _failed(_: Request, error: Exception) -> Response:
    return problem(500, f"this is a fault of streamscore: {type(error).__name__}", "The server's log shows where.")
