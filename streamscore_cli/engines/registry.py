"""Which engine loads which format, one line a format; it makes engines on demand and imports none before."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

from streamscore_cli.config.settings import ModelSettings
from streamscore_cli.core.choices import Fallback
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.engine import Engine, Servable
from streamscore_cli.engines.pmml_guard import PmmlLimits, check_pmml

ENTRY_POINT_GROUP = "streamscore.engines"

ENGINES: dict[ModelFormat, str] = {
    ModelFormat.PMML: "streamscore_cli.engines.pmml.engine:PmmlEngine",
    ModelFormat.TENSORFLOW: "streamscore_cli.engines.tensorflow_engine:TensorFlowEngine",
    ModelFormat.TENSORFLOW_SAVED_MODEL: "streamscore_cli.engines.tensorflow_engine:TensorFlowEngine",
    ModelFormat.ONNX: "streamscore_cli.engines.onnx_engine:OnnxEngine",
}
"""The engines that come with the package ("module:Class"); an entry point named as the format comes before them."""

FALLBACKS: dict[Fallback, str] = {Fallback.PYPMML: "streamscore_cli.engines.jvm_pmml:PypmmlEngine"}
"""The engines that may try a PMML document that the first one does not support."""

_DEFAULTS = ModelSettings()


def engines_for(
    model_format: ModelFormat, models: ModelSettings = _DEFAULTS, native_pmml: Engine | None = None
) -> tuple[Engine, ...]:
    """Make the engines of a format in the order in which they try a model; the next one only where one is beyond it.

    A PMML document is held to the limits of `models` before an engine sees it. `native_pmml`, of `compiled_pmml`, holds
    it to them itself, and stands in for the native engine.
    """
    path = _path_of(model_format)
    if model_format is not ModelFormat.PMML:
        return (_made(path),)
    paths = [path, *([FALLBACKS[models.fallback]] if models.fallback in FALLBACKS else [])]
    limits = PmmlLimits(models.max_bytes, models.max_depth, models.max_nodes)
    native = ENGINES[ModelFormat.PMML]
    return tuple(
        native_pmml if one == native and native_pmml is not None else GuardedPmmlEngine(_made(one), limits)
        for one in paths
    )


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


def _path_of(model_format: ModelFormat) -> str:
    for point in entry_points(group=ENTRY_POINT_GROUP, name=model_format.value):
        return point.value
    return ENGINES[model_format]


def _made(path: str) -> Engine:
    module, _, name = path.partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)()
    return engine
