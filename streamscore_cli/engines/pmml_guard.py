"""The check that a PMML document passes before any engine sees it; it looks at the XML and knows nothing of models."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from xml.parsers import expat

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported

_FIRST_BYTES = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
# Only encodings that every XML parser reads alike: a document must not look different to the engine than to this check.
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1"}


@dataclass(frozen=True, slots=True)
class PmmlLimits:
    """How big a PMML document may be: bytes, nesting of elements, number of elements."""

    max_bytes: int = 64 * 1024 * 1024
    max_depth: int = 256
    max_nodes: int = 5_000_000


DEFAULT_LIMITS = PmmlLimits()


def check_pmml(data: bytes, limits: PmmlLimits = DEFAULT_LIMITS) -> None:
    """Parse `data` once without building a tree, and refuse what no engine should see.

    Raises `ModelRejected` on a DOCTYPE, on more bytes, depth or elements than allowed, on malformed XML and on another
    root element than PMML; `ModelUnsupported` on an encoding that parsers read differently.
    """
    if len(data) > limits.max_bytes:
        raise ModelRejected(
            f"The PMML document has {len(data):,} bytes, the limit is {limits.max_bytes:,}.",
            "Raise models.max_bytes if it is meant to be that big.",
        )
    _Walk(limits).run(data)


def pmml_text(data: bytes) -> str:
    """Decode a document that passed `check_pmml`, as its first bytes or its declaration say."""
    return data.decode(_encoding_by_first_bytes(data) or _ENCODINGS[_declared_encoding(data)])


def root_element(data: bytes) -> str:
    """Return the local name of the root element without reading further.

    Raises `ModelRejected` on a DOCTYPE, and on what is no XML up to there.
    """
    walk = _Walk(PmmlLimits(), root_only=True)
    walk.run(data)
    return walk.root


class _RootSeen(Exception):
    """Ends a parse that only wants the root element."""


class _Walk:
    """Expat's callbacks with their counts."""

    def __init__(self, limits: PmmlLimits, *, root_only: bool = False) -> None:
        self.root = ""
        self._limits = limits
        self._root_only = root_only
        self._depth = 0
        self._nodes = 0
        self._parser = expat.ParserCreate()
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def run(self, data: bytes) -> None:
        """Parse to the end, or to the root element."""
        final = True
        try:
            self._parser.Parse(data, final)
        except _RootSeen:
            return
        except expat.ExpatError as error:
            if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
                raise MemoryError from None
            reason = expat.ErrorString(error.code)
            raise ModelRejected(
                f"The document is not well-formed XML: {reason} at line {error.lineno}, column {error.offset + 1}."
            ) from None

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        del version, standalone
        if encoding is not None and encoding.lower() not in {*_ENCODINGS, "utf-16"}:
            raise ModelUnsupported(
                f"The PMML document declares the encoding '{encoding}'.", "Save it again as UTF-8 and publish that."
            )

    def _doctype(self, name: str, system_id: str | None, public_id: str | None, has_subset: int) -> None:
        del system_id, public_id, has_subset
        raise ModelRejected(
            f"The document has a DOCTYPE ('{name[:80]}', line {self._parser.CurrentLineNumber}): entities and external "
            "files are refused.",
            "Remove the DOCTYPE; PMML needs none.",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        if not self._nodes:
            self._root(name.rpartition(":")[2])
        self._depth += 1
        self._nodes += 1
        if self._depth > self._limits.max_depth:
            raise self._too_much(f"nests deeper than {self._limits.max_depth:,} elements", "depth")
        if self._nodes > self._limits.max_nodes:
            raise self._too_much(f"has more than {self._limits.max_nodes:,} elements", "nodes")

    def _root(self, name: str) -> None:
        self.root = name
        if self._root_only:
            raise _RootSeen
        if name != "PMML":
            raise ModelRejected(f"The document's root element is '{name[:80]}', not 'PMML'.")

    def _end(self, name: str) -> None:
        del name
        self._depth -= 1

    def _too_much(self, what: str, setting: str) -> ModelRejected:
        return ModelRejected(
            f"The PMML document {what} (line {self._parser.CurrentLineNumber}).",
            f"Raise models.max_{setting} if it is meant to be like that.",
        )


def _encoding_by_first_bytes(data: bytes) -> str:
    return next((encoding for first, encoding in _FIRST_BYTES if data.startswith(first)), "")


def _declared_encoding(data: bytes) -> str:
    declared: list[str] = []
    parser = expat.ParserCreate()
    parser.XmlDeclHandler = lambda _version, encoding, _standalone: declared.append(encoding or "")
    end = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    parser.Parse(data[:end])
    return (declared[0] if declared else "").lower() or "utf-8"
