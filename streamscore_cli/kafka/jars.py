"""The jars of the local broker: fetched once, checked at every start against `jars.sha256`; it starts nothing.

`jars.sha256` is the whole truth: one line a jar, its sha256 and its path in a Maven repository (so that `sha256sum -c`
in such a repository checks it too). It was made by resolving `org.apache.kafka:kafka_2.13:4.3.1` and
`org.apache.logging.log4j:log4j-slf4j-impl:2.25.5` with jgo, one after the other (together, log4j's parent decides on an
old kafka-clients), the higher of two versions taken.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

from streamscore_cli.core.errors import MissingDependency

KAFKA_VERSION = "4.3.1"
INSTALL_HINT = "Install it with: pip install 'streamscore[demo]'"

_log = logging.getLogger("streamscore.kafka")


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar: its sha256 and its path in a Maven repository."""

    sha256: str
    path: PurePosixPath

    @property
    def coordinate(self) -> tuple[str, str, str]:
        """Return group, artifact and version, which a Maven path spells out."""
        *group, artifact, version, _ = self.path.parts
        return ".".join(group), artifact, version


def wanted_jars() -> tuple[Jar, ...]:
    """Return the committed list."""
    text = files("streamscore_cli.kafka").joinpath("jars.sha256").read_text(encoding="ascii")
    pairs = (line.split() for line in text.splitlines())
    return tuple(Jar(sha256, PurePosixPath(path)) for sha256, path in pairs)


def cache_directory(environ: Mapping[str, str] | None = None) -> Path:
    """Return where this program keeps what it fetched: STREAMSCORE_CACHE_DIR, else the user's cache directory."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get("STREAMSCORE_CACHE_DIR"):
        return Path(chosen)
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "streamscore"


def resolve_jars(cache_dir: Path | None = None, jars: tuple[Jar, ...] | None = None) -> list[Path]:
    """Return the paths of the broker's jars, in one directory, fetching them where they are not there yet.

    Once they are there neither jgo nor a network is needed. Raises `MissingDependency` when a jar cannot be had or is
    not the one that was committed.
    """
    wanted = wanted_jars() if jars is None else jars
    names = "\n".join(f"{jar.sha256} {jar.path}" for jar in wanted)
    digest = hashlib.sha256(names.encode()).hexdigest()[:12]
    home = (cache_directory() if cache_dir is None else cache_dir) / "kafka"
    folder = home / f"{KAFKA_VERSION}-{digest}"
    if not folder.is_dir():
        _make_directory(home)
        with _alone(home / "lock"):
            if not folder.is_dir():
                _fetch(wanted, folder)
    return [_checked(folder / jar.path.name, jar) for jar in wanted]


def _make_directory(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Set STREAMSCORE_CACHE_DIR to a directory that can be written."
        raise MissingDependency(f"The cache directory {home} cannot be made: {error.strerror}.", hint) from error


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time fetch; the others wait and then find the jars."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(wanted: tuple[Jar, ...], folder: Path) -> None:
    """Fill a staging directory and give it its name last, so that a folder of that name is always whole."""
    staging = folder.with_name(f"{folder.name}.staging")
    shutil.rmtree(staging, ignore_errors=True)
    repository = staging / "repository"
    _log.info("fetching Apache Kafka %s (%d jars), once, to %s", KAFKA_VERSION, len(wanted), folder)
    for jar in wanted:
        downloaded = _download(jar, repository)
        _checked(downloaded, jar)
        downloaded.rename(staging / jar.path.name)
    shutil.rmtree(repository)
    staging.rename(folder)


def _download(jar: Jar, repository: Path) -> Path:
    try:
        from jgo.config import GlobalSettings
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.maven import MavenContext
    except ImportError as error:
        raise MissingDependency("The local broker needs jgo, which is not installed.", INSTALL_HINT) from error
    group, artifact, version = jar.coordinate
    remotes = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    context = MavenContext(repo_cache=repository, remote_repos=remotes, timeout=60)
    try:
        found: Path = context.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        hint = "Check the network; a mirror can be named in jgo's configuration file."
        raise MissingDependency(f"The jar {jar.path.name} could not be fetched: {error}", hint) from error
    return found


def _checked(path: Path, jar: Jar) -> Path:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MissingDependency(f"The jar {path} cannot be read: {error.strerror}.", _refetch(path)) from error
    if found != jar.sha256:
        message = f"The jar {path} is not the one that was committed: its sha256 is {found}, not {jar.sha256}."
        raise MissingDependency(message, _refetch(path))
    return path


def _refetch(path: Path) -> str:
    return f"Remove {path.parent}, and it is fetched again."
