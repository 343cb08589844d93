"""Prometheus and its promtool for tests: they scrape and judge; what is scraped is the test's."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.servers.processes import HOST, ServerProcess, fetch, program


class Prometheus(ServerProcess):
    """A Prometheus with the configuration of a test."""

    name = "prometheus"
    listening = re.compile(r'msg="Listening on" address=127\.0\.0\.1:(\d+)')

    def __init__(self, directory: Path, config: str) -> None:
        """Keep the data in `directory`; `config` is the text of a prometheus.yml, beside which its files belong."""
        super().__init__(directory)
        self._program = program("prometheus")
        (self.directory / "prometheus.yml").write_text(config)

    def command(self) -> Sequence[str]:
        return [
            str(self._program),
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address={HOST}:{self.port}",
            "--web.enable-lifecycle",
        ]

    def answers(self) -> bool:
        return fetch(f"{self.url}/-/ready").status == 200

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an instant query finds, each with `metric` and `value`."""
        found: list[dict[str, Any]] = self._ask("query", query=expression)["result"]
        return found

    def value(self, expression: str) -> float | None:
        """Return the value of the only series found, or None while there is none."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def targets(self) -> list[dict[str, Any]]:
        """Return what it scrapes, each with `health` and `lastError`."""
        found: list[dict[str, Any]] = self._ask("targets")["activeTargets"]
        return found

    def _ask(self, what: str, **parameters: str) -> dict[str, Any]:
        answer = fetch(f"{self.url}/api/v1/{what}?{urlencode(parameters)}")
        assert answer.status == 200, answer
        data: dict[str, Any] = json.loads(answer.body)["data"]
        return data


def scrape_config(*targets: str, interval: str = "1s") -> str:
    """Return a configuration that scrapes `/metrics` of each "host:port" as the job `streamscore`.

    Prometheus hands targets to its scrapers five seconds after its start, whatever the interval.
    """
    return f"""global:
  scrape_interval: {interval}
  scrape_timeout: {interval}
scrape_configs:
  - job_name: streamscore
    static_configs:
      - targets: {json.dumps(targets)}
"""


def run_promtool(*arguments: str, stdin: str = "", directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run promtool ("check", "metrics") and return what it said and its exit code."""
    command = [str(program("promtool")), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=directory, timeout=60, check=False)
