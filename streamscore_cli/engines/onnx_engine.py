"""ONNX models scored batch by batch by ONNX Runtime; no custom operators, no data in other files, no loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported, StreamscoreError
from streamscore_cli.core.models import Artifact
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.onnx_check import read_model
from streamscore_cli.engines.onnx_labels import ClassLabels, Labels, take_class_labels
from streamscore_cli.engines.onnx_runtime import import_onnx_runtime
from streamscore_cli.engines.onnx_session import OnnxSession
from streamscore_cli.engines.onnx_tensors import check_width, fixed_batch, input_spec, output_field, output_width
from streamscore_cli.engines.tensor_answers import columns_of, not_numbers, scores_of_tables, table_of
from streamscore_cli.engines.tensor_rows import score_rows


class OnnxEngine:
    """Loads what is made of the ONNX standard's operators only (`onnx_check`)."""

    @property
    def name(self) -> str:
        """Return `onnx`."""
        return "onnx"

    def load(self, artifact: Artifact) -> Servable:
        """Check and load a model; the first load imports ONNX Runtime.

        Raises `ModelRejected`, `ModelUnsupported` or `MissingDependency`.
        """
        import_onnx_runtime()
        model = read_model(artifact.data)
        labels = take_class_labels(model)
        session = OnnxSession(model.SerializeToString())
        try:
            return OnnxServable(session, labels)
        except ModelRejected:
            session.close()
            raise


@dataclass(frozen=True, slots=True)
class _Classes:
    """Where among the outputs the probabilities are and, unless it is the likeliest one, the label; and the labels."""

    probabilities: int
    answer: int | None
    labels: Labels


class OnnxServable:
    """One model in its session; `score` raises `StreamscoreError` where ONNX Runtime refuses a batch, naming no row."""

    def __init__(self, session: OnnxSession, labels: ClassLabels) -> None:
        """Describe the model; raises `ModelRejected` or `ModelUnsupported` where its shapes do not do."""
        if not session.inputs or not session.outputs:
            raise ModelUnsupported("The ONNX model has no input or no output.")
        self._session = session
        self._inputs = tuple(input_spec(item) for item in session.inputs)
        check_width(sum(item.field.width for item in self._inputs), "model takes")
        self._batch = fixed_batch(session.inputs)
        self._outputs = tuple(output_field(item, labels.maps.get(item.name, ())) for item in session.outputs)
        self._classes = _classes(self._outputs, [output_width(item) for item in session.outputs], labels)

    @property
    def signature(self) -> Signature:
        """Return the model's inputs and outputs."""
        return Signature(tuple(item.field for item in self._inputs), self._outputs)

    def score(self, columns: Columns) -> Scores:
        """Answer all rows; a row that lacks an input, or has one of another type, is a failure of that row alone.

        A missing number is no failure where the input is of a floating type: the model gets NaN.
        """
        return score_rows(self._inputs, columns, self._answer)

    def close(self) -> None:
        """Free the model; may be called twice."""
        self._session.close()

    def _answer(self, feeds: Sequence[NDArray[Any]], rows: int) -> Scores:
        answers = self._session.run(feeds, self._batch)
        names = [field.name for field in self._outputs]
        pairs = zip(names, answers, strict=True)
        tables = [table_of(f"ONNX output '{name}'", answer, rows) for name, answer in pairs]
        if self._classes is None:
            return scores_of_tables(names, tables)
        return _classified(self._classes, names, tables)


def _classes(fields: Sequence[Field], widths: Sequence[int | None], labels: ClassLabels) -> _Classes | None:
    """Find the label and the probabilities: those of a ZipMap, else those whose labels the graph tells."""
    for place, field in enumerate(fields):
        if field.name in labels.maps:
            return _Classes(place, _label_place(fields), labels.maps[field.name])
    for answer, field in enumerate(fields):
        known = labels.answers.get(field.name, ())
        for place, width in enumerate(widths):
            if len(known) > 1 and width == len(known) and fields[place].type in {FieldType.FLOAT, FieldType.DOUBLE}:
                return _Classes(place, answer, known)
    return None


def _label_place(fields: Sequence[Field]) -> int | None:
    kinds = {FieldType.INTEGER, FieldType.STRING}
    return next((at for at, field in enumerate(fields) if field.type in kinds and field.width == 1), None)


def _classified(classes: _Classes, names: Sequence[str], tables: Sequence[NDArray[Any]]) -> Scores:
    probabilities = tables[classes.probabilities]
    if probabilities.shape[1] != len(classes.labels):
        raise StreamscoreError(
            f"The ONNX output '{names[classes.probabilities]}' has {probabilities.shape[1]} probabilities for "
            f"{len(classes.labels)} labels."
        )
    if classes.answer is None:
        result = np.array(classes.labels, dtype=object)[probabilities.argmax(axis=1)]
    else:
        result = tables[classes.answer][:, 0]
    outputs: dict[str, NDArray[Any]] = {}
    for place, (name, table) in enumerate(zip(names, tables, strict=True)):
        if place not in {classes.answer, classes.probabilities}:
            outputs |= columns_of(name, table)
    return Scores(result, classes.labels, probabilities, outputs, not_numbers(probabilities))
