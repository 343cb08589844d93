"""Puts the servers that `make test-servers` runs into a cache outside the tree, built or unpacked once; it starts none.

Nothing is installed for the system but Chromium, whose libraries only a package manager brings: InfluxDB 1.8 is built
with Go, and Debian's InfluxDB 1.6 and Prometheus are unpacked, not installed, so that no service of theirs ever runs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

GO_TOOLCHAIN = "go1.20.14"
INFLUX_MODULE = "github.com/influxdata/influxdb/cmd/influxd@v1.8.10"
BROWSERS = ("chromium", "chromium-browser")
LINES_SHOWN = 15


class NotInstalled(Exception):
    """A server cannot be had on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What is taken out of a Debian package: names in the cache, and the paths in the package that they come from."""

    package: str
    files: Mapping[str, str]


DEBIAN = (
    Unpacked("influxdb", {"influxd-1.6": "usr/bin/influxd"}),
    Unpacked("prometheus", {"prometheus": "usr/bin/prometheus", "promtool": "usr/bin/promtool"}),
)


def cache_dir() -> Path:
    """Return the directory of the programs; it may not exist yet."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "streamscore-servers"


def find(name: str) -> Path | None:
    """Return the program of this name ("influxd-1.8.10", "prometheus", "chromium"), or None when it is not there."""
    if name == "chromium":
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        return Path(found) if found else None
    path = cache_dir() / name
    return path if path.is_file() else None


def run(command: list[str], directory: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run a program quietly; raises `NotInstalled` with the end of what it said when it fails."""
    env = {**os.environ, **(environ or {})}
    done = subprocess.run(
        command, cwd=directory, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        said = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-LINES_SHOWN:])
        raise NotInstalled(f"`{' '.join(command)}` ended with {done.returncode}:\n{said}")


def put(made: Path, name: str) -> None:
    """Put a finished program into the cache in one step: there is never half a one."""
    made.chmod(0o755)
    made.replace(cache_dir() / name)


def build_influx18(scratch: Path) -> None:
    """Build InfluxDB 1.8.10 with Go, which fetches the tool chain that this version needs."""
    if shutil.which("go") is None:
        raise NotInstalled("InfluxDB 1.8.10 is built with Go 1.21 or newer, and there is no `go` on PATH")
    module, _, version = INFLUX_MODULE.rpartition("@v")
    command = ["go", "install", "-ldflags", f"-X main.version={version}", f"{module}@v{version}"]
    run(command, scratch, {"GOBIN": str(scratch), "GOTOOLCHAIN": GO_TOOLCHAIN, "GOFLAGS": "-mod=mod"})
    put(scratch / "influxd", "influxd-1.8.10")


class Debian:
    """Debian's packages; its lists are fetched at most once, and only when something fails without."""

    def __init__(self) -> None:
        self._fresh = False

    def unpack(self, wanted: Unpacked, scratch: Path) -> None:
        """Take programs out of a package without installing it; no root is needed."""
        if shutil.which("apt-get") is None:
            raise NotInstalled(f"{wanted.package} comes from Debian's package, and there is no `apt-get` on PATH")
        self._with_fresh_lists(lambda: run(["apt-get", "download", wanted.package], scratch))
        (package,) = scratch.glob(f"{wanted.package}_*.deb")
        run(["dpkg-deb", "--extract", package.name, "tree"], scratch)
        for name, path in wanted.files.items():
            put(scratch / "tree" / path, name)

    def install_chromium(self, scratch: Path) -> None:
        """Install Chromium for the system; needs root, or sudo."""
        if shutil.which("apt-get") is None:
            raise NotInstalled("Chromium comes from Debian's package, and there is no `apt-get` on PATH")
        command = [*as_root("install Chromium"), "apt-get", "install", "-y", "--no-install-recommends", "chromium"]
        self._with_fresh_lists(lambda: run(command, scratch, {"DEBIAN_FRONTEND": "noninteractive"}))

    def _with_fresh_lists(self, attempt: Callable[[], None]) -> None:
        try:
            attempt()
        except NotInstalled:
            if self._fresh:
                raise
            run([*as_root("fetch Debian's package lists"), "apt-get", "update"], Path("/"))
            self._fresh = True
            attempt()


def as_root(purpose: str) -> list[str]:
    """Return what goes before a command that needs root: nothing, or sudo."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        raise NotInstalled(f"to {purpose} one must be root, and there is no `sudo` on PATH")
    return ["sudo"]


def plan() -> dict[str, Callable[[Path], None]]:
    """Return what is missing and how to get it; each is called with a directory of its own."""
    debian = Debian()
    steps: dict[str, Callable[[Path], None]] = {}
    for wanted in DEBIAN:
        if not all(map(find, wanted.files)):
            what = f"{', '.join(wanted.files)} (Debian's {wanted.package}, unpacked)"
            steps[what] = partial(debian.unpack, wanted)
    if find("chromium") is None:
        steps["chromium (Debian's, installed)"] = debian.install_chromium
    if find("influxd-1.8.10") is None:
        steps["influxd-1.8.10 (built with Go, a minute or two)"] = build_influx18
    return steps


@contextmanager
def alone() -> Iterator[None]:
    """Let one run at a time work on the cache."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Get all that is missing; returns 1 when something cannot be had, after trying the rest."""
    failed = 0
    with alone():
        for what, step in plan().items():
            print(f"Getting {what}...", flush=True)
            started_s = monotonic()
            try:
                with tempfile.TemporaryDirectory(dir=cache_dir()) as scratch:
                    step(Path(scratch))
            except NotInstalled as error:
                failed += 1
                print(f"  not to be had: {error}", file=sys.stderr)
            else:
                print(f"  {monotonic() - started_s:.0f} s")
    if failed:
        print("The tests that need these servers cannot run; docs/testing.md says what each needs.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
