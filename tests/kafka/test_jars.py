"""The broker's jars: the committed list, the cache, and what happens when one is not what it should be."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path, PurePosixPath

import pytest

from streamscore_cli.core.errors import MissingDependency
from streamscore_cli.kafka import jars
from streamscore_cli.kafka.jars import Jar, cache_directory, resolve_jars, wanted_jars


def test_list_holds_the_broker_and_its_logging() -> None:
    coordinates = {jar.coordinate for jar in wanted_jars()}
    assert ("org.apache.kafka", "kafka_2.13", "4.3.1") in coordinates
    assert ("org.apache.kafka", "kafka-clients", "4.3.1") in coordinates
    assert ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5") in coordinates
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in wanted_jars())
    assert len({jar.path.name for jar in wanted_jars()}) == len(wanted_jars()) == 46


def test_cache_directory_is_the_users_unless_chosen() -> None:
    assert cache_directory({"STREAMSCORE_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert cache_directory({"XDG_CACHE_HOME": "/b"}) == Path("/b/streamscore")
    assert cache_directory({}) == Path("~/.cache/streamscore").expanduser()


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, tuple[Jar, ...]]:
    """Return a cache with one jar in it, and the list that asks for it; nothing can be fetched."""
    monkeypatch.setitem(sys.modules, "jgo.config", None)
    content = b"a jar"
    wanted = (Jar(hashlib.sha256(content).hexdigest(), PurePosixPath("org/a/b/1.0/b-1.0.jar")),)
    names = "\n".join(f"{jar.sha256} {jar.path}" for jar in wanted)
    digest = hashlib.sha256(names.encode()).hexdigest()[:12]
    folder = tmp_path / "kafka" / f"{jars.KAFKA_VERSION}-{digest}"
    folder.mkdir(parents=True)
    (folder / "b-1.0.jar").write_bytes(content)
    return tmp_path, wanted


def test_cached_jars_need_neither_jgo_nor_network(cached: tuple[Path, tuple[Jar, ...]]) -> None:
    cache, wanted = cached
    (path,) = resolve_jars(cache, wanted)
    assert path.read_bytes() == b"a jar"


def test_changed_jar_is_named(cached: tuple[Path, tuple[Jar, ...]]) -> None:
    cache, wanted = cached
    (path,) = resolve_jars(cache, wanted)
    path.write_bytes(b"another jar")
    with pytest.raises(MissingDependency, match=r"b-1\.0\.jar is not the one that was committed.*Remove"):
        resolve_jars(cache, wanted)


def test_jar_that_is_gone_is_named(cached: tuple[Path, tuple[Jar, ...]]) -> None:
    cache, wanted = cached
    (path,) = resolve_jars(cache, wanted)
    path.unlink()
    with pytest.raises(MissingDependency, match=r"b-1\.0\.jar cannot be read"):
        resolve_jars(cache, wanted)


def test_without_jgo_the_extra_is_named(cached: tuple[Path, tuple[Jar, ...]]) -> None:
    cache, _ = cached
    other = (Jar("0" * 64, PurePosixPath("org/a/c/1.0/c-1.0.jar")),)
    with pytest.raises(MissingDependency, match=r"pip install 'streamscore\[demo\]'"):
        resolve_jars(cache, other)


def test_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingDependency, match="STREAMSCORE_CACHE_DIR"):
        resolve_jars(tmp_path / "file")


@pytest.mark.kafka
def test_fetched_jar_that_is_another_is_refused_and_not_kept(tmp_path: Path) -> None:
    wanted = (Jar("0" * 64, PurePosixPath("org/jspecify/jspecify/1.0.0/jspecify-1.0.0.jar")),)
    with pytest.raises(MissingDependency, match=r"jspecify-1\.0\.0\.jar is not the one"):
        resolve_jars(tmp_path, wanted)
    assert not [path for path in (tmp_path / "kafka").iterdir() if path.is_dir() and "staging" not in path.name]
