"""What gets the servers says what it cannot get, and does nothing where all is there; it runs here without tools."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import install_servers

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("influxd-1.6", "influxd-1.8.10", "prometheus", "promtool")

APT_GET = """
import os, pathlib, sys
state = pathlib.Path(os.environ["XDG_CACHE_HOME"])
with (state / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
if sys.argv[1] == "update":
    (state / "lists").touch()
elif not (state / "lists").exists():
    sys.exit("E: Unable to locate package")
elif sys.argv[1] == "download":
    pathlib.Path(sys.argv[2] + "_1_all.deb").touch()
"""
DPKG_DEB = """
import pathlib, sys
binaries = pathlib.Path(sys.argv[3], "usr/bin")
binaries.mkdir(parents=True)
for name in ("influxd", "prometheus", "promtool"):
    (binaries / name).write_text(sys.argv[2])
"""
SUDO = """
import os, sys
os.execvp(sys.argv[1], sys.argv[1:])
"""

Install = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    made = tmp_path / "streamscore-servers"
    made.mkdir()
    return made


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return the only directory on the PATH of `install`."""
    made = tmp_path / "tools"
    made.mkdir()
    return made


@pytest.fixture
def install(cache: Path, tools: Path) -> Install:
    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "scripts" / "install_servers.py")]
        environ = {"PATH": str(tools), "XDG_CACHE_HOME": str(cache.parent), "HOME": str(cache.parent)}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    return run


def make_program(path: Path, text: str = "") -> None:
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)


def test_it_names_each_thing_that_cannot_be_had(install: Install) -> None:
    done = install()
    assert done.returncode == 1
    for said in ("no `go` on PATH", "influxdb comes from Debian's", "prometheus comes from Debian's", "Chromium comes"):
        assert said in done.stderr


def test_it_does_nothing_where_all_is_there(install: Install, cache: Path, tools: Path) -> None:
    for name in PROGRAMS:
        make_program(cache / name)
    make_program(tools / "chromium")
    done = install()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_builds_what_is_missing_and_no_more(install: Install, cache: Path, tools: Path) -> None:
    for name in set(PROGRAMS) - {"influxd-1.8.10"}:
        make_program(cache / name)
    make_program(tools / "chromium")
    make_program(
        tools / "go", "import os, pathlib\n(pathlib.Path(os.environ['GOBIN']) / 'influxd').write_text('built')"
    )
    done = install()
    assert (done.returncode, done.stderr) == (0, "")
    assert (cache / "influxd-1.8.10").read_text() == "built"
    assert os.access(cache / "influxd-1.8.10", os.X_OK)
    assert sorted(path.name for path in cache.iterdir()) == [".lock", *PROGRAMS]


def test_a_failed_build_leaves_nothing_and_says_its_end(install: Install, cache: Path, tools: Path) -> None:
    make_program(tools / "go", "import pathlib\npathlib.Path('half').touch()\nraise SystemExit('no such module')")
    done = install()
    assert done.returncode == 1
    assert "no such module" in done.stderr
    assert [path.name for path in cache.iterdir()] == [".lock"]


def test_it_unpacks_packages_and_fetches_their_lists_once(install: Install, cache: Path, tools: Path) -> None:
    make_program(cache / "influxd-1.8.10")
    make_program(tools / "apt-get", APT_GET)
    make_program(tools / "dpkg-deb", DPKG_DEB)
    make_program(tools / "sudo", SUDO)
    done = install()
    assert (done.returncode, done.stderr) == (0, "")
    assert (cache / "influxd-1.6").read_text() == "influxdb_1_all.deb"
    assert (cache / "promtool").read_text() == "prometheus_1_all.deb"
    assert (cache.parent / "calls").read_text().splitlines() == [
        "download influxdb",
        "update",
        "download influxdb",
        "download prometheus",
        "install -y --no-install-recommends chromium",
    ]


def test_it_looks_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    assert install_servers.cache_dir() == cache
    assert install_servers.find("promtool") is None
    make_program(cache / "promtool")
    assert install_servers.find("promtool") == cache / "promtool"
