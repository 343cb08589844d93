"""MapValues: a table of several columns in, one cell out; tables inside the document only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compiler import Compiler, Expression
from streamscore_cli.engines.pmml.document.element import Element, child, choice, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column, merged
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, DataType, parse_cell

SHAPES: Shapes = {
    "MapValues": shape("mapMissingTo defaultValue outputColumn dataType", "FieldColumnPair InlineTable"),
    "FieldColumnPair": shape("field column"),
    "InlineTable": shape("", "", inert="row"),
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """The cell of the first row of the table whose keys the fields have."""

    slots: tuple[int, ...]
    keys: NDArray[np.float64]
    cells: NDArray[np.float64]
    default: float
    missing: float
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; the fields' distinct combinations are looked up once each."""
        columns = [batch.column(slot) for slot in self.slots]
        given = np.stack([column.values for column in columns], axis=1)
        unique, places = np.unique(given, axis=0, return_inverse=True)
        table: dict[tuple[float, ...], float] = {}
        for key, cell in zip(self.keys.tolist(), self.cells.tolist(), strict=True):
            table.setdefault(tuple(key), cell)
        found = [
            self.missing if any(map(math.isnan, key)) else table.get(tuple(key), self.default)
            for key in unique.tolist()
        ]
        values = np.array(found, dtype=np.float64)[places.reshape(-1)]
        return Column(values, merged(column.faults for column in columns))


def compile_map_values(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile a MapValues; without a dataType its values are strings."""
    kind = choice(element, "dataType", DATA_TYPES, DataType.STRING)
    pairs = list(element.all("FieldColumnPair"))
    fields = [scope.field(required(pair, "field"), pair) for pair in pairs]
    names = [_local(required(pair, "column")) for pair in pairs]
    output = _local(required(element, "outputColumn"))
    keys: list[list[float]] = []
    cells: list[float] = []
    for row in rows_of(child(element, "InlineTable")):
        key = [
            parse_cell(row[name], field.type, compiler.vocabulary.code) if name in row else None
            for name, field in zip(names, fields, strict=True)
        ]
        if None in key or output not in row:
            raise unsupported(element, f"has a row without a usable value in every column: {row!r:.120}")
        keys.append([cell for cell in key if cell is not None])
        cells.append(literal(element, row[output], kind, compiler.vocabulary))

    def cell(name: str) -> float:
        text = element.get(name)
        return math.nan if text is None else literal(element, text, kind, compiler.vocabulary)

    slots = tuple(field.slot for field in fields)
    table = np.array(keys, dtype=np.float64).reshape(len(keys), len(slots))
    return Mapped(slots, table, np.array(cells, dtype=np.float64), cell("defaultValue"), cell("mapMissingTo"), kind)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def rows_of(table: Element) -> list[dict[str, str]]:
    """Return the rows of an InlineTable, each a text by column."""
    return [{cell.tag: cell.text for cell in row.children} for row in table.all("row")]
