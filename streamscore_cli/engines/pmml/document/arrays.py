"""Array, Matrix and sparse arrays as NumPy or tuples of text; what their numbers mean is the caller's business."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.document.element import Element, integer, number, parse_number, rejected, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape

_ITEM = re.compile(r'"((?:[^"\\]|\\.)*+)("?)|([^\s"]+)', re.DOTALL)
_MOST_CELLS = 4_000_000
"""Of an array or a matrix whose attributes alone say how large it is: a few bytes could ask for any memory."""

SHAPES: Shapes = {
    "Array": shape("n type"),
    "REAL-SparseArray": shape("n defaultValue", "Indices REAL-Entries"),
    "INT-SparseArray": shape("n defaultValue", "Indices INT-Entries"),
    "Indices": shape(),
    "REAL-Entries": shape(),
    "INT-Entries": shape(),
    "Matrix": shape("kind nbRows nbCols diagDefault offDiagDefault", "Array MatCell"),
    "MatCell": shape("row col"),
}


def strings(array: Element) -> tuple[str, ...]:
    """Return the items of an Array as text, quotes removed."""
    items = tuple(_item(array, found) for found in _ITEM.finditer(array.text))
    if array.get("n") is not None and integer(array, "n") != len(items):
        raise rejected(array, f"says n={array.get('n')} and has {len(items)} items")
    return items


def _item(array: Element, found: re.Match[str]) -> str:
    quoted, end, plain = found.groups()
    if plain is not None:
        return str(plain)
    if not end:
        raise rejected(array, "has a quote that is not closed")
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if "\\" in quoted else str(quoted)


def numbers(array: Element) -> NDArray[np.float64]:
    """Return the items of an Array or a sparse array as numbers."""
    if array.tag != "Array":
        return _sparse(array)
    return _floats(array, strings(array))


def matrix(element: Element) -> NDArray[np.float64]:
    """Return a Matrix as a dense array; `kind` any, diagonal or symmetric."""
    kind = element.get("kind") or "any"
    if element.find("MatCell") is not None:
        return _from_cells(element)
    full = _from_rows(element, kind)
    for name, size in zip(("nbRows", "nbCols"), full.shape, strict=True):
        if integer(element, name, size) != size:
            raise rejected(element, f"says {name}={element.get(name)} and has {size}")
    return full


def _from_rows(element: Element, kind: str) -> NDArray[np.float64]:
    rows = [numbers(row) for row in element.all("Array")]
    if kind == "diagonal" and len(rows) == 1:
        full = _full(element, (len(rows[0]), len(rows[0])), "offDiagDefault")
        np.fill_diagonal(full, rows[0])
        return full
    if kind == "symmetric":
        return _symmetric(element, rows)
    if not rows or len({len(row) for row in rows}) != 1:
        raise rejected(element, "has rows of different lengths")
    return np.array(rows)


def _symmetric(element: Element, rows: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    full = _full(element, (len(rows), len(rows)), None)
    for place, row in enumerate(rows):
        if len(row) < place + 1:
            raise rejected(element, f"has only {len(row)} items in row {place + 1}")
        full[place, : place + 1] = row[: place + 1]
        full[: place + 1, place] = row[: place + 1]
    return full


def _from_cells(element: Element) -> NDArray[np.float64]:
    height, width = integer(element, "nbRows"), integer(element, "nbCols")
    full = _full(element, (height, width), "offDiagDefault")
    if element.get("diagDefault") is not None:
        np.fill_diagonal(full, number(element, "diagDefault"))
    for cell in element.all("MatCell"):
        row, column, value = integer(cell, "row"), integer(cell, "col"), parse_number(cell.text)
        if value is None or not (1 <= row <= height and 1 <= column <= width):
            raise rejected(cell, "is no number at a place of its matrix")
        full[row - 1, column - 1] = value
    return full


def _sparse(array: Element) -> NDArray[np.float64]:
    indices, entries = array.find("Indices"), array.find("REAL-Entries", "INT-Entries")
    places = _floats(array, indices.text.split()) if indices is not None else np.empty(0)
    values = _floats(array, entries.text.split()) if entries is not None else np.empty(0)
    length = integer(array, "n") if array.get("n") is not None else _last(places)
    if len(places) != len(values) or not _are_places(places, length):
        raise rejected(array, "has indices that do not fit its entries")
    dense = _full(array, (length,), "defaultValue")
    dense[places.astype(np.intp) - 1] = values
    return dense


def _last(places: NDArray[np.float64]) -> int:
    """Return the largest of the places, 0 where there is none that can be one."""
    return int(places.max()) if len(places) and np.isfinite(places).all() else 0


def _are_places(places: NDArray[np.float64], length: int) -> bool:
    if length < 0 or not len(places):
        return length >= 0
    whole = bool((places == np.floor(places)).all()) and len(np.unique(places)) == len(places)
    return whole and 1 <= float(places.min()) <= float(places.max()) <= length


def _full(element: Element, size: tuple[int, ...], default: str | None) -> NDArray[np.float64]:
    """Return an array that is its default everywhere; refuse sizes that are negative or beyond all reason."""
    if min(size) < 0:
        raise rejected(element, "has a negative size")
    if math.prod(size) > _MOST_CELLS:
        raise unsupported(element, f"asks for more than {_MOST_CELLS} numbers")
    return np.full(size, 0.0 if default is None else number(element, default, 0.0))


def _floats(array: Element, items: tuple[str, ...] | list[str]) -> NDArray[np.float64]:
    values = [parse_number(item) for item in items]
    if None in values:
        raise rejected(array, f"has {items[values.index(None)]!r:.40}, which is no number")
    return np.array(values, dtype=np.float64)
