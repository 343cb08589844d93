"""A batch of plain rows: inputs read and checked already, as one matrix; which rows are plain is said by the gate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.program import Inputs
from streamscore_cli.engines.pmml.values.batch import Batch, Computes, Predicts
from streamscore_cli.engines.pmml.values.column import Cells, Column
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.words import BatchWords, Dictionary


class Words:
    """The words of a program as an array, to be taken from by code."""

    __slots__ = ("array", "dictionary")

    def __init__(self, words: tuple[str, ...]) -> None:
        """Index the words."""
        self.dictionary = Dictionary(words)
        self.array = np.empty(len(words), dtype=object)
        self.array[:] = words


class PlainWords(BatchWords):
    """The words of a batch, decoded at once as long as the batch adds none."""

    __slots__ = ("_array",)

    def __init__(self, words: Words) -> None:
        """Start with the model's words alone."""
        super().__init__(words.dictionary)
        self._array = words.array

    def decode(self, cells: Cells) -> NDArray[np.object_]:
        """Return an array of str and None."""
        if self._words or np.isnan(cells).any():
            return super().decode(cells)
        decoded: NDArray[np.object_] = self._array[cells.astype(np.intp)]
        return decoded


@dataclass(frozen=True, slots=True)
class Frame:
    """What all batches of a program share: its columns and faster models, and by slot the row of the matrix, or -1."""

    columns: tuple[Computes, ...]
    models: tuple[Predicts, ...]
    places: tuple[int, ...]
    words: Words


class PlainBatch(Batch):
    """A batch whose column `slot` is the matrix' row `places[slot]`, computed like any other where that is negative."""

    __slots__ = ("_frame", "matrix", "places")

    def __init__(self, frame: Frame, matrix: Matrix, inputs: Inputs) -> None:
        """Start with the inputs known, as a matrix (fields, rows), and nothing else computed."""
        super().__init__(matrix.shape[1], inputs, frame.columns, frame.models, PlainWords(frame.words))
        self.matrix = matrix
        self.places = frame.places
        self._frame = frame

    def only(self, rows: NDArray[np.intp]) -> PlainBatch:
        """Return a batch of some of the rows, in which nothing is computed yet."""
        return PlainBatch(self._frame, self.matrix[:, rows], {name: array[rows] for name, array in self.inputs.items()})

    def column(self, slot: int) -> Column:
        """Return a column by its number."""
        place = self.places[slot]
        return super().column(slot) if place < 0 else Column(self.matrix[place])
