"""The port of model formats: an artifact in, a servable out; what may be loaded at all is decided in serving."""

from __future__ import annotations

from typing import Protocol

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.models import Artifact
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Signature


class Servable(Protocol):
    """A loaded model; scored by one thread at a time."""

    @property
    def signature(self) -> Signature:
        """Return what the model takes and gives."""
        ...

    def score(self, columns: Columns) -> Scores:
        """Answer all rows; `columns` has every input of the signature by its name and in its type.

        Numeric inputs are float64 (NaN = missing), others object (None = missing), tensors float64 (rows, width).
        Bad rows are named in `Scores.failures`; an exception means that the engine cannot tell which.
        """
        ...

    def close(self) -> None:
        """Free what the model holds; called once, after the last `score`."""
        ...


class Engine(Protocol):
    """Loads models of one or more formats; making one costs nothing, `load` may cost much."""

    @property
    def name(self) -> str:
        """Return the name shown to users, as in `pmml` or `tensorflow`."""
        ...

    def load(self, artifact: Artifact) -> Servable:
        """Check and load a model.

        Raises `ModelRejected` (unsafe or malformed), `ModelUnsupported` (fine, but beyond this engine) or
        `MissingDependency` (the extra to install).
        """
        ...
