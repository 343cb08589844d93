"""A stand-in for Grafana made from its documentation; it keeps what it is given, and is no Grafana.

Written after Grafana's HTTP API documentation (data sources, folders, dashboards) and what its handlers answer: 404 for
what is absent; 409 for a second data source of a name or uid, or an old version of one; 403 for one that a file made;
409 for a second folder of a uid or title; 412 with a `status` for versions and names of folders and dashboards; 400 for
a dashboard without a title or made from a file. With `overwrite` it lets a dashboard take over another of its title, as
Grafana up to 10 does.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from tests.servers.hostile import Answer, HttpServer, Reply, Request, as_html, as_json

TOKEN = f"glsa_{token_hex(16)}"
LOGIN = ("admin", f"sésame {token_hex(4)}")
Document = dict[str, Any]
Handler = Callable[..., Answer]


class Grafana(HttpServer):
    """The stand-in; `sources`, `folders` and `dashboards` are what it holds, by uid, and may be changed by a test."""

    def __init__(self, version: str = "11.2.0") -> None:
        super().__init__()
        self.version = version
        self.sources: dict[str, Document] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.folders: dict[str, Document] = {}
        self.dashboards: dict[str, Document] = {}
        self.before: Callable[[Request], None] = lambda _request: None
        self._routes_of: list[tuple[str, re.Pattern[str], Handler]] = [
            ("GET", re.compile(r"/api/datasources/uid/([^/]+)"), self._source),
            ("GET", re.compile(r"/api/datasources/name/([^/]+)"), self._source_named),
            ("POST", re.compile(r"/api/datasources"), self._add_source),
            ("PUT", re.compile(r"/api/datasources/uid/([^/]+)"), self._put_source),
            ("GET", re.compile(r"/api/folders"), self._all_folders),
            ("GET", re.compile(r"/api/folders/([^/]+)"), self._folder),
            ("POST", re.compile(r"/api/folders"), self._add_folder),
            ("PUT", re.compile(r"/api/folders/([^/]+)"), self._put_folder),
            ("GET", re.compile(r"/api/dashboards/uid/([^/]+)"), self._dashboard),
            ("POST", re.compile(r"/api/dashboards/db"), self._save_dashboard),
        ]

    @property
    def changes(self) -> list[Request]:
        """Return the requests that change something."""
        return [request for request in self.requests if request.method != "GET"]

    def reply_to(self, request: Request) -> Reply:
        """Answer a scripted reply where the test made one, else as Grafana would."""
        self.before(request)
        scripted = super().reply_to(request)
        if (request.method, request.path) in self._routes:
            return scripted
        if request.path == "/api/health":
            return as_json({"commit": "abc", "database": "ok", "version": self.version})
        if request.headers.get("authorization") not in {
            f"Bearer {TOKEN}",
            "Basic " + b64encode(":".join(LOGIN).encode()).decode(),
        }:
            return as_json({"message": "Invalid API key"}, 401)
        for method, path, handler in self._routes_of:
            if method == request.method and (found := path.fullmatch(request.path)):
                body = json.loads(request.body) if request.body else {}
                return handler(*found.groups(), **({"body": body} if method != "GET" else {}))
        return as_html(404, "Page not found")

    def _source(self, uid: str) -> Answer:
        if uid not in self.sources:
            return as_json({"message": "Data source not found"}, 404)
        fields = dict.fromkeys(self.secrets.get(uid, {}), True)
        return as_json({**self.sources[uid], "secureJsonFields": fields})

    def _source_named(self, name: str) -> Answer:
        uid = next((uid for uid, source in self.sources.items() if source["name"] == name), None)
        return self._source(uid or "")

    def _add_source(self, body: Document) -> Answer:
        if any(source["name"] == body["name"] for source in self.sources.values()):
            return as_json({"message": "data source with the same name already exists"}, 409)
        if body["uid"] in self.sources:
            return as_json({"message": "data source with the same uid already exists"}, 409)
        return self._keep_source(body, {"id": len(self.sources) + 1, "readOnly": False, "version": 1})

    def _put_source(self, uid: str, body: Document) -> Answer:
        if uid not in self.sources:
            return as_json({"message": "Data source not found"}, 404)
        found = self.sources[uid]
        if found.get("readOnly"):
            return as_json({"message": "Cannot update read-only data source"}, 403)
        if any(source["name"] == body["name"] for other, source in self.sources.items() if other != uid):
            return as_json({"message": "data source with the same name already exists"}, 409)
        if body.get("version") not in {None, 0, found["version"]}:
            return as_json({"message": "Datasource has already been updated by someone else."}, 409)
        return self._keep_source(body, {**found, "version": found["version"] + 1})

    def _keep_source(self, body: Document, counted: Document) -> Answer:
        given = {name: value for name, value in body.items() if name not in {"secureJsonData", "version"}}
        kept = {"basicAuth": False, "basicAuthUser": "", "isDefault": False, "user": "", "database": "", **given}
        self.sources[body["uid"]] = {**kept, **{name: counted[name] for name in ("id", "readOnly", "version")}}
        self.secrets.setdefault(body["uid"], {}).update(body.get("secureJsonData") or {})
        return as_json({"message": "Datasource added", "name": body["name"], "id": counted["id"]})

    def _all_folders(self) -> Answer:
        return as_json(
            [{"id": found["id"], "uid": uid, "title": found["title"]} for uid, found in self.folders.items()]
        )

    def _folder(self, uid: str) -> Answer:
        if uid not in self.folders:
            return as_json({"message": "folder not found", "status": "not-found"}, 404)
        return as_json(self.folders[uid])

    def _add_folder(self, body: Document) -> Answer:
        if body["uid"] in self.folders or any(found["title"] == body["title"] for found in self.folders.values()):
            return as_json({"message": "a folder with the same name already exists"}, 409)
        self.folders[body["uid"]] = {"id": len(self.folders) + 1, "version": 1, **body}
        return as_json(self.folders[body["uid"]])

    def _put_folder(self, uid: str, body: Document) -> Answer:
        found = self.folders.get(uid)
        if found is None:
            return as_json({"message": "folder not found", "status": "not-found"}, 404)
        if body.get("version") != found["version"] and not body.get("overwrite"):
            refusal = {"message": "the folder has been changed by someone else", "status": "version-mismatch"}
            return as_json(refusal, 412)
        self.folders[uid] = {**found, "title": body["title"], "version": found["version"] + 1}
        return as_json(self.folders[uid])

    def _dashboard(self, uid: str) -> Answer:
        if uid not in self.dashboards:
            return as_json({"message": "Dashboard not found", "status": "not-found"}, 404)
        return as_json(self.dashboards[uid])

    def _save_dashboard(self, body: Document) -> Answer:
        board, folder, overwrite = body["dashboard"], body.get("folderUid", ""), body.get("overwrite", False)
        if not board.get("title"):
            return as_json({"message": "Dashboard title cannot be empty", "status": "empty-name"}, 400)
        if folder and folder not in self.folders:
            return as_json({"message": "Folder not found"}, 404)
        found = self.dashboards.get(board["uid"])
        if found is None:
            return self._new_dashboard(board, folder, overwrite=overwrite)
        if found["meta"]["provisioned"]:
            return as_json({"message": "Cannot save provisioned dashboard"}, 400)
        if board.get("version") != found["dashboard"]["version"] and not overwrite:
            refusal = {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
            return as_json(refusal, 412)
        return self._keep_dashboard(board, folder, found["dashboard"]["version"] + 1)

    def _new_dashboard(self, board: Document, folder: str, *, overwrite: bool) -> Answer:
        for uid, other in self.dashboards.items():
            if other["dashboard"]["title"] == board["title"] and other["meta"]["folderUid"] == folder:
                if overwrite:
                    return self._keep_dashboard({**board, "uid": uid}, folder, other["dashboard"]["version"] + 1)
                refusal = "A dashboard with the same name in the folder already exists"
                return as_json({"message": refusal, "status": "name-exists"}, 412)
        return self._keep_dashboard(board, folder, 1)

    def _keep_dashboard(self, board: Document, folder: str, version: int) -> Answer:
        kept = {**board, "id": len(self.dashboards) + 1, "version": version}
        title = self.folders[folder]["title"] if folder else "General"
        meta = {"folderUid": folder, "folderTitle": title, "provisioned": False, "canSave": True}
        self.dashboards[board["uid"]] = {"dashboard": kept, "meta": meta}
        return as_json({"id": kept["id"], "uid": board["uid"], "status": "success", "version": version})
