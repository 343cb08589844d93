"""PMML through pypmml's library PMML4S, in a JVM inside this process; it scores as PMML4S does, right or wrong.

Known to be wrong: an ensemble of classification trees whose leaves leave out classes (as Spark writes them). PMML4S
makes NaN of these and averages it, so the label is not to be trusted: such rows fail and are not answered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns, Rows, all_rows
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.models import Artifact
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field, Signature
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.jvm import Java, heap_limit, is_out_of_memory, message_of, start_jvm
from streamscore_cli.engines.jvm_batch import BatchRunner, JavaRows
from streamscore_cli.engines.jvm_inputs import InputLayout
from streamscore_cli.engines.jvm_outputs import OutputLayout, OutputReader, field_type, layout_of
from streamscore_cli.engines.pmml_guard import pmml_text
from streamscore_cli.engines.scatter import scatter

_BEYOND_THE_LIBRARY = {"NotSupportedException", "UnsupportedException", "FunctionNotFoundException"}


class PypmmlEngine:
    """Loads PMML documents that `check_pmml` has passed; `engine_for` sees to that."""

    @property
    def name(self) -> str:
        """Return `pypmml`."""
        return "pypmml"

    def load(self, artifact: Artifact) -> Servable:
        """Parse a document in the JVM, which the first call starts (about a second).

        Raises `ModelUnsupported` for what PMML4S does not do, `ModelRejected` for what it cannot read, and
        `MissingDependency` where the extra is not installed.
        """
        text = pmml_text(artifact.data)
        jpype = start_jvm()
        attached_before = jpype.JClass("java.lang.Thread").isAttached()
        try:
            return _load(jpype, text)
        except jpype.JException as error:
            if is_out_of_memory(error):
                raise _too_big(jpype, artifact) from None
            raise _refusal(error) from None
        finally:
            if not attached_before:
                jpype.JClass("java.lang.Thread").detach()


def _load(jpype: Java, text: str) -> PypmmlServable:
    model = jpype.JClass("org.pmml4s.model.Model").fromString(text)
    layout = layout_of(model)
    if layout is None:
        raise ModelUnsupported("PMML4S finds no model in the document that answers anything.")
    runner = BatchRunner(jpype, model)
    fields = [Field(str(item.name()), field_type(item.dataType())) for item in model.inputFields()]
    inputs = InputLayout({field.name: field for field in fields}, tuple(runner.input_names))
    return PypmmlServable(jpype, runner, inputs, layout, averages="MiningModel" in str(model.modelElement()))


def _too_big(jpype: Java, artifact: Artifact) -> ModelRejected:
    return ModelRejected(
        f"The document of {artifact.size_bytes:,} bytes is too big for PMML4S: the JVM's heap of {heap_limit(jpype)} "
        "is full.",
        "Give the machine or the container more memory, or publish a smaller model.",
    )


def _refusal(error: Java) -> ModelRejected:
    kind = str(error.getClass().getSimpleName())
    if kind in _BEYOND_THE_LIBRARY:
        return ModelUnsupported(f"PMML4S does not support this model: {message_of(error)}")
    return ModelRejected(f"PMML4S cannot read the document: {message_of(error)} ({kind})")


class PypmmlServable:
    """One model in the JVM."""

    def __init__(
        self, jpype: Java, runner: BatchRunner, inputs: InputLayout, outputs: OutputLayout, *, averages: bool
    ) -> None:
        self._jpype = jpype
        self._runner: BatchRunner | None = runner
        self._reader: OutputReader | None = OutputReader(runner, outputs)
        self._inputs = inputs
        self._averages = averages
        self._signature = Signature(tuple(inputs.fields.values()), outputs.fields)

    @property
    def signature(self) -> Signature:
        """Return the active fields of the mining schema, and the answer, the probabilities and the declared outputs."""
        return self._signature

    def score(self, columns: Columns) -> Scores:
        """Answer all rows; a row for which the JVM raises is a failure of that row alone.

        Raises `MemoryError` where the JVM's heap is full: that is no row's fault.
        """
        if self._runner is None or self._reader is None:
            raise RuntimeError("the model is closed")
        try:
            return self._score(self._runner, self._reader, columns)
        except self._jpype.JException as error:
            if is_out_of_memory(error):
                limit = heap_limit(self._jpype)
                raise MemoryError(
                    f"The JVM's heap of {limit} is full while a PMML model scores {columns.length:,} records."
                ) from None
            raise

    def _score(self, runner: BatchRunner, reader: OutputReader, columns: Columns) -> Scores:
        failures = self._inputs.invalid(columns)
        good = np.delete(all_rows(columns.length), list(failures))
        rows = self._run(runner, columns, good)
        errors = runner.errors(rows)
        if errors:
            failures |= {int(good[place]): _failure(int(good[place]), message_of(errors[place])) for place in errors}
            kept = [place for place in range(len(good)) if place not in errors]
            rows, good = runner.only(rows, kept), good[kept]
        scores = self._checked(reader.read(rows))
        return scatter(scores, good, columns.length, failures.values())

    def close(self) -> None:
        """Let go of the model; the JVM collects it."""
        self._runner = self._reader = None

    def _run(self, runner: BatchRunner, columns: Columns, good: Rows) -> JavaRows:
        if self._inputs.is_real:
            return runner.run_numbers(self._inputs.matrix(columns)[good])
        return runner.run_maps(self._inputs.maps(columns, good))

    def _checked(self, scores: Scores) -> Scores:
        """Make 0 of the probabilities that a leaf left out, or failures where they went into an average."""
        if scores.probabilities is None:
            return scores
        missing = np.isnan(scores.probabilities)
        if not missing.any():
            return scores
        answered = np.array([value is not None for value in scores.result], dtype=bool)
        left_out: NDArray[np.bool_] = missing & answered[:, None]
        if not left_out.any():
            return scores
        if not self._averages:
            known = np.where(left_out, 0.0, scores.probabilities)
            return Scores(scores.result, scores.labels, known, scores.outputs)
        reason = "PMML4S averages probabilities that leaves leave out as not-a-number; its label would be wrong"
        failures = tuple(_failure(int(row), reason) for row in np.flatnonzero(left_out.any(axis=1)))
        return Scores(scores.result, scores.labels, scores.probabilities, scores.outputs, failures)


def _failure(row: int, reason: str) -> Failure:
    return Failure(row, Stage.SCORE, Cause.SCORING_FAILED, reason)
