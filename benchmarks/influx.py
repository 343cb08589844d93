"""What a good, dead, hanging, refusing or slow InfluxDB costs the server, in turns with none; prints a table."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.loops import Stopwatch, settings_for
from benchmarks.machine import machine
from benchmarks.wines import fill, publish_model
from scripts.install_servers import find
from streamscore_cli.config.settings import InfluxSettings
from streamscore_cli.core.choices import Points, ResultFormat
from streamscore_cli.kafka.embedded import EmbeddedBroker
from streamscore_cli.kafka.topics import TopicAdmin
from streamscore_cli.runtime.instance import Instance
from tests.servers.hostile import Answer, Hang, HttpServer, as_json, black_hole, refusing
from tests.servers.influx import NEW, Influx

ROOT = Path(__file__).resolve().parent.parent
MODEL = "winequality_decision_tree_classification"
TOPICS = {kind: f"influx-{kind}" for kind in ("data", "models", "scores")}
RECORDS = 400_000
RUNS = 5
WARM_SHARE = 0.5
"""Read before the clock starts: influxdb-client is imported meanwhile, once, which takes most of a CPU second."""


def run(brokers: str, port: int, points: str) -> dict[str, float]:
    """Score the topic once in this process, with InfluxDB at `port` (0: none); return the figures."""
    plain = settings_for(brokers, TOPICS, ResultFormat.PROTOBUF)
    influx = replace(InfluxSettings(), host="127.0.0.1" if port else "", port=port, points=Points(points))
    instance, watch, told_s = Instance(replace(plain, influxdb=influx)), Stopwatch(RECORDS, WARM_SHARE), 0.0
    spent_s = [0.0, 0.0]

    def look() -> None:
        nonlocal told_s
        while not watch.seen(results := instance.view.scoring().results) and not instance.supervisor.stopping:
            spent_s[results >= RECORDS * WARM_SHARE] = sink_cpu_s()
            time.sleep(0.01)
        spent_s[1] = sink_cpu_s()
        told_s = time.perf_counter()
        instance.supervisor.stop()

    threading.Thread(target=look, daemon=True).start()
    instance.run()
    scored = RECORDS * (1 - WARM_SHARE)
    share = (spent_s[1] - spent_s[0]) / (watch.figures["cpu_s_per_million"] * scored / 1e6)
    figures = {**watch.figures, "end_s": time.perf_counter() - told_s, "sink_share_of_cpu": share}
    for sink in instance.view.sinks():
        dropped = sum(sink.dropped.values())
        figures |= {"written": sink.written, "dropped": dropped, "lost_count": sink.points - sink.written - dropped}
    return figures


def sink_cpu_s() -> float:
    """Return the CPU seconds of the sink's threads; other work on the machine changes them little."""
    threads = [thread for thread in threading.enumerate() if thread.name in {"points", "influxdb"} and thread.native_id]
    files = [Path(f"/proc/self/task/{thread.native_id}/schedstat") for thread in threads]
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


@contextmanager
def scripted(*replies: Answer | Hang) -> Iterator[int]:
    """Yield the port of a 1.8 that answers its writes so."""
    with HttpServer(Answer(404)) as server:
        server.on("GET", "/ping", Answer(204, headers={"X-Influxdb-Version": "1.8.10"}))
        server.on("POST", "/query", as_json({"results": [{}]}))
        server.on("POST", "/api/v2/write", *replies)
        yield server.port


def servers(stack: ExitStack) -> dict[str, tuple[int, str]]:
    """Return what is measured: a port (0: no InfluxDB at all) and what becomes a point."""
    ports = {
        "none": 0,
        "dead": _port(stack.enter_context(refusing())),
        "black hole": _port(stack.enter_context(black_hole())),
        "hangs at writes": stack.enter_context(scripted(Hang())),
        "refuses (401)": stack.enter_context(scripted(Answer(401))),
        "refuses (400)": stack.enter_context(scripted(Answer(400))),
        "slow (2.5 s a write)": stack.enter_context(scripted(Answer(204, drip_s=0.06))),
        "full disk (500)": stack.enter_context(scripted(Answer(500))),
    }
    measured = {name: (port, "auto") for name, port in ports.items()}
    if find(NEW) is not None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(Influx(directory)).port
        measured |= {"a real 1.8.10": (port, "auto"), "a real 1.8.10, a point a score": (port, "raw")}
    return measured


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def main() -> None:
    """Measure in turns, print the medians and how they compare with none."""
    runs: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        broker = stack.enter_context(EmbeddedBroker())
        settings = settings_for(broker.address, TOPICS, ResultFormat.PROTOBUF)
        with TopicAdmin(settings) as admin:
            admin.apply(admin.plan())
        publish_model(settings, TOPICS["models"], MODEL)
        fill(settings, TOPICS["data"], RECORDS)
        measured = servers(stack)
        for number in range(RUNS):
            for name, (port, points) in measured.items():
                command = [sys.executable, "-m", "benchmarks.influx", broker.address, str(port), points]
                done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
                runs.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
            print(f"round {number + 1} of {RUNS} done", file=sys.stderr)
    medians = {name: {key: statistics.median(each[key] for each in of) for key in of[0]} for name, of in runs.items()}
    for name, figures in medians.items():
        by_round = zip(runs[name], runs["none"], strict=True)
        shares = [each["records_per_s"] / base["records_per_s"] for each, base in by_round]
        print(
            f"{name:32} {figures['records_per_s']:9,.0f} records/s, of none by round: "
            f"{', '.join(f'{share:.0%}' for share in shares)};  {figures['cpu_s_per_million']:.2f} CPU s a million, "
            f"the sink's threads {figures['sink_share_of_cpu']:.1%} of it;  "
            f"end {figures['end_s']:.1f} s;  {figures['peak_mib']:.0f} MiB;  "
            f"written {figures.get('written', 0):,.0f}, dropped {figures.get('dropped', 0):,.0f}"
        )
    file = ROOT / "benchmarks" / "results" / f"influx-{machine()['date']}.json"
    file.write_text(json.dumps({"machine": machine(), "records": RECORDS, "runs": runs}, indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(run(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
    else:
        main()
