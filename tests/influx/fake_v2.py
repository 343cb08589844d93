"""An InfluxDB 2.x as its API description says, as far as this program asks it; a stand-in, and no real one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.influx.settings import TOKEN
from tests.servers.hostile import Answer, HttpServer, Reply, Request, as_json

ORG_ID = "00000000000000aa"
OTHER_ID = "00000000000000bb"


@dataclass
class State:
    """What the server holds."""

    organisations: dict[str, str] = field(default_factory=lambda: {"ours": ORG_ID})
    buckets: list[dict[str, Any]] = field(default_factory=list)
    mappings: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class FakeInflux2(HttpServer):
    """Answers by what it holds; a wrong token is 401, what is unknown 404, an InfluxQL `CREATE` an error with 200."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()

    def reply_to(self, request: Request) -> Reply:
        super().reply_to(request)
        if request.path == "/ping":
            return Answer(204, headers={"X-Influxdb-Version": "v2.7.12", "X-Influxdb-Build": "OSS"})
        if request.headers.get("authorization") != f"Token {TOKEN}":
            return as_json({"code": "unauthorized", "message": "unauthorized access"}, 401)
        name = request.method.lower() + request.path.removeprefix("/api/v2").replace("/", "_")
        answer = getattr(self, name, None) or getattr(self, name.rpartition("_")[0] + "_id", None)
        return answer(request) if answer else _missing(f"path {request.path}")

    def get_orgs(self, request: Request) -> Reply:
        known = self.state.organisations
        wanted = request.query.get("org")
        if wanted and wanted not in known:
            return _missing("organization name")
        found = [{"id": known[name], "name": name} for name in ([wanted] if wanted else known)]
        return as_json({"orgs": found})

    def get_buckets(self, request: Request) -> Reply:
        asked = request.query
        found = [
            each for each in self.state.buckets if (each["name"], each["orgID"]) == (asked["name"], asked["orgID"])
        ]
        return as_json({"buckets": found})

    def post_buckets(self, request: Request) -> Reply:
        bucket = {"id": f"{len(self.state.buckets) + 1:016x}", **request.json}
        self.state.buckets.append(bucket)
        return as_json(bucket, 201)

    def patch_buckets_id(self, request: Request) -> Reply:
        (bucket,) = (each for each in self.state.buckets if each["id"] == request.path.rpartition("/")[2])
        bucket |= request.json
        return as_json(bucket)

    def get_dbrps(self, request: Request) -> Reply:
        return as_json({"content": [each for each in self.state.mappings if each["database"] == request.query["db"]]})

    def post_dbrps(self, request: Request) -> Reply:
        mapping = {"id": f"{len(self.state.mappings) + 100:016x}", "virtual": False, **request.json}
        self.state.mappings.append(mapping)
        return as_json(mapping, 201)

    def patch_dbrps_id(self, request: Request) -> Reply:
        (mapping,) = (each for each in self.state.mappings if each["id"] == request.path.rpartition("/")[2])
        if mapping["virtual"]:  # derived from the name of a bucket: there is nothing that could be changed
            return _missing("mapping")
        mapping |= request.json
        return as_json({"content": mapping})

    def post_write(self, request: Request) -> Reply:
        asked = request.query
        if asked["org"] not in {*self.state.organisations, *self.state.organisations.values()}:
            return _missing(f"organization name {asked['org']!r}")
        if asked["bucket"] not in [bucket["name"] for bucket in self.state.buckets]:
            return _missing(f"bucket {asked['bucket']!r}")
        assert asked["precision"] == "ns"
        self.state.lines += request.text.split("\n")
        return Answer(204)


def _missing(what: str) -> Answer:
    return Answer(404, json.dumps({"code": "not found", "message": f"{what} not found"}).encode())
