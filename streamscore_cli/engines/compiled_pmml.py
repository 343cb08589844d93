"""The native PMML engine for whom compiling here and now is too dear: from another process, or from the disk.

It imports the engine itself when the first document comes.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from streamscore_cli import __version__
from streamscore_cli.config.settings import ModelSettings
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact
from streamscore_cli.engines.compile_limits import CompileLimits
from streamscore_cli.engines.compile_process import CompileProcess
from streamscore_cli.engines.compiled_cache import CompiledCache
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.pmml_guard import PmmlLimits
from streamscore_cli.engines.short_turns import short_turns

AUTO, OFF = "auto", "off"
SMALL_BYTES = 64 * 1024
"""Documents that are compiled faster than the engine's store is made ready; only where they are compiled here."""

Compile = Callable[[bytes | memoryview], memoryview]


class CompiledPmmlEngine:
    """Loads documents as the native engine does, through the bytes of its store; used by one thread."""

    def __init__(
        self, compile_bytes: Compile, cache: CompiledCache | None, limits: PmmlLimits, kept_from: int = 0
    ) -> None:
        """Take what compiles, where compiled models are kept, the limits of documents, and from which size they are."""
        self._compile = compile_bytes
        self._cache = cache
        self._limits = limits
        self._kept_from = kept_from

    @property
    def name(self) -> str:
        """Return the name shown to users: that of the engine."""
        return "pmml"

    def load(self, artifact: Artifact) -> Servable:
        """Take a document's compiled model from the cache, or compile it; raises what compiling raises.

        What is in the cache had passed all checks of documents; the limits that it passed are part of its key.
        """
        if artifact.size_bytes > self._limits.max_bytes:
            raise ModelRejected(
                f"The PMML document has {artifact.size_bytes:,} bytes, the limit is {self._limits.max_bytes:,}.",
                "Raise models.max_bytes if it is meant to be that big.",
            )
        cache = self._cache if artifact.size_bytes >= self._kept_from else None
        if cache is None:
            return self._compiled(artifact)[0]
        key = cache_key(artifact.sha256, self._limits)
        servable = _kept(cache, key)
        if servable is None:
            servable, data = self._compiled(artifact)
            cache.put(key, data)
        return servable

    def _compiled(self, artifact: Artifact) -> tuple[Servable, memoryview]:
        data = self._compile(artifact.content)
        try:
            return _servable(data), data
        except ValueError as problem:
            raise ModelRejected(f"The compiled model cannot be read: {problem}") from problem


def _kept(cache: CompiledCache, key: str) -> Servable | None:
    data = cache.get(key)
    if data is None:
        return None
    try:
        return _servable(data)
    except ValueError as problem:
        cache.drop(key, str(problem))
        return None


def _servable(data: memoryview) -> Servable:
    """Put a stored model to use, with short turns for the thread that scores meanwhile.

    Raises `UnreadableModelError`, which is a `ValueError`.
    """
    from streamscore_cli.engines.pmml.document.collector import collector_paused
    from streamscore_cli.engines.pmml.engine import PmmlServable
    from streamscore_cli.engines.pmml.store import load

    with collector_paused(), short_turns():
        return PmmlServable(load(data))


def cache_key(sha256: str, limits: PmmlLimits) -> str:
    """Return what stands for a document and for all that its compiled model depends on: 64 hexadecimal digits."""
    from streamscore_cli.engines.pmml.store.classes import engine_digest

    engine = [engine_digest().hex(), __version__, np.__version__, platform.python_version(), platform.machine()]
    parts = [sha256, *engine, limits.max_depth, limits.max_nodes]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@contextmanager
def compiled_apart(models: ModelSettings, stopping: Callable[[], bool]) -> Iterator[CompiledPmmlEngine]:
    """Give the engine that a server loads PMML with; its process ends with the block, or sooner when idle."""
    limits = CompileLimits(_limits(models), models.compile_timeout_s, models.compile_memory)
    with CompileProcess(limits, stopping) as process:
        yield CompiledPmmlEngine(process.compile, _cache(models, os.environ), limits.documents)


def compiled_here(models: ModelSettings) -> CompiledPmmlEngine | None:
    """Return the engine for a user's own file, which is compiled in this process; None where nothing is kept."""
    cache, limits = _cache(models, os.environ), _limits(models)
    if cache is None:
        return None

    def compiled(data: bytes | memoryview) -> memoryview:
        from streamscore_cli.engines.compile_document import compile_document

        return memoryview(compile_document(bytes(data), limits))

    return CompiledPmmlEngine(compiled, cache, limits, SMALL_BYTES)


def cache_directory(setting: str, environ: Mapping[str, str]) -> Path | None:
    """Return where compiled models are kept by `models.cache_dir`; None for nowhere."""
    if setting in {"", OFF}:
        return None
    if setting != AUTO:
        return Path(setting).expanduser()
    base = environ.get("XDG_CACHE_HOME")
    home = Path(base) if base and Path(base).is_absolute() else Path("~/.cache").expanduser()
    return home / "streamscore" / "models"


def _cache(models: ModelSettings, environ: Mapping[str, str]) -> CompiledCache | None:
    directory = cache_directory(models.cache_dir, environ)
    return CompiledCache(directory, models.cache_size) if directory is not None and models.cache_size else None


def _limits(models: ModelSettings) -> PmmlLimits:
    return PmmlLimits(models.max_bytes, models.max_depth, models.max_nodes)
