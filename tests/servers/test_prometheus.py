"""The Prometheus of the tests scrapes, and promtool judges."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.integration.servers import wait_until
from tests.servers.hostile import HOST, Answer, HttpServer
from tests.servers.prometheus import scrape_config

if TYPE_CHECKING:
    from tests.servers.prometheus import Prometheus

METRICS = "# HELP streamscore_records_total Records read.\n# TYPE streamscore_records_total counter\n"


def exposing(value: int) -> Answer:
    return Answer(200, f"{METRICS}streamscore_records_total {value}\n".encode(), {"Content-Type": "text/plain"})


def test_it_scrapes_and_tells_which_target_is_down(
    prometheus: Callable[[str], Prometheus], hostile: HttpServer
) -> None:
    hostile.on("GET", "/metrics", exposing(41), exposing(42))
    with HttpServer(Answer(503)) as broken:
        server = prometheus(scrape_config(f"{HOST}:{hostile.port}", f"{HOST}:{broken.port}"))
        wait_until(lambda: server.value('streamscore_records_total{job="streamscore"}') == 42, "the second scrape")
        wait_until(lambda: server.value(f'up{{instance="{HOST}:{broken.port}"}}') == 0, "the other to be down")
        found = {target["health"]: target["lastError"] for target in server.targets()}
    assert found.keys() == {"up", "down"}
    assert "503" in found["down"]


def test_promtool_judges_metrics(promtool: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    good = promtool("check", "metrics", stdin=f"{METRICS}streamscore_records_total 1\n")
    assert (good.returncode, good.stderr) == (0, "")
    bad = promtool("check", "metrics", stdin="# TYPE streamscore_records counter\nstreamscore_records 1\n")
    assert bad.returncode != 0
    assert 'counter metrics should have "_total" suffix' in bad.stdout + bad.stderr
