"""InfluxDB 1.x for tests: its process, and a plain way to see what it holds that is not the client under test."""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.servers.hostile import as_json
from tests.servers.processes import HOST, Response, ServerProcess, fetch, program, quoted

OLD = "influxd-1.6"
NEW = "influxd-1.8.10"

_FULL = (
    "engine: error writing WAL entry: write /var/lib/influxdb/wal/serving/default/1/_00001.wal: no space left on device"
)
DISK_FULL = as_json({"error": _FULL}, 500, X_Influxdb_Error=_FULL, X_Influxdb_Version="1.8.10")
"""What a real 1.8.10 answered to writes when its disk was full; it went on so with room again, until its restart."""


class Influx(ServerProcess):
    """An InfluxDB; with `auth` it has one administrator, `user` with `password`, else both are empty."""

    name = "influxd"
    listening = re.compile(r'msg="Listening on HTTP".* addr=127\.0\.0\.1:(\d+)')

    def __init__(self, directory: Path, version: str = NEW, *, auth: bool = False) -> None:
        """Keep the data in `directory`; the database of the tests is not made."""
        super().__init__(directory)
        self._program = program(version)
        self._has_user = False
        self.user = "admin" if auth else ""
        self.password = secrets.token_hex(8) if auth else ""

    @property
    def token(self) -> str:
        """Return the token that the v2-compatible API of 1.8 takes, or nothing without authentication."""
        return f"{self.user}:{self.password}" if self.user else ""

    def command(self) -> Sequence[str]:
        file = self.directory / "influxd.conf"
        file.write_text(self._configuration())
        return [str(self._program), "-config", str(file)]

    def answers(self) -> bool:
        return fetch(f"{self.url}/ping").status == 204

    def start(self) -> None:
        super().start()
        if self.user and not self._has_user:
            self.query(f"CREATE USER {self.user} WITH PASSWORD '{self.password}' WITH ALL PRIVILEGES")
            self._has_user = True

    def query(self, statement: str, database: str = "") -> list[dict[str, Any]]:
        """Return the results of InfluxQL statements; fails when there is an error, inside them too."""
        body = urlencode({"q": statement, "db": database}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self._authorization()}
        answer = fetch(f"{self.url}/query", "POST", body, headers)
        assert answer.status == 200, answer
        results: list[dict[str, Any]] = json.loads(answer.body)["results"]
        assert not [result for result in results if "error" in result], results
        return results

    def rows(self, statement: str, database: str = "") -> list[dict[str, Any]]:
        """Return what one statement found, a dictionary a row, the tags of its series included."""
        (result,) = self.query(statement, database)
        return [
            {**series.get("tags", {}), **dict(zip(series["columns"], values, strict=True))}
            for series in result.get("series", [])
            for values in series.get("values", [])
        ]

    def write(self, lines: str, database: str, policy: str = "") -> Response:
        """Write line protocol through the v1 API and return the answer."""
        query = urlencode({"db": database, "rp": policy})
        return fetch(f"{self.url}/write?{query}", "POST", lines.encode(), self._authorization())

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Basic {b64encode(self.token.encode()).decode()}"} if self.user else {}

    def _configuration(self) -> str:
        # Flux is off: only the v2 query API needs it, and it makes a start seconds slower
        return f"""reporting-disabled = true
bind-address = "{HOST}:0"
[meta]
  dir = {quoted(self.directory / "meta")}
[data]
  dir = {quoted(self.directory / "data")}
  wal-dir = {quoted(self.directory / "wal")}
[http]
  bind-address = "{HOST}:{self.port}"
  auth-enabled = {str(bool(self.user)).lower()}
  flux-enabled = false
[monitor]
  store-enabled = false
"""
