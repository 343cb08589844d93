"""Compiled models as bytes and back: no code is in them, and none is run to load them.

What is loaded is a program of the engine's own classes with fields of their own types, whatever the bytes are. The
checksum is against accidents, not against forgers: a forged file can be a model that answers anything.
"""

from __future__ import annotations

from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.store.classes import engine_digest
from streamscore_cli.engines.pmml.store.errors import OutdatedModelError, UnreadableModelError, UnstorableModelError
from streamscore_cli.engines.pmml.store.frame import framed, unframed
from streamscore_cli.engines.pmml.store.read import restored
from streamscore_cli.engines.pmml.store.write import written

__all__ = ["OutdatedModelError", "UnreadableModelError", "UnstorableModelError", "load", "save"]


def save(model: Model) -> bytes:
    """Return a compiled model as bytes; raises `UnstorableModelError` for what the store has no form for."""
    table, arrays = written(model.program)
    return framed(table, arrays, engine_digest())


def load(data: bytes | memoryview) -> Model:
    """Return the model that was saved; its arrays are views of `data`, which may be a file in memory (mmap).

    Raises `OutdatedModelError` where another version of the engine saved it: compile the document anew.
    `UnreadableModelError`, of which that is one, says that these bytes are no whole stored model.
    """
    view = memoryview(data)
    if not view.c_contiguous:
        raise UnreadableModelError("The bytes of a stored model must lie one after the other.")
    program = restored(*unframed(view.cast("B"), engine_digest()))
    try:
        return Model(program)
    except Exception as problem:
        raise UnreadableModelError(f"The stored model cannot be put to use: {problem!r}") from problem
