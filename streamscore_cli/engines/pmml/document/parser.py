"""Bytes to elements, bounded and without DOCTYPE; it checks that the text is XML and PMML, not what it says."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.document.element import Element

_NAMESPACE = re.compile(r"http://www\.dmg\.org/PMML-(3_[0-2]|4_[0-4])\Z")
_VERSION = re.compile(r"(3\.[0-2](\.\d+)?|4\.[0-4](\.\d+)?)\Z")
_MOST_KEPT = 50_000
"""Of the texts that are kept once for all elements that repeat them; what repeats is near what it repeats."""

_NO_PLACES: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be."""

    size_bytes: int = 512 * 1024 * 1024
    depth: int = 1_000
    elements: int = 20_000_000


DEFAULT_LIMITS = Limits()


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Element:
    """Return the PMML element of a document.

    Raises `ModelRejected` for text that is not well-formed, has a DOCTYPE or exceeds the limits, `ModelUnsupported` for
    a version of PMML this engine does not know.
    """
    if len(data) > limits.size_bytes:
        raise ModelRejected(f"The PMML document has {len(data)} bytes, more than {limits.size_bytes}.")
    builder = _Builder(limits)
    try:
        builder.run(data)
    except expat.ExpatError as problem:
        if problem.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
            raise MemoryError from None
        raise ModelRejected(f"The PMML document is not well-formed XML: {problem}.") from None
    except (LookupError, ValueError) as problem:
        raise ModelRejected(f"The PMML document's text cannot be decoded: {problem}.") from None
    root = builder.root
    if root is None or root.tag != "PMML":
        found = "nothing" if root is None else repr(root)
        raise ModelRejected(f"The document is not PMML: its root is {found}.")
    version = root.get("version") or ""
    if not _VERSION.match(version):
        raise ModelUnsupported(f"The PMML engine reads versions 3.0 to 4.4; the document says {version!r:.20}.")
    return root


class _Builder:
    """Collects elements from expat's events; an element of another namespace becomes an Extension.

    The cells of an InlineTable's row have names of their own in any namespace.
    JPMML writes attributes of later versions into earlier ones as x-name; they are read as the attribute they mean.

    `_done` holds the elements that are complete and wait for their parent, of which `_marks` says where they begin.
    """

    def __init__(self, limits: Limits) -> None:
        self.root: Element | None = None
        self._limits = limits
        self._open: list[Element] = []
        self._marks: list[int] = []
        self._texts: list[list[str] | None] = []
        self._done: list[Element] = []
        self._count = 0
        self._tags: dict[str, str] = {}
        self._places: dict[tuple[str, ...], Mapping[str, int]] = {}
        self._memo: dict[str, str] = {}
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser = parser

    def run(self, data: bytes) -> None:
        """Parse all of `data`."""
        is_final = True
        self._parser.Parse(data, is_final)

    def _doctype(self, *_: object) -> None:
        line = self._parser.CurrentLineNumber
        raise ModelRejected(f"The PMML document has a DOCTYPE (line {line}), which is unsafe.")

    def _start(self, name: str, attributes: list[str]) -> None:
        line = self._parser.CurrentLineNumber
        self._count += 1
        if len(self._open) >= self._limits.depth or self._count > self._limits.elements:
            raise ModelRejected(f"The PMML document is nested too deeply or has too many elements (line {line}).")
        tag = self._tags.get(name) or self._tag(name)
        if attributes:
            names, values = tuple(attributes[::2]), attributes[1::2]
            places = self._places.get(names) or self._numbered(names, line)
            keep = self._memo.setdefault
            element = Element(tag, places, tuple(map(keep, values, values)), line)
            if len(self._memo) > _MOST_KEPT:
                self._memo.clear()
        else:
            element = Element(tag, _NO_PLACES, (), line)
        self._open.append(element)
        self._marks.append(len(self._done))
        self._texts.append(None)

    def _numbered(self, names: tuple[str, ...], line: int) -> Mapping[str, int]:
        places = {name.removeprefix("x-"): place for place, name in enumerate(names)}
        if len(places) != len(names):
            raise ModelRejected(f"The PMML document says an attribute and its x- form in one element (line {line}).")
        if len(self._places) > _MOST_KEPT:
            self._places.clear()
        return self._places.setdefault(names, places)

    def _tag(self, name: str) -> str:
        namespace, _, local = name.rpartition(" ")
        if not namespace or _NAMESPACE.match(namespace):
            if len(self._tags) > _MOST_KEPT:
                self._tags.clear()
            return self._tags.setdefault(name, sys.intern(local))
        if self._open and self._open[-1].tag == "row":
            return local
        if not self._open:
            raise ModelUnsupported(f"The document's namespace {namespace!r:.60} is not that of PMML 3.0 to 4.4.")
        return "Extension"

    def _end(self, _: str) -> None:
        element, mark, pieces = self._open.pop(), self._marks.pop(), self._texts.pop()
        done = self._done
        if len(done) > mark:
            element.children = tuple(done[mark:])
            del done[mark:]
        if pieces is not None:
            text = "".join(pieces)
            element.text = text if not element.children or not text.isspace() else ""
        if self._open:
            done.append(element)
        else:
            self.root = element

    def _text(self, text: str) -> None:
        if not self._open:
            return
        pieces = self._texts[-1]
        if pieces is None:
            self._texts[-1] = [text]
        elif len(self._done) == self._marks[-1] or not (text.isspace() and len(pieces) == 1 and pieces[0].isspace()):
            pieces.append(text)
