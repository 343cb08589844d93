"""The gate a model passes before it may score: checked, loaded, verified, warmed up; it puts nothing in service."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from streamscore_cli.core.columns import Column, Columns
from streamscore_cli.core.errors import MissingDependency, ModelRejected, ModelUnsupported, SignatureMismatch
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat, ModelIdentity
from streamscore_cli.core.signature import Field, Signature
from streamscore_cli.engines.engine import Engine, Servable
from streamscore_cli.serving.binding import Names, check_fits
from streamscore_cli.serving.manager import LoadedModel

WARM_UP_ROWS = (1, 64)
"""Sizes of the batches that a model scores before it is available: the lone record and a full batch."""


@dataclass(frozen=True, slots=True)
class RecordShape:
    """What the records of a data topic offer a model: their declared fields (None: not declared) and the name map."""

    fields: tuple[Field, ...] | None
    names: Names


class Admission:
    """Turns a descriptor into a model that may score, or says why it may not; used by the models thread only."""

    def __init__(
        self,
        engines_for: Callable[[ModelFormat], Sequence[Engine]],
        guard: Callable[[Artifact], None],
        shapes: Sequence[RecordShape],
    ) -> None:
        """Take the engines' table, the check that comes before any engine, and the shapes of the data topics."""
        self._engines_for = engines_for
        self._guard = guard
        self._shapes = tuple(shapes)

    def admit(self, descriptor: ModelDescriptor, version: int) -> LoadedModel:
        """Load, verify and warm up the model of `descriptor`, which has `version` (its offset in the models topic).

        Raises `ModelRejected` with the reason. NEW -> LOADING -> VERIFYING -> WARMING, then it is the caller's to swap.
        """
        artifact = descriptor.artifact
        if artifact is None:
            raise ModelRejected(
                f"Model {descriptor.name!r} is given by reference ({descriptor.location!r:.200}), which is refused.",
                "Publish the model itself: streamscore publish model FILE.",
            )
        begun = time.perf_counter_ns()
        engine, servable = self._load(artifact)
        try:
            self._verify(servable.signature)
            warm_up(servable)
        except BaseException:
            servable.close()
            raise
        return LoadedModel(
            data_type=descriptor.data_type,
            identity=ModelIdentity(descriptor.name, version, artifact.sha256, descriptor.label),
            description=descriptor.description,
            engine=engine.name,
            format=artifact.format.value,
            size_bytes=artifact.size_bytes,
            load_ms=(time.perf_counter_ns() - begun) / 1e6,
            servable=servable,
        )

    def _load(self, artifact: Artifact) -> tuple[Engine, Servable]:
        self._guard(artifact)
        try:
            return _first_that_can(self._engines_for(artifact.format), artifact)
        except ModelRejected:
            raise
        except MissingDependency as error:
            raise ModelRejected(error.message, error.hint) from error
        except Exception as error:  # whatever a stranger's model does to an engine, it is the model that goes
            raise ModelRejected(f"The engine cannot load it: {_said(error)}") from error

    def _verify(self, signature: Signature) -> None:
        mismatches: list[SignatureMismatch] = []
        for shape in self._shapes:
            if shape.fields is None:
                return
            try:
                check_fits(signature, shape.fields, shape.names)
            except SignatureMismatch as error:
                mismatches.append(error)
        if mismatches and len(mismatches) == len(self._shapes):
            raise mismatches[0]


def _first_that_can(engines: Sequence[Engine], artifact: Artifact) -> tuple[Engine, Servable]:
    """Load a model with the first engine that supports it; raises the last one's refusal with the reasons of all."""
    beyond: list[str] = []
    for engine in engines[:-1]:
        try:
            return engine, engine.load(artifact)
        except ModelUnsupported as error:
            beyond.append(f"{engine.name}: {error.message}")
    engine = engines[-1]
    try:
        return engine, engine.load(artifact)
    except ModelUnsupported as error:
        if not beyond:
            raise
        raise ModelUnsupported(" ".join([*beyond, f"{engine.name}: {error.message}"]), error.hint) from error


def warm_up(servable: Servable) -> None:
    """Score made-up rows, so that the first real ones find everything in place; raises `ModelRejected` if that fails.

    Rows that the model declares bad are no failure: zeros need not be within its limits.
    """
    for rows in WARM_UP_ROWS:
        try:
            columns = Columns(rows, {field.name: _plain(field, rows) for field in servable.signature.inputs})
            servable.score(columns)
        except Exception as error:
            raise ModelRejected(f"The model fails on its first records: {_said(error)}") from error


def _said(error: Exception) -> str:
    return f"{error!s:.500}" or type(error).__name__


def _plain(field: Field, rows: int) -> Column:
    if not field.type.is_numeric:
        return np.full(rows, None, dtype=object)
    return np.zeros(rows if field.width == 1 else (rows, field.width))
