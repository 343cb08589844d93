"""What is sent to Grafana held against its published API description: there is no Grafana in the tests.

The description is Grafana's OpenAPI document as its generated Go client has it (github.com/grafana/
grafana-openapi-client-go, Apache-2.0, at 6029e6c of July 2026: `models/*_command.go`, `client/*/*_responses.go`);
412 for folders is from the page "Folder HTTP API" of Grafana's documentation, 404 for data sources by name from its
handlers. What is needed of it is written down here by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from streamscore_cli.config.settings import GrafanaSettings, InfluxSettings, Settings
from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.provision.grafana import GrafanaProvisioner
from tests.provision.grafana import TOKEN, Grafana
from tests.servers.hostile import Answer, Reply, Request

MOST_UID = 40
UID = re.compile(r"[A-Za-z0-9_-]+")

ADD_SOURCE: dict[str, type] = {
    "access": str,
    "basicAuth": bool,
    "basicAuthUser": str,
    "database": str,
    "isDefault": bool,
    "jsonData": dict,
    "name": str,
    "secureJsonData": dict,
    "type": str,
    "uid": str,
    "url": str,
    "user": str,
    "withCredentials": bool,
}
CREATE_FOLDER: dict[str, type] = {"description": str, "parentUid": str, "title": str, "uid": str}
UPDATE_FOLDER: dict[str, type] = {"description": str, "overwrite": bool, "title": str, "version": int}
SAVE_DASHBOARD: dict[str, type] = {
    "UpdatedAt": str,
    "dashboard": dict,
    "folderId": int,
    "folderUid": str,
    "isFolder": bool,
    "message": str,
    "overwrite": bool,
    "userId": int,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the description: the fields that its body may have, and the statuses of its answers."""

    method: str
    path: str
    body: dict[str, type] | None
    statuses: tuple[int, ...]


OPERATIONS = (
    Operation("GET", "/health", None, (200, 503)),
    Operation("GET", "/datasources/uid/{uid}", None, (200, 400, 401, 403, 404, 500)),
    Operation("GET", "/datasources/name/{name}", None, (200, 401, 403, 404, 500)),
    Operation("POST", "/datasources", ADD_SOURCE, (200, 401, 403, 409, 500)),
    Operation("PUT", "/datasources/uid/{uid}", {**ADD_SOURCE, "version": int}, (200, 401, 403, 409, 500)),
    Operation("GET", "/folders", None, (200, 401, 403, 500)),
    Operation("GET", "/folders/{folder_uid}", None, (200, 401, 403, 404, 500)),
    Operation("POST", "/folders", CREATE_FOLDER, (200, 400, 401, 403, 409, 500)),
    Operation("PUT", "/folders/{folder_uid}", UPDATE_FOLDER, (200, 400, 401, 403, 404, 409, 412, 500)),
    Operation("GET", "/dashboards/uid/{uid}", None, (200, 401, 403, 404, 406, 500)),
    Operation("POST", "/dashboards/db", SAVE_DASHBOARD, (200, 400, 401, 403, 404, 412, 422, 500)),
)


class Recording(Grafana):
    """The stand-in, which keeps each request with its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[Request, Answer]] = []

    def reply_to(self, request: Request) -> Reply:
        reply = super().reply_to(request)
        assert isinstance(reply, Answer)
        self.exchanges.append((request, reply))
        return reply


def settings_of(server: Grafana) -> Settings:
    return Settings(
        grafana=GrafanaSettings(
            host="127.0.0.1", port=server.port, token=TOKEN, prometheus_url="http://p", folder="Models"
        ),
        influxdb=InfluxSettings(host="influx", user="writer", password=TOKEN[::-1]),
    )


def provision(server: Grafana) -> None:
    provisioner = GrafanaProvisioner(settings_of(server), renew_secrets=True)
    provisioner.apply(provisioner.plan())


def refused(server: Grafana) -> None:
    with pytest.raises(ServiceRefused):
        provision(server)


def found_changed(server: Grafana) -> None:
    provision(server)
    server.sources["streamscore-prometheus"]["url"] = "http://old"
    server.folders["streamscore"]["title"] = "old"
    for board in server.dashboards.values():
        board["dashboard"]["title"] = "old"
    provision(server)


def conflicting(server: Grafana) -> None:
    found_changed(server)
    server.sources["x"] = {"uid": "x", "name": "streamscore-influxdb"}
    stranger = server.dashboards.pop("streamscore-serving")
    server.dashboards["x"] = stranger
    server.folders.pop("streamscore")
    refused(server)


def without_rights(server: Grafana) -> None:
    server.before = lambda _request: None
    with pytest.raises(ServiceRefused):
        GrafanaProvisioner(Settings(grafana=GrafanaSettings(host="127.0.0.1", port=server.port))).plan()


@pytest.mark.parametrize("story", [provision, found_changed, conflicting, without_rights])
def test_every_request_and_every_answer_of_the_stand_in_is_in_the_description(story: Callable[[Grafana], None]) -> None:
    with Recording() as server:
        story(server)
        assert server.exchanges
        for request, answer in server.exchanges:
            operation = described(request)
            assert answer.status in operation.statuses, (request, answer)
            assert request.query == {}
            check_body(request, operation)


def test_the_stories_together_write_everything() -> None:
    with Recording() as server:
        conflicting(server)
        asked = {(operation.method, operation.path) for operation in (described(each) for each in server.requests)}
    assert asked == {(operation.method, operation.path) for operation in OPERATIONS}


def described(request: Request) -> Operation:
    for operation in OPERATIONS:
        pattern = "/api" + re.sub(r"\{\w+\}", "[^/]+", operation.path)
        if operation.method == request.method and re.fullmatch(pattern, request.path):
            return operation
    raise AssertionError(f"not in the description: {request.method} {request.path}")


def check_body(request: Request, operation: Operation) -> None:
    if operation.body is None:
        assert request.body == b""
        return
    assert request.headers["content-type"] == "application/json"
    body: dict[str, Any] = request.json
    for name, value in body.items():
        assert name in operation.body, f"{request.method} {request.path} has no {name}"
        assert type(value) is operation.body[name], f"{name} of {request.path} is {value!r}"
    for secret in (body.get("secureJsonData") or {}).values():
        assert isinstance(secret, str)
    assert body.get("access", "proxy") == "proxy"
    for uid in (body.get("uid"), body.get("folderUid"), body.get("dashboard", {}).get("uid")):
        assert uid is None or (len(uid) <= MOST_UID and UID.fullmatch(uid))
    if "dashboard" in body:
        assert body["dashboard"]["id"] is None
        assert body["dashboard"]["title"]
