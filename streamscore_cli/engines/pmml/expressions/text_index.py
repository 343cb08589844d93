"""TextIndex: how often a term stands in a text; texts are made tokens once a batch, whatever the number of terms."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from streamscore_cli.engines.pmml.compiler import Compiler, Expression
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    demand,
    flag,
    integer,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.expressions.mapping import rows_of
from streamscore_cli.engines.pmml.expressions.patterns import OddPatternError, Pattern, replacement, translated
from streamscore_cli.engines.pmml.expressions.plain import constant_of
from streamscore_cli.engines.pmml.fields.derived import EXPRESSIONS
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column, merged
from streamscore_cli.engines.pmml.values.types import DataType, show_number

SHAPES: Shapes = {
    "TextIndex": shape(
        "textField localTermWeights isCaseSensitive maxLevenshteinDistance countHits wordSeparatorCharacterRE wordRE"
        " tokenize",
        f"TextIndexNormalization {EXPRESSIONS}",
    ),
    "TextIndexNormalization": shape(
        "inField outField regexField recursive isCaseSensitive maxLevenshteinDistance wordSeparatorCharacterRE"
        " tokenize",
        "InlineTable",
    ),
}

_FIRST, _LAST = "\ufdd0", "\ufdd1"
"""Around each token of a text made tokens; Unicode has no characters there, and texts lose theirs."""

_STEPS, _LENGTH = 1000, 1_000_000
_PLAIN = {DataType.STRING, DataType.INTEGER, DataType.FLOAT, DataType.DOUBLE, DataType.BOOLEAN}
_SEPARATORS = r"\s+"


class Weight(StrEnum):
    """What is made of a count."""

    COUNT = "termFrequency"
    BINARY = "binary"
    LOGARITHMIC = "logarithmic"


class Hits(StrEnum):
    """Which of the places that are near enough count."""

    ALL = "allHits"
    BEST = "bestHits"


_WEIGHTS = {kind.value: kind for kind in Weight}
_HITS = {kind.value: kind for kind in Hits}


@dataclass(frozen=True, slots=True)
class Replace:
    """What one row of a normalization replaces, by Python's template."""

    pattern: Pattern
    by: str


@dataclass(frozen=True, slots=True)
class Normalize:
    """A table of replacements, done in order once, or until nothing changes."""

    rows: tuple[Replace, ...]
    recursive: bool

    def apply(self, text: str) -> str | None:
        """Return the text normalized; None where that does not end."""
        for _ in range(_STEPS):
            before = text
            for row in self.rows:
                text = row.pattern.compiled().sub(row.by, text)
            if not self.recursive or text == before:
                return text
            if len(text) > _LENGTH:
                return None
        return None


@dataclass(frozen=True, slots=True)
class Tokenize:
    """How a text becomes tokens: split at separators and stripped of punctuation, or all that matches a word."""

    separator: Pattern | None
    word: Pattern | None
    sensitive: bool

    def apply(self, text: str) -> str:
        """Return the tokens, each between two marks."""
        text = text.replace(_FIRST, "\ufffd").replace(_LAST, "\ufffd")
        if self.word is not None:
            tokens = [found.group() for found in self.word.compiled().finditer(text)]
        elif self.separator is not None:
            tokens = [_stripped(token) for token in _split(self.separator, text)]
        else:
            tokens = [text]
        kept = (token if self.sensitive else _folded(token) for token in tokens if token)
        return "".join(f"{_FIRST}{token}{_LAST}" for token in kept)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text field normalized and made tokens: the code of the tokens, between marks, as one word."""

    slot: int
    kind: DataType
    normalizations: tuple[Normalize, ...]
    tokenize: Tokenize

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; a text whose normalization does not end gets a fault."""
        values, faults = batch.column(self.slot)
        unique, places = np.unique(values, return_inverse=True)
        codes, endless = np.full(len(unique), math.nan), np.zeros(len(unique), dtype=bool)
        for place, cell in enumerate(unique.tolist()):
            if math.isnan(cell):
                continue
            made = self._made(_text(cell, self.kind, batch))
            endless[place] = made is None
            codes[place] = math.nan if made is None else batch.words.code(made)
        stuck = batch.faults(endless[places], "the normalization of a text does not end")
        return Column(codes[places], merged((faults, stuck)))

    def _made(self, text: str) -> str | None:
        for normalization in self.normalizations:
            normalized = normalization.apply(text)
            if normalized is None:
                return None
            text = normalized
        return self.tokenize.apply(text)


@dataclass(frozen=True, slots=True)
class Counted:
    """How often the tokens of a term follow each other in the tokens of a text, weighted."""

    tokens: int
    term: Expression | None
    constant: str
    tokenize: Tokenize
    weight: Weight
    distance: int
    hits: Hits
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; missing where the text or the term is."""
        texts, faults = batch.column(self.tokens)
        if self.term is None:
            unique, places = np.unique(texts, return_inverse=True)
            counts = [self._count(cell, self.constant, batch) for cell in unique.tolist()]
            return Column(self._weighted(np.array(counts)[places]), faults)
        terms = self.term.evaluate(batch)
        pairs, places = np.unique(np.stack([texts, terms.values], axis=1), axis=0, return_inverse=True)
        counts = [
            math.nan
            if math.isnan(term)
            else self._count(cell, self.tokenize.apply(_text(term, self.term.type, batch)), batch)
            for cell, term in pairs.tolist()
        ]
        return Column(self._weighted(np.array(counts)[places.reshape(-1)]), merged((faults, terms.faults)))

    def _count(self, cell: float, term: str, batch: Batch) -> float:
        if math.isnan(cell):
            return math.nan
        text = batch.words.word(cell)
        return float(_exact(text, term) if self.distance == 0 else self._near(text, term))

    def _near(self, text: str, term: str) -> int:
        tokens, wanted = _tokens_of(text), _tokens_of(term)
        found = [
            sum(_distance(one, other) for one, other in zip(tokens[start:], wanted, strict=False))
            for start in range(len(tokens) - len(wanted) + 1)
            if wanted
        ]
        near = [distance for distance in found if distance <= self.distance]
        return len(near) if self.hits is Hits.ALL or not near else near.count(min(near))

    def _weighted(
        self, counts: np.ndarray[tuple[int], np.dtype[np.float64]]
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        if self.weight is Weight.BINARY:
            return np.minimum(counts, 1.0)
        return np.log10(1.0 + counts) if self.weight is Weight.LOGARITHMIC else counts


def compile_text_index(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile a TextIndex."""
    demand(element, "tokenize", "true", "1")
    field = scope.field(required(element, "textField"), element)
    term = compiler.expression_in(element, scope)
    if field.type not in _PLAIN or term.type not in _PLAIN:
        raise unsupported(element, f"looks for a {term.type} in a {field.type}")
    sensitive = flag(element, "isCaseSensitive", default=False)
    distance = integer(element, "maxLevenshteinDistance", 0)
    weight = choice(element, "localTermWeights", _WEIGHTS, Weight.COUNT)
    tokenize = _tokenize(element, sensitive=sensitive)
    normalizations = tuple(
        _normalize(one, element, sensitive=sensitive) for one in element.all("TextIndexNormalization")
    )
    if normalizations and distance != 0:
        raise unsupported(element, "has maxLevenshteinDistance and a normalization")
    fixed = constant_of(compiler, term)
    known = fixed is not None and not math.isnan(fixed.value)
    return Counted(
        _once(compiler, Tokens(field.slot, field.type, normalizations, tokenize)),
        None if known else term,
        tokenize.apply(_shown(compiler, fixed.value, fixed.type)) if known and fixed is not None else "",
        tokenize,
        weight,
        distance,
        choice(element, "countHits", _HITS, Hits.ALL),
        DataType.DOUBLE if weight is Weight.LOGARITHMIC else DataType.INTEGER,
    )


def _once(compiler: Compiler, tokens: Tokens) -> int:
    for number, column in enumerate(compiler.columns):
        if isinstance(column, Tokens) and column == tokens:
            return number
    return compiler.column(tokens)


def _shown(compiler: Compiler, cell: float, kind: DataType) -> str:
    return compiler.vocabulary.words[int(cell)] if kind is DataType.STRING else show_number(cell, kind)


def _tokenize(element: Element, *, sensitive: bool) -> Tokenize:
    word = element.get("wordRE")
    if word is None:
        separator = element.get("wordSeparatorCharacterRE")
        return Tokenize(_pattern(element, _SEPARATORS if separator is None else separator), None, sensitive)
    if element.get("wordSeparatorCharacterRE") is not None:
        raise unsupported(element, "says both what a word is and what separates words")
    return Tokenize(None, _pattern(element, word), sensitive)


def _normalize(element: Element, index: Element, *, sensitive: bool) -> Normalize:
    demand(element, "tokenize", "true", "1")
    demand(element, "maxLevenshteinDistance", "0")
    demand(element, "wordSeparatorCharacterRE", index.get("wordSeparatorCharacterRE") or _SEPARATORS)
    sensitive = flag(element, "isCaseSensitive", default=sensitive)
    names = [element.get(name) or default for name, default in _FIELDS]
    rows = [_row(element, row, names, sensitive=sensitive) for row in rows_of(child(element, "InlineTable"))]
    return Normalize(tuple(rows), flag(element, "recursive", default=False))


_FIELDS = (("inField", "string"), ("outField", "stem"), ("regexField", "regex"))


def _row(element: Element, row: dict[str, str], names: Sequence[str], *, sensitive: bool) -> Replace:
    given, stem, regex = (row.get(name) for name in names)
    if given is None or stem is None:
        raise rejected(element, f"has a row without {names[0]!r} or {names[1]!r}")
    if (regex or "false").lower() != "true":
        raise unsupported(element, "has a row that is no regular expression")
    pattern = _pattern(element, given, ignore_case=not sensitive)
    try:
        return Replace(pattern, replacement(stem, pattern))
    except OddPatternError as odd:
        raise unsupported(element, f"replaces by {stem!r:.60}, which {odd}") from None


def _pattern(element: Element, text: str, *, ignore_case: bool = False) -> Pattern:
    try:
        return translated(text, ignore_case=ignore_case)
    except OddPatternError as odd:
        raise unsupported(element, f"has the regular expression {text!r:.60}, which {odd}") from None


def _text(cell: float, kind: DataType, batch: Batch) -> str:
    return batch.words.word(cell) if kind is DataType.STRING else show_number(cell, kind)


def _split(pattern: Pattern, text: str) -> list[str]:
    start, pieces = 0, []
    for found in pattern.compiled().finditer(text):
        pieces.append(text[start : found.start()])
        start = found.end()
    return [*pieces, text[start:]]


def _stripped(token: str) -> str:
    start, end = 0, len(token)
    while start < end and unicodedata.category(token[start]).startswith("P"):
        start += 1
    while start < end and unicodedata.category(token[end - 1]).startswith("P"):
        end -= 1
    return token[start:end]


def _folded(token: str) -> str:
    if token.isascii():
        return token.lower()
    return "".join(map(_folded_char, token))


def _folded_char(char: str) -> str:
    """Return a character as Java compares it when it ignores case: the lower case of its upper case, if one each."""
    if char == "\u0130":
        return "i"
    upper = char.upper()
    lower = (upper if len(upper) == 1 else char).lower()
    return lower if len(lower) == 1 else char


def _tokens_of(marked: str) -> list[str]:
    return marked[1:-1].split(_LAST + _FIRST) if marked else []


def _exact(text: str, term: str) -> int:
    if term.count(_FIRST) <= 1:
        return text.count(term) if term else 0
    count, place = 0, text.find(term)
    while place >= 0:
        count += 1
        place = text.find(term, place + 1)
    return count


def _distance(one: str, other: str) -> int:
    """Return how many characters must be put in, taken out or changed."""
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, start=1):
        current = [row]
        for place, right in enumerate(other, start=1):
            current.append(min(previous[place] + 1, current[-1] + 1, previous[place - 1] + (left != right)))
        previous = current
    return previous[-1]
