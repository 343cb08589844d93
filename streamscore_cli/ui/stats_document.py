"""Reads the parsed JSON of `/stats` with forgiveness: what another version leaves out is empty; it shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamscore_cli.core.printable import printable


@dataclass(frozen=True, slots=True)
class Reading:
    """One JSON object; a key that is missing or of another type reads as empty."""

    value: Mapping[str, object]

    def number(self, key: str) -> float:
        """Return a number, 0 where there is none."""
        found = self.value.get(key)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else 0.0

    def whole(self, key: str) -> int:
        """Return a whole number, 0 where there is none."""
        return int(self.number(key))

    def text(self, key: str) -> str:
        """Return text fit for a terminal: names come from topics, and may hold control characters."""
        found = self.value.get(key)
        return printable(found) if isinstance(found, str) else ""

    def is_true(self, key: str) -> bool:
        """Tell whether the value is true."""
        return self.value.get(key) is True

    def part(self, key: str) -> Reading:
        """Return an object, empty where there is none."""
        found = self.value.get(key)
        return Reading(found if isinstance(found, Mapping) else {})

    def parts(self, key: str) -> list[Reading]:
        """Return a list of objects, empty where there is none."""
        found = self.value.get(key)
        return [Reading(item) for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []

    def texts(self, key: str) -> list[str]:
        """Return a list of texts, empty where there is none."""
        found = self.value.get(key)
        return [printable(item) for item in found if isinstance(item, str)] if isinstance(found, list) else []


def recent_of(document: Reading, key: str) -> Reading:
    """Return figures of the last seconds; those since the start from a server that does not tell them apart."""
    recent = document.value.get("recent")
    return document.part("recent").part(key) if isinstance(recent, Mapping) else document.part(key)
