"""`make bench` and `make bench-peers`: all measurements one after the other, each kept as JSON under its name.

`python -m benchmarks` measures this program beside the bare loop, in minutes; `--peers` measures the programs beside it
that a user would write otherwise, which takes an hour. Every part can be run alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.models import CRAYFISH
from benchmarks.one_run import ROOT

FOREST_PEERS = "bare,server,streams,streams-linger-0,streams-2-threads,python,python-jpype"
CRAYFISH_PEERS = "bare,server,streams,streams-linger-0,streams-2-threads"
SERVERS = "server;server, swapping;streams;streams-linger-0"


@dataclass(frozen=True, slots=True)
class Part:
    """A module of this package with its arguments, and about how many minutes it takes on two cores."""

    module: str
    arguments: Sequence[str]
    minutes: int

    def possible(self) -> bool:
        """Tell whether what it needs is installed; says so where it is not."""
        needs_onnx = CRAYFISH in self.arguments and find_spec("onnxruntime") is None
        if needs_onnx:
            print(f"--- {self.module} {CRAYFISH}: absent, there is no onnxruntime (extra: onnx)", file=sys.stderr)
        return not needs_onnx

    def run(self) -> bool:
        """Run it in a process of its own; tell whether all went well."""
        print(f"--- python -m benchmarks.{self.module} {' '.join(self.arguments)}", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", f"benchmarks.{self.module}", *self.arguments]
        return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


OWN = (
    Part("start_up", (), 1),
    Part("micro", (), 2),
    Part("whole", ("--name", "models", "--model", "all", "--format", "protobuf"), 8),
    Part("whole", ("--name", "crayfish", "--model", CRAYFISH, "--format", "json"), 2),
    Part("latency", ("--rounds", "1", "--name", "latency-own"), 2),
    Part("scaling", ("--rounds", "3", "--records", "500000"), 3),
    Part("memory", (), 4),
)
PEERS = (
    Part("whole", ("--name", "peers", "--only", FOREST_PEERS), 20),
    Part("whole", ("--name", "peers-crayfish", "--only", CRAYFISH_PEERS, "--model", CRAYFISH, "--format", "json"), 8),
    Part("latency", ("--only", SERVERS), 20),
)


def main() -> None:
    """Run the parts; one that fails costs the others nothing. Draws the plots anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="measure the peers, which need a JDK and Maven")
    options = parser.parse_args()
    parts = [part for part in (PEERS if options.peers else OWN) if part.possible()]
    print(f"About {sum(part.minutes for part in parts)} minutes; let nothing else run.", file=sys.stderr)
    failed = [part.module for part in parts if not part.run()]
    subprocess.run([sys.executable, "-m", "benchmarks.plots"], cwd=ROOT, check=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
