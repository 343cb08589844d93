"""A `GraphProgram` ready to be called with arrays, in limited time; it knows tensors and neither records nor scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from streamscore_cli.core.errors import ModelRejected, StreamscoreError, TimedOut
from streamscore_cli.engines.tensorflow_length import has_loop
from streamscore_cli.engines.tensorflow_program import GraphProgram, InputTensor, OutputTensor, Shape
from streamscore_cli.engines.tensorflow_runtime import TensorFlow, import_tensorflow


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a graph with loops may take, in seconds: to be made ready once, and to answer one batch."""

    ready_s: float = 60.0
    batch_s: float = 10.0


DEFAULT_LIMITS = TimeLimits()


class GraphSession:
    """One graph in a session of its own: on the CPU, in the thread of the caller, or beside it if it has loops."""

    def __init__(
        self, name: str, program: GraphProgram, variables: Path | None = None, limits: TimeLimits = DEFAULT_LIMITS
    ) -> None:
        """Import the graph and restore its variables from the files at the path `variables`.

        `name` is the model's in errors. Raises `ModelRejected`.
        """
        tf = import_tensorflow()
        self._name = name
        self._limits = limits
        self._late = tf.errors.DeadlineExceededError
        self._errors = (tf.errors.OpError, ValueError, TypeError, KeyError)
        self._session: TensorFlow = None
        try:
            graph = tf.Graph()
            with graph.as_default():
                tf.graph_util.import_graph_def(program.graph, name="")
            self.inputs = program.inputs
            self.outputs, fetches = _fetches(graph, program)
            self._session = tf.compat.v1.Session(graph=graph, config=_configuration(tf, program, limits))
            self._prepare(tf, program, variables)
            feeds = [graph.get_tensor_by_name(item.tensor) for item in program.inputs]
            self._call = self._session.make_callable(fetches, feed_list=feeds)
            self._graph = graph
        except self._late:
            self.close()
            raise ModelRejected(f"The {name} did not get ready within {limits.ready_s:g} s.") from None
        except self._errors as error:
            self.close()
            raise ModelRejected(f"TensorFlow does not take the graph: {_reason(error)}") from None

    def type_name(self, item: InputTensor) -> str:
        """Return the name of an input's type, as in `float32` or `string`."""
        return str(self._graph.get_tensor_by_name(item.tensor).dtype.name)

    def input_shape(self, item: InputTensor) -> Shape:
        """Return an input's sizes: the declared ones, else those of its tensor."""
        return _sizes(self._graph.get_tensor_by_name(item.tensor)) if item.shape is None else item.shape

    def output_shape(self, item: OutputTensor) -> Shape:
        """Return what the graph says of an output's sizes."""
        return _sizes(self._graph.get_tensor_by_name(item.tensor))

    def output_type(self, item: OutputTensor) -> str:
        """Return the name of an output's type."""
        return str(self._graph.get_tensor_by_name(item.tensor).dtype.name)

    def run(self, feeds: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Return the outputs for the inputs, each in the session's order; raises `StreamscoreError`, or `TimedOut`."""
        try:
            answers: list[NDArray[Any]] = self._call(*feeds)
        except self._late:
            raise TimedOut(
                f"The {self._name} did not answer {len(feeds[0])} records within {self._limits.batch_s:g} s.",
                "It has a loop that is long or never ends: publish a model that answers in time.",
            ) from None
        except self._errors as error:
            raise StreamscoreError(f"TensorFlow failed to score: {_reason(error)}") from None
        return answers

    def close(self) -> None:
        """Free the session with its variables; may be called twice."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _prepare(self, tf: TensorFlow, program: GraphProgram, variables: Path | None) -> None:
        options = tf.compat.v1.RunOptions(timeout_in_ms=round(self._limits.ready_s * 1000))
        if program.restore is not None and variables is not None:
            path = {program.restore.path_tensor: str(variables)}
            self._session.run(program.restore.node, feed_dict=path, options=options)
        for node in program.start:
            self._session.run(node, options=options)


def _fetches(graph: TensorFlow, program: GraphProgram) -> tuple[tuple[OutputTensor, ...], list[TensorFlow]]:
    outputs: list[OutputTensor] = []
    for item in program.outputs:
        if ":" in item.tensor:
            outputs.append(item)
            continue
        tensors = graph.get_operation_by_name(item.tensor).outputs
        names = [item.name] if len(tensors) == 1 else [f"{item.name}:{place}" for place in range(len(tensors))]
        pairs = zip(names, tensors, strict=True)
        outputs.extend(OutputTensor(name, tensor.name) for name, tensor in pairs if _may_answer(tensor))
    return tuple(outputs), [graph.get_tensor_by_name(item.tensor) for item in outputs]


def _may_answer(tensor: TensorFlow) -> bool:
    """Tell whether a tensor's first size is open; loops and conditions leave others behind that nobody asks for."""
    sizes = _sizes(tensor)
    return sizes is None or (len(sizes) > 0 and sizes[0] < 0)


def _configuration(tf: TensorFlow, program: GraphProgram, limits: TimeLimits) -> TensorFlow:
    # In the caller's thread (-1) operations are a third faster than in a pool of one thread, but no timeout ends them.
    loops = has_loop(program.graph)
    return tf.compat.v1.ConfigProto(
        device_count={"CPU": 1, "GPU": 0},
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=1 if loops else -1,
        use_per_session_threads=loops,
        operation_timeout_in_ms=round(limits.batch_s * 1000) if loops else 0,
    )


def _sizes(tensor: TensorFlow) -> Shape:
    if tensor.shape.rank is None:
        return None
    return tuple(-1 if size is None else int(size) for size in tensor.shape.as_list())


def _reason(error: Exception) -> str:
    """Return the one line of an error that says what was wrong: that before its node, else the first."""
    lines = [line.strip() for line in str(getattr(error, "message", None) or error).splitlines() if line.strip()]
    nodes = [at for at, line in enumerate(lines) if line.startswith("[[{{node")]
    line = lines[nodes[0] - 1] if nodes else next(iter(lines), type(error).__name__)
    return line[:300]
