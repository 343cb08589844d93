"""Holds the servables in service and counts who uses them; it loads nothing and decides nothing.

A swap changes a reference; the old servable drains until its last handle is given back, and is then closed by whoever
calls `close_drained` (the models thread), never by the thread that scores.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.engines.engine import Servable


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that passed admission, ready to answer."""

    data_type: str
    identity: ModelIdentity
    description: str
    engine: str
    format: str
    size_bytes: int
    load_ms: float
    servable: Servable


class _Entry:
    """A loaded model with the number of handles on it; guarded by the manager's lock."""

    __slots__ = ("draining", "handles", "model")

    def __init__(self, model: LoadedModel) -> None:
        self.model = model
        self.handles = 0
        self.draining = False


class Manager:
    """Which model answers for which data type; swapped by the models thread, used by the scoring thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._drained: list[LoadedModel] = []
        self._declared: frozenset[str] = frozenset()
        self._generation = 0

    @property
    def generation(self) -> int:
        """Return a number that grows with every swap and every new data type."""
        return self._generation

    @property
    def declared(self) -> frozenset[str]:
        """Return the data types that records may name, with or without a model."""
        return self._declared

    def declare(self, data_type: str) -> None:
        """Make `data_type` one that records may name."""
        with self._lock:
            if data_type not in self._declared:
                self._declared |= {data_type}
                self._generation += 1

    def serves(self, data_type: str) -> bool:
        """Tell whether a model answers for `data_type` now; once true it stays so."""
        return data_type in self._entries

    def in_service(self, data_type: str) -> LoadedModel | None:
        """Return the model that answers for `data_type`, to look at, not to score with."""
        entry = self._entries.get(data_type)
        return entry.model if entry else None

    @contextmanager
    def use(self, data_type: str) -> Iterator[LoadedModel]:
        """Hold the model of `data_type` for one batch; it is not closed before this ends. Raises `KeyError`."""
        with self.use_all([data_type]) as [model]:
            yield model

    @contextmanager
    def use_all(self, data_types: Sequence[str]) -> Iterator[list[LoadedModel]]:
        """Hold the model of each data type for one batch, as `use` does, at once."""
        with self._lock:
            entries = [self._entries[data_type] for data_type in data_types]
            for entry in entries:
                entry.handles += 1
        try:
            yield [entry.model for entry in entries]
        finally:
            with self._lock:
                for entry in entries:
                    entry.handles -= 1
                    if entry.draining and not entry.handles:
                        self._drained.append(entry.model)

    def swap(self, model: LoadedModel) -> LoadedModel | None:
        """Put `model` in service and return the one it replaces, which drains."""
        with self._lock:
            old = self._entries.get(model.data_type)
            self._entries[model.data_type] = _Entry(model)
            self._declared |= {model.data_type}
            self._generation += 1
            if old is None:
                return None
            old.draining = True
            if not old.handles:
                self._drained.append(old.model)
            return old.model

    def rename(self, data_type: str, identity: ModelIdentity, description: str) -> LoadedModel:
        """Give the model in service another name; the servable stays. Raises `KeyError`."""
        with self._lock:
            entry = self._entries[data_type]
            entry.model = replace(entry.model, identity=identity, description=description)
            return entry.model

    def close_drained(self) -> None:
        """Close the servables that were replaced and that nobody uses any more."""
        with self._lock:
            drained, self._drained = self._drained, []
        for model in drained:
            model.servable.close()

    def close(self) -> None:
        """Close all servables; called when nobody scores any more."""
        with self._lock:
            drained = [entry.model for entry in self._entries.values()]
            self._drained += drained
            self._entries = {}
        self.close_drained()
