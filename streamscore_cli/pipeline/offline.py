"""Rows of a file scored by the code that scores records: read, bind, score; how answers look is `answers.py`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from streamscore_cli.config.settings import ModelSettings
from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import MissingDependency, ModelRejected, RowUnreadable
from streamscore_cli.core.models import Artifact, ModelDescriptor
from streamscore_cli.core.names import matching_field
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.compiled_pmml import compiled_here
from streamscore_cli.engines.registry import engines_for
from streamscore_cli.records.csv_rows import has_header, sniffed_delimiter
from streamscore_cli.records.row_chunk import Chunks, RowChunk, RowLayout
from streamscore_cli.records.rows import read_rows
from streamscore_cli.records.scored_rows import ScoredRows
from streamscore_cli.serving.admission import Admission
from streamscore_cli.serving.binding import Names, check_fits
from streamscore_cli.serving.manager import LoadedModel
from streamscore_cli.serving.scorer import score_slot

FROM_FILE = -1
"""The version of a model that comes from a file and not from the models topic."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answered rows of one chunk in parts, each with the lines of its rows as offsets; and the rows that failed."""

    parts: tuple[ScoredRows, ...]
    failures: tuple[RowUnreadable, ...]


def load_offline(descriptor: ModelDescriptor, limits: ModelSettings) -> LoadedModel:
    """Admit a model as a server would; raises `ModelRejected`, or `MissingDependency` naming the extra to install."""

    def guard(artifact: Artifact) -> None:
        if artifact.size_bytes > limits.max_bytes:
            raise ModelRejected(
                f"The model has {artifact.size_bytes:,} bytes; {limits.max_bytes:,} are admitted.",
                "Raise models.max_bytes in the settings.",
            )

    engines = partial(engines_for, models=limits, native_pmml=compiled_here(limits))
    admission = Admission(engines, guard, ())
    try:
        return admission.admit(descriptor, FROM_FILE)
    except ModelRejected as error:
        if isinstance(error.__cause__, MissingDependency):
            raise error.__cause__ from None
        raise


class OfflineScorer:
    """Scores chunks of rows with one model."""

    def __init__(self, model: LoadedModel, names: Names, data_type_field: str, source: str) -> None:
        """Take the model, where its inputs are named otherwise, the field that is no input, and the file's name."""
        self._model = model
        self._names = names
        self._data_type_field = data_type_field
        self._source = source

    def checked(self, chunks: Iterator[RowChunk]) -> Iterator[RowChunk]:
        """Return the chunks; raises `SignatureMismatch` when the first one's columns never give an input."""
        for place, chunk in enumerate(chunks):
            if place == 0:
                self._check(chunk.columns)
            yield chunk

    def _check(self, columns: Columns) -> None:
        if columns.ordered:
            inputs = columns.without(self._data_type_field)
            widths = {name: 1 if array.ndim == 1 else array.shape[1] for name, array in inputs.arrays.items()}
            fields = tuple(Field(name, FieldType.DOUBLE, width) for name, width in widths.items())
            check_fits(self._model.servable.signature, fields, self._names)

    def score(self, chunk: RowChunk) -> Answers:
        """Answer the rows of a chunk; every row is in a part or, by its line, among the failures."""
        lines = chunk.lines
        slot = score_slot(self._model.servable, chunk.columns.without(self._data_type_field), self._names)
        parts = tuple(
            ScoredRows(
                data_type=self._model.data_type,
                scores=part.scores,
                model=self._model.identity,
                topic=self._source,
                partitions=np.zeros(len(part.rows), np.int64),
                offsets=np.array([lines[row] for row in part.rows.tolist()], np.int64),
                timestamps_ms=np.full(len(part.rows), -1, np.int64),
            )
            for part in slot.parts
        )
        unscored = (
            RowUnreadable(f"line {lines[failure.row]}: {failure.reason}", line=lines[failure.row])
            for failure in slot.failures
        )
        failures = sorted((*chunk.failures, *unscored), key=lambda failure: failure.line)
        return Answers(parts, tuple(failures))


def read_inputs(
    stream: Iterable[bytes], fields: Sequence[Field] | None, data_type_field: str, chunks: Chunks
) -> Iterator[RowChunk]:
    """Read rows to be scored: by the records' `fields` where a file has them all or has no header, else as it is.

    Raises `RowUnreadable` when the file as a whole cannot be read.
    """
    begin: list[bytes] = []
    lines = iter(stream)
    for line in lines:
        begin.append(line)
        if line.strip():
            break
    first = begin[-1].decode("utf-8", "replace").lstrip("\ufeff").strip() if begin else ""
    used = fields if fields and _fits(first, tuple(fields), data_type_field) else None
    return read_rows(chain(begin, lines), None, used, chunks, data_type_field=data_type_field)


def _fits(first_line: str, fields: tuple[Field, ...], data_type_field: str) -> bool:
    """Tell whether a file that begins like this is read by `fields`: it names all of them, or names nothing."""
    layout = RowLayout(fields, (), data_type_field)
    if first_line.startswith("{"):
        names = _keys(first_line)
    else:
        cells = next(csv.reader([first_line], delimiter=sniffed_delimiter(first_line, layout)), [])
        names = [cell.strip() for cell in cells]
        if not has_header(names, RowLayout()):
            return True
    wanted = (field.name for field in fields if field.name != data_type_field)
    return all(matching_field(name, names) is not None for name in wanted)


def _keys(line: str) -> list[str]:
    try:
        found = json.loads(line)
    except ValueError:
        return []
    return list(found) if isinstance(found, dict) else []
