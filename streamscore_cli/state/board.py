"""The models thread's notice board: what is loading, in service, rejected; it admits and swaps nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.snapshots import ModelEvent, ModelInService, ModelsSnapshot, ModelState

MOST_EVENTS = 50


class ModelsBoard:
    """Holds the `ModelsSnapshot` by reference: written by the models thread only, read by any."""

    def __init__(self) -> None:
        """Start with nothing declared and nothing in service."""
        self._snapshot = ModelsSnapshot()

    def snapshot(self) -> ModelsSnapshot:
        """Return the models thread's view as of now."""
        return self._snapshot

    def declared(self, data_types: Iterable[str]) -> None:
        """Add data types that the settings name or the models topic has held; a declared one stays so."""
        self._snapshot = replace(self._snapshot, declared=self._snapshot.declared.union(data_types))

    def loading(self, name: str) -> None:
        """Say which model is being admitted; an empty name says none."""
        self._snapshot = replace(self._snapshot, loading=name)

    def swapped(self, service: ModelInService, previous: ModelIdentity | None = None) -> None:
        """Say that a model is in service from now on, in place of `previous` (None: its data type had none)."""
        name = previous.name if previous else ""
        event = ModelEvent(service.since_ms, service.data_type, service.model, ModelState.AVAILABLE, previous=name)
        now = self._snapshot
        others = tuple(other for other in now.in_service if other.data_type != service.data_type)
        self._snapshot = replace(
            now,
            loading="",
            declared=now.declared | {service.data_type},
            in_service=(*others, service),
            events=_with(now.events, event),
            swaps=now.swaps + 1,
        )

    def renamed(self, data_type: str, identity: ModelIdentity, description: str) -> None:
        """Say that the model in service for a data type is called otherwise from now on; it is no swap."""
        now = self._snapshot
        in_service = tuple(
            replace(model, model=identity, description=description) if model.data_type == data_type else model
            for model in now.in_service
        )
        self._snapshot = replace(now, in_service=in_service)

    def rejected(self, data_type: str, model: ModelIdentity, reason: str, at_ms: int) -> None:
        """Say that a model may not score, and why; the one in service stays."""
        event = ModelEvent(at_ms, data_type, model, ModelState.REJECTED, reason)
        now = self._snapshot
        self._snapshot = replace(now, loading="", events=_with(now.events, event), rejections=now.rejections + 1)

    def caught_up(self) -> None:
        """Say that the models topic has been read to the end it had when reading began."""
        self._snapshot = replace(self._snapshot, caught_up=True)


def _with(events: tuple[ModelEvent, ...], event: ModelEvent) -> tuple[ModelEvent, ...]:
    return (*events, event)[-MOST_EVENTS:]
