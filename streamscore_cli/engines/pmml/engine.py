"""The native PMML engine at the project's port; the engine itself is `compile_pmml` and `Model`, which know no port."""

from __future__ import annotations

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.models import Artifact
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.values.types import DataType

_TYPES = {
    DataType.DOUBLE: FieldType.DOUBLE,
    DataType.FLOAT: FieldType.FLOAT,
    DataType.INTEGER: FieldType.INTEGER,
    DataType.BOOLEAN: FieldType.BOOLEAN,
}


class PmmlServable:
    """A compiled PMML model as a servable; any thread may score with it."""

    def __init__(self, model: Model) -> None:
        """Take the model's inputs and outputs as its signature; types beyond the port's travel as text."""
        self._model = model
        program = model.program
        inputs = tuple(Field(one.name, _TYPES.get(one.type, FieldType.STRING)) for one in program.inputs)
        outputs = tuple(Field(one.name, _TYPES.get(one.type, FieldType.STRING)) for one in program.answers)
        self._signature = Signature(inputs, outputs)

    @property
    def signature(self) -> Signature:
        """Return what the model takes and gives."""
        return self._signature

    def score(self, columns: Columns) -> Scores:
        """Answer all rows; those that cannot be scored are named in `Scores.failures`."""
        result = self._model.score(columns.length, columns.arrays)
        failures = tuple(
            Failure(row, Stage.SCORE, Cause.INVALID_VALUE, reason) for row, reason in result.reasons.items()
        )
        return Scores(result.value, result.labels, result.probabilities, result.outputs, failures)

    def close(self) -> None:
        """Free nothing: a compiled model is plain memory."""


class PmmlEngine:
    """Loads PMML documents of versions 3.0 to 4.4 without a Java machine."""

    @property
    def name(self) -> str:
        """Return the name shown to users."""
        return "pmml"

    def load(self, artifact: Artifact) -> PmmlServable:
        """Compile and verify a document; raises `ModelRejected` or `ModelUnsupported`."""
        return PmmlServable(compile_pmml(artifact.data))
