"""Java's regular expressions as Python's, refused where they might mean something else; it matches nothing itself."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]
"""Characters, as ascending first and last code points."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A translated regular expression: Python's source of it, and Python's flags."""

    source: str
    flags: int = 0

    def compiled(self) -> re.Pattern[str]:
        """Return it ready to match."""
        return _compiled(self.source, self.flags)


class OddPatternError(ValueError):
    """A regular expression, or a replacement, that Java has and Python has not, or not surely with the same meaning."""


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
_HEX_DIGITS = {"x": 2, "u": 4}


def translated(text: str, *, ignore_case: bool = False) -> Pattern:
    """Return Java's `text` as Python's; `ignore_case` is Java's CASE_INSENSITIVE with UNICODE_CASE.

    Raises `OddPatternError`.
    """
    found = _FLAGS.match(text)
    given = found.group(1) if found else ""
    flags = re.IGNORECASE if ignore_case or "i" in given else 0
    if "i" in given and "u" not in given and not ignore_case:
        flags |= re.ASCII
    reader = _Reader(text, found.end() if found else 0, cased=not flags, dot_all="s" in given)
    pattern = Pattern(reader.read(), int(flags))
    try:
        pattern.compiled()
    except (re.error, OverflowError, RecursionError) as error:
        raise OddPatternError(str(error)) from None
    return pattern


def replacement(text: str, pattern: Pattern) -> str:
    """Return Java's replacement `text` as Python's template; raises `OddPatternError`."""
    compiled = pattern.compiled()
    pieces: list[str] = []
    place = 0
    while place < len(text):
        char = text[place]
        if char == "$":
            piece, place = _group_of(text, place, compiled)
            pieces.append(piece)
            continue
        if char == "\\":
            place += 1
            if place == len(text):
                raise OddPatternError("ends with a backslash")
        pieces.append(text[place].replace("\\", r"\\"))
        place += 1
    return "".join(pieces)


def _group_of(text: str, place: int, compiled: re.Pattern[str]) -> tuple[str, int]:
    found = _GROUP.match(text, place)
    if found is None:
        raise OddPatternError("has a $ without a group")
    digits, name = found.groups()
    if name is not None:
        if name not in compiled.groupindex:
            raise OddPatternError(f"names the group {name!r}, which there is not")
        return rf"\g<{name}>", found.end()
    length = 1
    while length < len(digits) and int(digits[: length + 1]) <= compiled.groups:
        length += 1
    if int(digits[:length]) > compiled.groups:
        raise OddPatternError(f"names the group {digits[:length]}, which there is not")
    return rf"\g<{int(digits[:length])}>", place + 1 + length


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, text: str, place: int, *, cased: bool, dot_all: bool) -> None:
        self.text = text
        self.place = place
        self.cased = cased
        self.dot = r"[\s\S]" if dot_all else _DOT

    def read(self) -> str:
        pieces: list[str] = []
        special: dict[str, Callable[[], str]] = {
            "\\": self._escape,
            "[": self._set,
            "(": self._open,
            "{": self._count,
            ".": lambda: self._skip(1, self.dot),
            "$": lambda: self._skip(1, _END),
        }
        while self.place < len(self.text):
            char = self.text[self.place]
            step = special.get(char)
            if step is not None:
                pieces.append(step())
            else:
                pieces.append(self._skip(1, char if char in "^*+?|)" else re.escape(char)))
        return "".join(pieces)

    def _skip(self, length: int, meaning: str) -> str:
        self.place += length
        return meaning

    def _next(self) -> str:
        if self.place >= len(self.text):
            raise OddPatternError("ends too early")
        self.place += 1
        return self.text[self.place - 1]

    def _open(self) -> str:
        if not self.text.startswith("(?", self.place):
            return self._skip(1, "(")
        named = _NAME.match(self.text, self.place)
        if named is not None:
            self.place = named.end()
            return f"(?P<{named.group(1)}>"
        for opening in _OPENINGS:
            if self.text.startswith(opening, self.place):
                return self._skip(len(opening), opening)
        raise OddPatternError(f"has {self.text[self.place : self.place + 4]!r}")

    def _count(self) -> str:
        found = _COUNT.match(self.text, self.place)
        if found is None:
            raise OddPatternError("has a { that counts nothing")
        return self._skip(len(found.group()), found.group())

    def _escape(self) -> str:
        self.place += 1
        char = self._next()
        if char in _ANCHORS:
            if self.text.startswith("{", self.place):
                raise OddPatternError(f"has \\{char}{{")
            return _ANCHORS[char]
        if char == "Q":
            return self._quoted()
        if char in "123456789":
            if self.text[self.place : self.place + 1].isdigit():
                raise OddPatternError("refers to a group of two digits")
            return f"(?:\\{char})"
        ranges = self._class(char)
        return f"[{_listed(ranges)}]" if ranges is not None else re.escape(self._char(char))

    def _quoted(self) -> str:
        end = self.text.find("\\E", self.place)
        quoted = self.text[self.place :] if end < 0 else self.text[self.place : end]
        self.place = len(self.text) if end < 0 else end + 2
        return re.escape(quoted)

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


@lru_cache(maxsize=1024)
def _compiled(source: str, flags: int) -> re.Pattern[str]:
    return re.compile(source, flags)
