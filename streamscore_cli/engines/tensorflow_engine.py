"""TensorFlow models, frozen graphs and zipped SavedModels, scored batch by batch; no Keras files, no checkpoints."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Signature
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.tensor_rows import score_rows
from streamscore_cli.engines.tensorflow_answers import output_field, scores_of
from streamscore_cli.engines.tensorflow_archive import ArchiveLimits, open_archive
from streamscore_cli.engines.tensorflow_graph import read_frozen_graph
from streamscore_cli.engines.tensorflow_saved_model import read_saved_model
from streamscore_cli.engines.tensorflow_session import DEFAULT_LIMITS, GraphSession, TimeLimits
from streamscore_cli.engines.tensorflow_tensors import check_width, input_spec


class TensorFlowEngine:
    """Loads what is made of allowed operations only (`tensorflow_ops`)."""

    def __init__(
        self,
        limits: ArchiveLimits | None = None,
        scratch: Path | None = None,
        time_limits: TimeLimits = DEFAULT_LIMITS,
    ) -> None:
        """Take the limits of archives and of time, and the directory (default: the system's) for variables."""
        self._limits = limits or ArchiveLimits()
        self._scratch = scratch
        self._time_limits = time_limits

    @property
    def name(self) -> str:
        """Return `tensorflow`."""
        return "tensorflow"

    def load(self, artifact: Artifact) -> Servable:
        """Check and load a frozen graph or a zipped SavedModel; the first load imports TensorFlow, which takes seconds.

        A SavedModel's variables are in files only while it loads. Raises `ModelRejected`, `ModelUnsupported` or
        `MissingDependency`.
        """
        if artifact.format is ModelFormat.TENSORFLOW_SAVED_MODEL:
            session = self._open_saved_model(artifact)
        else:
            program = read_frozen_graph(artifact.data)
            session = GraphSession(_name_of(artifact), program, limits=self._time_limits)
        try:
            return TensorFlowServable(session)
        except ModelRejected:
            session.close()
            raise

    def _open_saved_model(self, artifact: Artifact) -> GraphSession:
        with open_archive(artifact.data, self._limits) as archive:
            program = read_saved_model(archive.graph())
            with tempfile.TemporaryDirectory(prefix="streamscore-", dir=self._scratch) as folder:
                variables = archive.extract_variables(Path(folder))
                return GraphSession(_name_of(artifact), program, variables, self._time_limits)


def _name_of(artifact: Artifact) -> str:
    return f"TensorFlow model {artifact.sha256[:12]}"


class TensorFlowServable:
    """One graph in its session; `score` raises `StreamscoreError` where TensorFlow refuses a batch, naming no row."""

    def __init__(self, session: GraphSession) -> None:
        self._session = session
        self._inputs = tuple(
            input_spec(item.name, session.type_name(item), session.input_shape(item)) for item in session.inputs
        )
        check_width(sum(item.field.width for item in self._inputs), "graph takes")
        self._outputs = tuple(
            output_field(item, session.output_type(item), session.output_shape(item)) for item in session.outputs
        )
        if not self._outputs:
            raise ModelRejected("The TensorFlow graph has no output with one row a record.")

    @property
    def signature(self) -> Signature:
        """Return the placeholders or the serving signature's inputs, and the outputs."""
        return Signature(tuple(item.field for item in self._inputs), self._outputs)

    def score(self, columns: Columns) -> Scores:
        """Answer all rows; a row that lacks an input, or has one of another type, is a failure of that row alone."""
        return score_rows(self._inputs, columns, self._answer)

    def close(self) -> None:
        """Close the session; may be called twice."""
        self._session.close()

    def _answer(self, feeds: list[NDArray[Any]], rows: int) -> Scores:
        return scores_of(self._outputs, self._session.run(feeds), rows)
