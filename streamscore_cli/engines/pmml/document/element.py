"""An element of a PMML document with its line, and typed readings of its attributes; it gives them no meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported

T = TypeVar("T")
_NUMBER = re.compile(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*\Z", re.ASCII)
_SPECIAL = {"INF": float("inf"), "-INF": float("-inf"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Element:
    """One element, not to be changed once its document is parsed, but by `release`.

    Plain slots, and `places` (attribute names to places in `values`) shared by all elements with the same attributes,
    because a document may have a million of them.
    """

    __slots__ = ("children", "line", "places", "tag", "text", "values")

    def __init__(self, tag: str, places: Mapping[str, int], values: tuple[str, ...], line: int) -> None:
        """Make an element without children; the parser adds them."""
        self.tag = tag
        self.places = places
        self.values = values
        self.line = line
        self.children: tuple[Element, ...] = ()
        self.text = ""

    def __repr__(self) -> str:
        """Return the element as a refusal names it."""
        return f"<{self.tag}> (line {self.line})"

    @property
    def pairs(self) -> tuple[str, ...]:
        """Return name, value, name, value... of the attributes, in the order of the document."""
        return tuple(text for pair in zip(self.places, self.values, strict=True) for text in pair)

    def get(self, name: str) -> str | None:
        """Return the value of an attribute, or None."""
        place = self.places.get(name)
        return None if place is None else self.values[place]

    def attributes(self) -> dict[str, str]:
        """Return the attributes as a new dictionary."""
        return dict(zip(self.places, self.values, strict=True))

    def find(self, *tags: str) -> Element | None:
        """Return the first child with one of these tags, or None."""
        for child in self.children:
            if child.tag in tags:
                return child
        return None

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the children with one of these tags, in order."""
        return (child for child in self.children if child.tag in tags)


def release(root: Element) -> None:
    """Take a document apart, so that its memory is free at once; an element that is kept keeps its tag and line.

    What was compiled lazily refers back to the elements it was made of, in circles.
    """
    waiting = [root]
    while waiting:
        element = waiting.pop()
        waiting += element.children
        element.children = ()


def rejected(element: Element, problem: str) -> ModelRejected:
    """Return the refusal of a document that is malformed at this element."""
    return ModelRejected(f"The PMML document is malformed: {element} {problem}.")


def unsupported(element: Element, problem: str) -> ModelUnsupported:
    """Return the refusal of a document that uses, at this element, what the engine cannot do."""
    return ModelUnsupported(f"The PMML engine cannot do this: {element} {problem}.")


def required(element: Element, name: str) -> str:
    """Return an attribute that must be there."""
    place = element.places.get(name)
    if place is None:
        raise _absent(element, name)
    return element.values[place]


def _absent(element: Element, name: str) -> ModelRejected:
    return rejected(element, f"has no attribute {name!r}")


def child(element: Element, *tags: str) -> Element:
    """Return the first child with one of these tags; it must be there."""
    found = element.find(*tags)
    if found is None:
        raise rejected(element, f"has no {' or '.join(tags)}")
    return found


def parse_number(text: str) -> float | None:
    """Return the number that `text` is in XML Schema's or Java's notation, or None."""
    if _NUMBER.match(text):
        return float(text)
    return _SPECIAL.get(text.strip())


def number(element: Element, name: str, default: float | None = None) -> float:
    """Return an attribute as a number; without a default it must be there."""
    value = optional_number(element, name)
    if value is not None:
        return value
    if default is not None:
        return default
    raise _absent(element, name)


def optional_number(element: Element, name: str) -> float | None:
    """Return an attribute as a number, or None where it is absent."""
    text = element.get(name)
    if text is None:
        return None
    value = parse_number(text)
    if value is None:
        raise rejected(element, f"has {name}={text!r:.40}, which is no number")
    return value


def integer(element: Element, name: str, default: int | None = None) -> int:
    """Return an attribute as a whole number; without a default it must be there."""
    value = number(element, name, None if default is None else float(default))
    if not value.is_integer():
        raise rejected(element, f"has {name}={value!r}, which is no whole number")
    return int(value)


def flag(element: Element, name: str, *, default: bool) -> bool:
    """Return an attribute as a truth value."""
    text = element.get(name)
    if text is None:
        return default
    if text not in _FLAGS:
        raise rejected(element, f"has {name}={text!r:.40}, which is neither true nor false")
    return _FLAGS[text]


def choice(element: Element, name: str, options: Mapping[str, T], default: T | None = None) -> T:
    """Return what an attribute's value stands for; a value that is not among `options` is unsupported."""
    text = element.get(name)
    if text is None and default is not None:
        return default
    if text is None:
        raise _absent(element, name)
    text = text.removeprefix("x-")
    if text not in options:
        raise unsupported(element, f"has {name}={text!r:.60}")
    return options[text]


def demand(element: Element, name: str, *allowed: str) -> None:
    """Refuse an attribute whose value is not one of those that mean the same to this engine as its absence."""
    text = element.get(name)
    if text is not None and text not in allowed:
        raise unsupported(element, f"has {name}={text!r:.60}")
