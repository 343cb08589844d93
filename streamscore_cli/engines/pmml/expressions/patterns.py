"""Java's regular expressions, refused where they might mean something else here; how they are matched is elsewhere."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from streamscore_cli.engines.pmml.expressions.pattern_machine import Machine, Spans, TooLongError
from streamscore_cli.engines.pmml.expressions.pattern_tree import (
    Kind,
    OddPatternError,
    Token,
    plain_length,
    tree_of,
)

Ranges = tuple[tuple[int, int], ...]
"""Characters, as ascending first and last code points."""


LONGEST = 200_000
"""Characters of a text that is made by replacing, or by putting texts together."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Java's source of a regular expression; `ignore_case` is Java's CASE_INSENSITIVE with UNICODE_CASE."""

    text: str
    ignore_case: bool = False

    @property
    def plain_length(self) -> int:
        """Return up to which length texts are given to Python's own matcher, which is faster."""
        return _known(self).plain_length

    def is_in(self, text: str) -> bool:
        """Tell whether it matches somewhere in a text; raises `TooLongError`."""
        return next(self.spans(text), None) is not None

    def spans(self, text: str) -> Iterator[Spans]:
        """Yield its matches from left to right; raises `TooLongError`."""
        return _known(self).spans(text)

    def replaced(self, text: str, by: str) -> str:
        """Return the text with each match replaced as Java's replaceAll does; raises `TooLongError`."""
        pieces = _pieces(by, self)
        made: list[str] = []
        length, start = 0, 0
        for spans in self.spans(text):
            made.append(text[start : spans[0]])
            made += [piece if isinstance(piece, str) else _part(text, spans, piece) for piece in pieces]
            start = spans[1]
            length += sum(map(len, made[-len(pieces) - 1 :]))
            if length > LONGEST:
                raise TooLongError
        return "".join([*made, text[start:]])


@dataclass(frozen=True, slots=True)
class _Known:
    """A pattern ready to match: Python's matcher for texts that are surely short enough for it, and our own."""

    plain: re.Pattern[str]
    machine: Machine
    plain_length: int

    def spans(self, text: str) -> Iterator[Spans]:
        if len(text) > self.plain_length:
            return self.machine.matches(text)
        return self._plain_spans(text)

    def _plain_spans(self, text: str) -> Iterator[Spans]:
        """Yield the matches as Java finds them: after an empty one the next begins a character later."""
        found = self.plain.search(text)
        while found is not None:
            yield [place for pair in found.regs for place in pair]
            start, end = found.span()
            if end == len(text) == start:
                return
            found = self.plain.search(text, end + (start == end))


def _of(*pieces: str) -> Ranges:
    return tuple((ord(piece[0]), ord(piece[-1])) for piece in pieces)


_DIGIT, _ALPHA, _BLANK = _of("09"), _of("AZ", "az"), _of("\t", " ")
_SPACE = _of("\t\r", " ")
_WORD = _of("09", "AZ", "_", "az")
_VERTICAL = _of("\n\r", "\x85", "\u2028\u2029")
_HORIZONTAL = _of("\t", " ", "\xa0", "\u1680", "\u180e", "\u2000\u200a", "\u202f", "\u205f", "\u3000")
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE, "h": _HORIZONTAL, "v": _VERTICAL}
_POSIX = {
    "Punct": _of("!/", ":@", "[`", "{~"),
    "Alpha": _ALPHA,
    "Alnum": _of("09", "AZ", "az"),
    "Digit": _DIGIT,
    "Space": _SPACE,
    "Blank": _BLANK,
    "Cntrl": _of("\x00\x1f", "\x7f"),
    "Graph": _of("!~"),
    "Print": _of(" ~"),
    "XDigit": _of("09", "AF", "af"),
    "ASCII": _of("\x00\x7f"),
}
_CASED = {"Upper": _of("AZ"), "Lower": _of("az")}
_CATEGORIES = frozenset(
    [
        *("L", "Lm", "Lo"),
        *("M", "Mn", "Mc", "Me"),
        *("N", "Nd", "Nl", "No"),
        *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
        *("S", "Sm", "Sc", "Sk", "So"),
        *("Z", "Zs", "Zl", "Zp"),
    ]
)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_DOT = r"[^\n\r\x85\u2028\u2029]"
_END = r"(?=(?:\r\n|(?<!\r)\n|[\r\x85\u2028\u2029])?\Z)"
_ANCHORS = {"b": r"\b", "B": r"\B", "A": r"\A", "z": r"\Z", "Z": _END}
_FLAGS = re.compile(r"\(\?([iusd]+)\)")
_COUNT = re.compile(r"\{\d{1,4}(?:,\d{0,4})?\}")
_OPENINGS = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>")
_NAME = re.compile(r"\(\?<([A-Za-z][A-Za-z0-9]*)>")
_GROUP = re.compile(r"\$(?:(\d+)|\{([A-Za-z][A-Za-z0-9]*)\})")
_LONGEST_SOURCE, _LARGEST_SOURCE = 20_000, 250_000
_HEX_DIGITS = {"x": 2, "u": 4}


def pattern_of(text: str, *, ignore_case: bool = False) -> Pattern:
    """Return a pattern that is surely understood; raises `OddPatternError`."""
    pattern = Pattern(text, ignore_case)
    _known(pattern)
    return pattern


def check_replacement(by: str, pattern: Pattern) -> None:
    """Raise `OddPatternError` where Java would refuse a replacement."""
    _pieces(by, pattern)


@lru_cache(maxsize=1024)
def _known(pattern: Pattern) -> _Known:
    text = pattern.text
    if len(text) > _LONGEST_SOURCE:
        raise OddPatternError(f"is longer than {_LONGEST_SOURCE} characters")
    found = _FLAGS.match(text)
    given = found.group(1) if found else ""
    flags = re.IGNORECASE if pattern.ignore_case or "i" in given else 0
    if "i" in given and "u" not in given and not pattern.ignore_case:
        flags |= re.ASCII
    reader = _Reader(text, found.end() if found else 0, cased=not flags, dot_all="s" in given)
    tokens = reader.read()
    if sum(len(token.source) for token in tokens) > _LARGEST_SOURCE:
        raise OddPatternError("has too many classes of too many characters")
    node, groups = tree_of(tokens)
    try:
        plain = re.compile("".join(token.source for token in tokens), flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise OddPatternError(str(error)) from None
    return _Known(plain, Machine(node, groups, int(flags)), plain_length(node))


@lru_cache(maxsize=1024)
def _pieces(by: str, pattern: Pattern) -> tuple[str | int, ...]:
    """Return Java's replacement as texts and numbers of groups."""
    plain = _known(pattern).plain
    pieces: list[str | int] = []
    place = 0
    while place < len(by):
        char = by[place]
        if char == "$":
            group, place = _group_of(by, place, plain)
            pieces.append(group)
            continue
        if char == "\\":
            place += 1
            if place == len(by):
                raise OddPatternError("ends with a backslash")
        pieces.append(by[place])
        place += 1
    return tuple(pieces)


def _part(text: str, spans: Spans, group: int) -> str:
    start, end = spans[2 * group], spans[2 * group + 1]
    return text[start:end] if end >= 0 else ""


def _group_of(text: str, place: int, compiled: re.Pattern[str]) -> tuple[int, int]:
    found = _GROUP.match(text, place)
    if found is None:
        raise OddPatternError("has a $ without a group")
    digits, name = found.groups()
    if name is not None:
        if name not in compiled.groupindex:
            raise OddPatternError(f"names the group {name!r}, which there is not")
        return compiled.groupindex[name], found.end()
    length = 1
    while length < len(digits) and int(digits[: length + 1]) <= compiled.groups:
        length += 1
    if int(digits[:length]) > compiled.groups:
        raise OddPatternError(f"names the group {digits[:length]}, which there is not")
    return int(digits[:length]), place + 1 + length


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, text: str, place: int, *, cased: bool, dot_all: bool) -> None:
        self.text = text
        self.place = place
        self.cased = cased
        self.dot = r"[\s\S]" if dot_all else _DOT

    def read(self) -> list[Token]:
        """Return the tokens."""
        tokens: list[Token] = []
        special: dict[str, Callable[[], Token]] = {
            "\\": self._escape,
            "[": lambda: Token(Kind.CHAR, self._set()),
            "(": self._open,
            "{": self._count,
            ".": lambda: self._token(Kind.CHAR, self.dot),
            "$": lambda: self._token(Kind.MARK, _END),
            "^": lambda: self._token(Kind.MARK, "^"),
            "|": lambda: self._token(Kind.OR, "|"),
            ")": lambda: self._token(Kind.CLOSE, ")"),
            **{count: partial(self._token, Kind.COUNT, count) for count in "*+?"},
        }
        while self.place < len(self.text):
            char = self.text[self.place]
            if self.text.startswith("\\Q", self.place):
                tokens += self._quoted()
                continue
            step = special.get(char)
            tokens.append(self._token(Kind.CHAR, re.escape(char)) if step is None else step())
        return tokens

    def _token(self, kind: Kind, source: str) -> Token:
        self.place += 1
        return Token(kind, source)

    def _skip(self, length: int, meaning: str) -> str:
        self.place += length
        return meaning

    def _next(self) -> str:
        if self.place >= len(self.text):
            raise OddPatternError("ends too early")
        self.place += 1
        return self.text[self.place - 1]

    def _open(self) -> Token:
        if not self.text.startswith("(?", self.place):
            return self._token(Kind.OPEN, "(")
        named = _NAME.match(self.text, self.place)
        if named is not None:
            self.place = named.end()
            return Token(Kind.OPEN, f"(?P<{named.group(1)}>")
        for opening in _OPENINGS:
            if self.text.startswith(opening, self.place):
                return Token(Kind.OPEN, self._skip(len(opening), opening))
        raise OddPatternError(f"has {self.text[self.place : self.place + 4]!r}")

    def _count(self) -> Token:
        found = _COUNT.match(self.text, self.place)
        if found is None:
            raise OddPatternError("has a { that counts nothing")
        return Token(Kind.COUNT, self._skip(len(found.group()), found.group()))

    def _escape(self) -> Token:
        self.place += 1
        char = self._next()
        if char in _ANCHORS:
            if self.text.startswith("{", self.place):
                raise OddPatternError(f"has \\{char}{{")
            return Token(Kind.MARK, _ANCHORS[char])
        if char in "123456789":
            if self.text[self.place : self.place + 1].isdigit():
                raise OddPatternError("refers to a group of two digits")
            return Token(Kind.BACK, f"(?:\\{char})")
        ranges = self._class(char)
        return Token(Kind.CHAR, f"[{_listed(ranges)}]" if ranges is not None else re.escape(self._char(char)))

    def _quoted(self) -> list[Token]:
        self.place += 2
        end = self.text.find("\\E", self.place)
        quoted = self.text[self.place :] if end < 0 else self.text[self.place : end]
        self.place = len(self.text) if end < 0 else end + 2
        return [Token(Kind.CHAR, re.escape(char)) for char in quoted]

    def _class(self, char: str) -> Ranges | None:
        if char in _CLASSES:
            return _CLASSES[char]
        if char in {"D", "W", "S"}:
            return _others(_CLASSES[char.lower()])
        if char in {"p", "P"}:
            ranges = self._property()
            return ranges if char == "p" else _others(ranges)
        return None

    def _property(self) -> Ranges:
        name = self._next()
        if name == "{":
            end = self.text.find("}", self.place)
            name = self.text[self.place : end]
            self.place = end + 1
        if name in _POSIX:
            return _POSIX[name]
        if name in _CASED and self.cased:
            return _CASED[name]
        short = name.removeprefix("Is")
        if short in _CATEGORIES or (short in {"Lu", "Ll", "Lt"} and self.cased):
            return _category(short)
        raise OddPatternError(f"has the class {name!r:.40}")

    def _char(self, char: str) -> str:
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in _HEX_DIGITS:
            digits = self.text[self.place : self.place + _HEX_DIGITS[char]]
            if not re.fullmatch("[0-9A-Fa-f]+", digits) or len(digits) < _HEX_DIGITS[char]:
                raise OddPatternError(f"has \\{char}{digits!r}")
            return self._skip(len(digits), chr(int(digits, 16)))
        if char.isalnum():
            raise OddPatternError(f"has \\{char}")
        return char

    def _set(self) -> str:
        self.place += 1
        opening = "["
        if self.text.startswith("^", self.place):
            opening = self._skip(1, "[^")
        pieces: list[str] = []
        while not self.text.startswith("]", self.place):
            pieces.append(self._member())
        self.place += 1
        if not pieces:
            raise OddPatternError("has a set that is empty or begins with ]")
        return f"{opening}{''.join(pieces)}]"

    def _member(self) -> str:
        low = self._atom()
        if not isinstance(low, str):
            return _listed(low)
        if not self.text.startswith("-", self.place) or self.text.startswith("-]", self.place):
            return _listed(((ord(low), ord(low)),))
        self.place += 1
        high = self._atom()
        if not isinstance(high, str) or ord(high) < ord(low):
            raise OddPatternError("has a range without an end")
        return _listed(((ord(low), ord(high)),))

    def _atom(self) -> str | Ranges:
        """Return one character of a set, or the characters of a class in it."""
        if self.text.startswith(("[", "&&"), self.place):
            raise OddPatternError("has a set within a set")
        char = self._next()
        if char != "\\":
            return char
        char = self._next()
        ranges = self._class(char)
        return ranges if ranges is not None else self._char(char)


def _listed(ranges: Ranges) -> str:
    return "".join(f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


def _others(ranges: Ranges) -> Ranges:
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    if start <= sys.maxunicode:
        found.append((start, sys.maxunicode))
    return tuple(found)


@lru_cache(maxsize=64)
def _category(name: str) -> Ranges:
    found: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if not unicodedata.category(chr(code)).startswith(name):
            continue
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return tuple(found)
