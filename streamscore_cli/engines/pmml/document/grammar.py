"""Which elements and attributes the engine reads, and the check that a document has no others; it compiles nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streamscore_cli.engines.pmml.document.element import Element, unsupported


@dataclass(frozen=True, slots=True)
class Shape:
    """What an element may carry: attributes that are read, attributes that cannot change an answer, children.

    A child that is named in `inert` cannot change an answer, whatever is in it.
    """

    reads: frozenset[str]
    ignores: frozenset[str]
    children: frozenset[str]
    inert: frozenset[str]


Shapes = Mapping[str, Shape]
_ALWAYS_INERT = frozenset({"Extension"})


def shape(reads: str = "", children: str = "", ignores: str = "", inert: str = "") -> Shape:
    """Return a shape from lists of names separated by blanks."""
    return Shape(
        frozenset(reads.split()),
        frozenset(ignores.split()),
        frozenset(children.split()),
        frozenset(inert.split()) | _ALWAYS_INERT,
    )


def merged(tables: Iterable[Shapes]) -> dict[str, Shape]:
    """Return one table of several; an element that two of them describe gets the union of both."""
    result: dict[str, Shape] = {}
    for table in tables:
        for tag, new in table.items():
            old = result.get(tag)
            result[tag] = new if old is None else _union(old, new)
    return result


def check(root: Element, shapes: Shapes) -> None:
    """Refuse the first element or attribute, in document order, that the engine does not know.

    Raises `ModelUnsupported` naming it and its line.
    """
    if root.tag not in shapes:
        raise unsupported(root, "is not among the elements it knows")
    waiting = [root]
    checked: set[tuple[str, int]] = set()
    while waiting:
        element = waiting.pop()
        known = shapes[element.tag]
        same = (element.tag, id(element.places))
        if same not in checked:
            _check_attributes(element, known)
            checked.add(same)
        for child in reversed(element.children):
            if child.tag in known.inert:
                continue
            if child.tag not in known.children:
                raise unsupported(child, f"inside {element} is not among the elements it knows there")
            if child.tag not in shapes:
                raise unsupported(child, "is not among the elements it knows")
            waiting.append(child)


def _check_attributes(element: Element, known: Shape) -> None:
    for name in element.places:
        if name not in known.reads and name not in known.ignores and " " not in name:
            raise unsupported(element, f"has the attribute {name!r}, which it does not know")


def _union(old: Shape, new: Shape) -> Shape:
    reads = old.reads | new.reads
    children = old.children | new.children
    return Shape(reads, (old.ignores | new.ignores) - reads, children, (old.inert | new.inert) - children)
