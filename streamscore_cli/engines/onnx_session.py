"""A checked ONNX model ready to be called with arrays, in batches of the size it takes; it knows no records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.errors import ModelRejected, StreamscoreError
from streamscore_cli.engines.onnx_runtime import OnnxRuntime, import_onnx_runtime, session_options


class OnnxSession:
    """One model on the CPU, in the thread of the caller."""

    def __init__(self, data: bytes) -> None:
        """Load the bytes of a checked model; raises `ModelRejected` where ONNX Runtime does not take them."""
        ort = import_onnx_runtime()
        self._session: OnnxRuntime = None
        try:
            session = ort.InferenceSession(
                data, session_options(ort), providers=["CPUExecutionProvider"], enable_fallback=0
            )
            self.inputs = tuple(session.get_inputs())
            self.outputs = tuple(session.get_outputs())
        except Exception as error:  # its own exceptions have no common base
            raise ModelRejected(f"ONNX Runtime does not take the model: {_reason(error)}") from None
        self._session = session
        self._names = [item.name for item in self.inputs]
        self._answers = [item.name for item in self.outputs]

    def run(self, feeds: Sequence[NDArray[Any]], batch: int | None) -> list[NDArray[Any]]:
        """Return the outputs for the inputs, each in the session's order; `batch` is the only size it takes, or None.

        A batch that is not full is filled up with its last row. Raises `StreamscoreError` naming no row.
        """
        rows = len(feeds[0])
        if batch is None or rows == batch:
            return self._run(feeds)
        parts: list[list[NDArray[Any]]] = []
        for start in range(0, rows, batch):
            part = [_filled(feed[start : start + batch], batch) for feed in feeds]
            parts.append(self._run(part))
            self._check_rows(parts[-1], batch)
        return [np.concatenate(answers)[:rows] for answers in zip(*parts, strict=True)]

    def close(self) -> None:
        """Free the model; may be called twice."""
        self._session = None

    def _run(self, feeds: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            answers: list[NDArray[Any]] = self._session.run(
                self._answers, dict(zip(self._names, feeds, strict=True)), None
            )
        except MemoryError:
            raise
        except Exception as error:
            raise StreamscoreError(f"ONNX Runtime failed to score: {_reason(error)}") from None
        return answers

    def _check_rows(self, answers: Sequence[NDArray[Any]], rows: int) -> None:
        for name, answer in zip(self._answers, answers, strict=True):
            if answer.shape[:1] != (rows,):
                raise StreamscoreError(
                    f"The ONNX output '{name}' has the shape {list(answer.shape)} for {rows} records.",
                    "A model has to answer every record with one row.",
                )


def _filled(part: NDArray[Any], rows: int) -> NDArray[Any]:
    return part if len(part) == rows else np.concatenate([part, np.repeat(part[-1:], rows - len(part), axis=0)])


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next(iter(lines), type(error).__name__)[:300]
