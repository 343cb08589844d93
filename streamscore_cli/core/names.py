"""When two names mean the same field; explicit maps from settings are the business of who binds."""

from __future__ import annotations

from collections.abc import Sequence


def matching_field(name: str, available: Sequence[str]) -> str | None:
    """Return which of `available` means `name`: the same name, else the first alike but for spaces and underscores."""
    if name in available:
        return name
    alike = name.replace(" ", "_")
    return next((field for field in available if field.replace(" ", "_") == alike), None)
