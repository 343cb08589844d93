"""What 200 viewers of the live page cost the scoring beside them; `python -m benchmarks.viewers` prints a table.

The server runs over a filled topic, in turns with and without viewers; they are another process and read every state.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.loops import settings_for
from benchmarks.machine import machine
from benchmarks.wines import fill, publish_model
from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.kafka.embedded import EmbeddedBroker
from streamscore_cli.kafka.topics import TopicAdmin
from streamscore_cli.runtime.instance import Instance

ROOT = Path(__file__).resolve().parent.parent
MODEL = "winequality_linear_regression"
VIEWERS = 200
RECORDS = 1_200_000
RUNS = 5
MEASURED_S = 6.0
GET = b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def look(port: int, viewers: int) -> None:
    """Be that many viewers: say when all have a state, and at the end of the streams how many states they had."""
    streams = [await asyncio.open_connection("127.0.0.1", port, limit=2**24) for _ in range(viewers)]
    for _, writer in streams:
        writer.write(GET)

    async def read_state(reader: asyncio.StreamReader) -> bool:
        try:
            await reader.readuntil(b"\n\n")
        except asyncio.IncompleteReadError:
            return False
        return True

    async def read_on(reader: asyncio.StreamReader) -> int:
        states = 0
        while await read_state(reader):
            states += 1
        return states

    await asyncio.gather(*(read_state(reader) for reader, _ in streams))
    print("all look", flush=True)
    print(sum(await asyncio.gather(*(read_on(reader) for reader, _ in streams))), flush=True)


@dataclass(frozen=True)
class Turn:
    """What the server did in a stretch of time: `states` were taken by its viewers, in the whole turn."""

    records_per_s: float
    cpu_s_per_million: float
    states: int


def serve(brokers: str, topics: dict[str, str], viewers: int) -> Turn:
    """Score with that many viewers and return what was measured while all of them looked."""
    instance = Instance(settings_for(brokers, topics, ResultFormat.PROTOBUF))
    turns: list[Turn] = []

    def measure() -> None:
        try:
            turns.append(_measured(instance, viewers))
        finally:
            instance.supervisor.stop()

    thread = threading.Thread(target=measure)
    thread.start()
    instance.run()
    thread.join()
    return turns[0]


def _measured(instance: Instance, viewers: int) -> Turn:
    while not instance.view.scoring().results:
        time.sleep(0.01)
    command = [sys.executable, "-m", "benchmarks.viewers", "look", str(instance.view.identity.port), str(viewers)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as lookers:
        said = lookers.stdout or sys.stdin
        said.readline()
        begun = (instance.view.scoring().results, time.perf_counter(), _cpu_s())
        time.sleep(MEASURED_S)
        ended = (instance.view.scoring().results, time.perf_counter(), _cpu_s())
        if ended[0] >= RECORDS:
            sys.exit("the records did not last: raise RECORDS")
        instance.supervisor.stop()
        states = int(said.readline())
    records, wall_s, cpu_s = (late - early for late, early in zip(ended, begun, strict=True))
    return Turn(records / wall_s, cpu_s / records * 1e6, states)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure in turns and print the medians."""
    topics = {kind: f"viewers-{kind}" for kind in ("data", "models", "scores")}
    turns: dict[int, list[Turn]] = {0: [], VIEWERS: []}
    with EmbeddedBroker() as broker:
        settings = settings_for(broker.address, topics, ResultFormat.PROTOBUF)
        with TopicAdmin(settings) as admin:
            admin.apply(admin.plan())
        publish_model(settings, topics["models"], MODEL)
        fill(settings, topics["data"], RECORDS)
        for _ in range(RUNS):
            for viewers, of in turns.items():
                command = [sys.executable, "-m", "benchmarks.viewers", "serve", broker.address, json.dumps(topics)]
                done = subprocess.run([*command, str(viewers)], check=True, cwd=ROOT, capture_output=True)
                of.append(Turn(**json.loads(done.stdout.splitlines()[-1])))
                print(viewers, of[-1], file=sys.stderr)
    print(json.dumps(machine()))
    for viewers, of in turns.items():
        rate, cpu, states = (
            statistics.median(getattr(turn, figure) for turn in of)
            for figure in ("records_per_s", "cpu_s_per_million", "states")
        )
        print(f"{viewers:4} viewers {rate:10,.0f} records/s {cpu:7.2f} CPU s a million {states:7,.0f} states taken")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["look", port, viewers]:
            asyncio.run(look(int(port), int(viewers)))
        case ["serve", brokers, topic_names, viewers]:
            print(json.dumps(asdict(serve(brokers, json.loads(topic_names), int(viewers)))))
        case _:
            main()
