"""The native PMML engine at the project's port; the engine itself is `compile_pmml` and `Model`, which know no port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.models import Artifact
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.models.mining.chain import Last
from streamscore_cli.engines.pmml.outputs.features import Distributed
from streamscore_cli.engines.pmml.program import Answer, Program
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import DataType

HINT = "docs/pmml.md says what is supported. Export the model without it, or set models.fallback to pypmml."
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
        chances = [_probability(label) for label in program.labels] if program.has_probabilities else []
        answers = tuple(one for one in program.answers if not _repeats(program, one, chances))
        if answers != program.answers:
            self._model = Model(replace(program, answers=answers))
        self._signature = Signature(
            tuple(replace(_field(one.name, one.type), optional=one.optional) for one in program.inputs),
            (
                _field(program.target or "result", program.type),
                *(Field(name, FieldType.DOUBLE) for name in chances),
                *(_field(one.name, one.type) for one in answers),
            ),
        )

    @property
    def signature(self) -> Signature:
        """Return what the model takes and gives."""
        return self._signature

    def score(self, columns: Columns) -> Scores:
        """Answer all rows; those that cannot be scored are named in `Scores.failures`."""
        result = self._model.score(columns.length, columns.arrays)
        failures = _failures(result.reasons) if result.reasons else ()
        return Scores(result.value, result.labels, result.probabilities, result.outputs, failures)

    def close(self) -> None:
        """Free nothing: a compiled model is plain memory."""


def _failures(reasons: Mapping[int, str]) -> tuple[Failure, ...]:
    return tuple(Failure(row, Stage.SCORE, Cause.INVALID_VALUE, reason) for row, reason in reasons.items())


def _field(name: str, kind: DataType) -> Field:
    return Field(name, _TYPES.get(kind, FieldType.STRING))


def _probability(label: str) -> str:
    return f"probability({label})"


def _repeats(program: Program, answer: Answer, chances: Sequence[str]) -> bool:
    """Tell whether a declared output is a probability of the model's result under the name that results give it."""
    column = program.columns[answer.slot]
    if answer.name not in chances or not isinstance(column, Distributed) or answer.type is not DataType.DOUBLE:
        return False
    main = program.main
    while isinstance(model := program.models[main], Last):
        main = model.model
    return (column.model, column.feature, column.place) == (main, PROBABILITY, chances.index(answer.name))


class PmmlEngine:
    """Loads PMML documents of versions 3.0 to 4.4 without a Java machine."""

    @property
    def name(self) -> str:
        """Return the name shown to users."""
        return "pmml"

    def load(self, artifact: Artifact) -> PmmlServable:
        """Compile and verify a document; raises `ModelRejected` or `ModelUnsupported`."""
        try:
            return PmmlServable(compile_pmml(artifact.data))
        except ModelUnsupported as error:
            raise ModelUnsupported(error.message, HINT) from None
