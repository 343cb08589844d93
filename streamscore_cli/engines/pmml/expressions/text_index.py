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
from streamscore_cli.engines.pmml.expressions.pattern_machine import TooLongError
from streamscore_cli.engines.pmml.expressions.pattern_tree import OddPatternError
from streamscore_cli.engines.pmml.expressions.patterns import Pattern, check_replacement, pattern_of
from streamscore_cli.engines.pmml.expressions.plain import Constant, constant_of
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

_STEPS = 1000
_MOST_WORK = 2_000_000
"""Pairs of characters and of tokens that are compared in one text."""
_FARTHEST = 100
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
    """What one row of a normalization replaces, and by what, as Java writes it."""

    pattern: Pattern
    by: str


@dataclass(frozen=True, slots=True)
class Normalize:
    """A table of replacements, done in order once, or until nothing changes."""

    rows: tuple[Replace, ...]
    recursive: bool

    def apply(self, text: str) -> str | None:
        """Return the text normalized; None where that does not end. Raises `TooLongError`."""
        for _ in range(_STEPS):
            before = text
            for row in self.rows:
                text = row.pattern.replaced(text, row.by)
            if not self.recursive or text == before:
                return text
        return None


@dataclass(frozen=True, slots=True)
class Tokenize:
    """How a text becomes tokens: split at separators and stripped of punctuation, or all that matches a word."""

    separator: Pattern | None
    word: Pattern | None
    sensitive: bool

    def apply(self, text: str) -> str:
        """Return the tokens, each between two marks; raises `TooLongError`."""
        text = text.replace(_FIRST, "\ufffd").replace(_LAST, "\ufffd")
        if self.word is not None:
            tokens = [text[spans[0] : spans[1]] for spans in self.word.spans(text)]
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
        stuck = batch.faults(endless[places], "a text is too long, or its normalization does not end")
        return Column(codes[places], merged((faults, stuck)))

    def _made(self, text: str) -> str | None:
        try:
            for normalization in self.normalizations:
                normalized = normalization.apply(text)
                if normalized is None:
                    return None
                text = normalized
            return self.tokenize.apply(text)
        except TooLongError:
            return None


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
        terms = Column(np.zeros(batch.length)) if self.term is None else self.term.evaluate(batch)
        pairs, places = np.unique(np.stack([texts, terms.values], axis=1), axis=0, return_inverse=True)
        places = places.reshape(-1)
        counts, endless = np.full(len(pairs), math.nan), np.zeros(len(pairs), dtype=bool)
        for number, (cell, term) in enumerate(pairs.tolist()):
            try:
                counts[number] = self._count(cell, term, batch)
            except TooLongError:
                endless[number] = True
        long = batch.faults(endless[places], "a text or the term that is looked for in it is too long")
        return Column(self._weighted(counts[places]), merged((faults, terms.faults, long)))

    def _count(self, cell: float, term: float, batch: Batch) -> float:
        if math.isnan(cell) or math.isnan(term):
            return math.nan
        text, wanted = batch.words.word(cell), self.constant
        if self.term is not None:
            wanted = self.tokenize.apply(_text(term, self.term.type, batch))
        return float(_exact(text, wanted) if self.distance == 0 else self._near(text, wanted))

    def _near(self, text: str, term: str) -> int:
        tokens, wanted = _tokens_of(text), _tokens_of(term)
        found: list[int] = []
        work = 0
        for start in range(len(tokens) - len(wanted) + 1 if wanted else 0):
            total = 0
            for one, other in zip(tokens[start:], wanted, strict=False):
                total += _distance(one, other, self.distance - total)
                work += 1 + min(len(one), len(other)) * (2 * self.distance + 1)
                if work > _MOST_WORK:
                    raise TooLongError
                if total > self.distance:
                    break
            found.append(total)
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
    if not 0 <= distance <= _FARTHEST:
        raise unsupported(element, f"has maxLevenshteinDistance={distance}")
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
        _constant_tokens(element, tokenize, _shown(compiler, fixed)) if known and fixed is not None else "",
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


def _shown(compiler: Compiler, constant: Constant) -> str:
    cell, kind = constant.value, constant.type
    return compiler.vocabulary.words[int(cell)] if kind is DataType.STRING else show_number(cell, kind)


def _constant_tokens(element: Element, tokenize: Tokenize, text: str) -> str:
    try:
        return tokenize.apply(text)
    except TooLongError:
        raise unsupported(element, "looks for a term that is too long") from None


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
        check_replacement(stem, pattern)
    except OddPatternError as odd:
        raise unsupported(element, f"replaces by {stem!r:.60}, which {odd}") from None
    return Replace(pattern, stem)


def _pattern(element: Element, text: str, *, ignore_case: bool = False) -> Pattern:
    try:
        return pattern_of(text, ignore_case=ignore_case)
    except OddPatternError as odd:
        raise unsupported(element, f"has the regular expression {text!r:.60}, which {odd}") from None


def _text(cell: float, kind: DataType, batch: Batch) -> str:
    return batch.words.word(cell) if kind is DataType.STRING else show_number(cell, kind)


def _split(pattern: Pattern, text: str) -> list[str]:
    start, pieces = 0, []
    for spans in pattern.spans(text):
        pieces.append(text[start : spans[0]])
        start = spans[1]
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


def _distance(one: str, other: str, most: int) -> int:
    """Return how many characters must be put in, taken out or changed; any number above `most` where it is more."""
    far = most + 1
    if abs(len(one) - len(other)) > most:
        return far
    previous = [min(place, far) for place in range(len(other) + 1)]
    for row, left in enumerate(one, start=1):
        current = [min(row, far)] + [far] * len(other)
        for place in range(max(1, row - most), min(len(other), row + most) + 1):
            changed = previous[place - 1] + (left != other[place - 1])
            current[place] = min(previous[place] + 1, current[place - 1] + 1, changed, far)
        previous = current
    return previous[-1]
