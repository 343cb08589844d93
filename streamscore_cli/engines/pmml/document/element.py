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
    """One element, not to be changed once its document is parsed; `pairs` is name, value, name, value...

    Plain slots and flat pairs, because a document may have a million of them.
    """

    __slots__ = ("children", "line", "pairs", "tag", "text")

    def __init__(self, tag: str, pairs: tuple[str, ...], line: int) -> None:
        """Make an element without children; the parser adds them."""
        self.tag = tag
        self.pairs = pairs
        self.line = line
        self.children: tuple[Element, ...] = ()
        self.text = ""

    def __repr__(self) -> str:
        """Return the element as a refusal names it."""
        return f"<{self.tag}> (line {self.line})"

    def get(self, name: str) -> str | None:
        """Return the value of an attribute, or None."""
        pairs = self.pairs
        for place in range(0, len(pairs), 2):
            if pairs[place] == name:
                return pairs[place + 1]
        return None

    def attributes(self) -> dict[str, str]:
        """Return the attributes as a new dictionary."""
        return dict(zip(self.pairs[::2], self.pairs[1::2], strict=True))

    def find(self, *tags: str) -> Element | None:
        """Return the first child with one of these tags, or None."""
        for child in self.children:
            if child.tag in tags:
                return child
        return None

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the children with one of these tags, in order."""
        return (child for child in self.children if child.tag in tags)


def rejected(element: Element, problem: str) -> ModelRejected:
    """Return the refusal of a document that is malformed at this element."""
    return ModelRejected(f"The PMML document is malformed: {element} {problem}.")


def unsupported(element: Element, problem: str) -> ModelUnsupported:
    """Return the refusal of a document that uses, at this element, what the engine cannot do."""
    return ModelUnsupported(f"The PMML engine cannot do this: {element} {problem}.")


def required(element: Element, name: str) -> str:
    """Return an attribute that must be there."""
    value = element.get(name)
    if value is None:
        raise rejected(element, f"has no attribute {name!r}")
    return value


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
    text = element.get(name)
    if text is None and default is not None:
        return default
    value = parse_number(required(element, name))
    if value is None:
        raise rejected(element, f"has {name}={text!r:.40}, which is no number")
    return value


def optional_number(element: Element, name: str) -> float | None:
    """Return an attribute as a number, or None where it is absent."""
    return None if element.get(name) is None else number(element, name)


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
    text = required(element, name).removeprefix("x-")
    if text not in options:
        raise unsupported(element, f"has {name}={text!r:.60}")
    return options[text]


def demand(element: Element, name: str, *allowed: str) -> None:
    """Refuse an attribute whose value is not one of those that mean the same to this engine as its absence."""
    text = element.get(name)
    if text is not None and text not in allowed:
        raise unsupported(element, f"has {name}={text!r:.60}")
