"""What can be wrong with a stored model; whoever keeps such models compiles anew and never shows these to a user."""

from __future__ import annotations


class UnstorableModelError(TypeError):
    """A program holds what the store has no form for: a fault of the engine's own code."""


class UnreadableModelError(ValueError):
    """Bytes are no stored model, or no longer the ones that were saved."""


class OutdatedModelError(UnreadableModelError):
    """Bytes are a stored model, but another version of the engine or of the format wrote them."""
