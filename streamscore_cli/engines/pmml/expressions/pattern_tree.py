"""A regular expression as a tree, and how much work a backtracking matcher can have with it; it matches nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

MOST_NESTED = 50
"""Groups within groups; the tree is walked by recursion."""

_MOST_GROUPS = 100
_LONGEST = 2**20
_PLAIN_STEPS = 5_000_000
"""Steps of Python's matcher, at some tens of nanoseconds each."""


class OddPatternError(ValueError):
    """A regular expression, or a replacement, that Java has and Python has not, or not surely with the same meaning."""


class Kind(Enum):
    """What a token is."""

    CHAR = auto()
    MARK = auto()
    BACK = auto()
    OPEN = auto()
    CLOSE = auto()
    OR = auto()
    COUNT = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a regular expression and Python's source of it."""

    kind: Kind
    source: str


@dataclass(frozen=True, slots=True)
class Char:
    """One character that a source without context matches."""

    source: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between characters: an anchor, a boundary of words."""

    source: str


@dataclass(frozen=True, slots=True)
class Back:
    """What a group matched, once more."""

    group: int


@dataclass(frozen=True, slots=True)
class Row:
    """Parts after each other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Ways to go, the first that leads to a match."""

    ways: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A part whose place is kept."""

    number: int
    inside: Node


class Greed(Enum):
    """Whether a repetition takes much or little, or all and never gives back."""

    MUCH = auto()
    LITTLE = auto()
    ALL = auto()


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part several times; `most` is None where there is no end."""

    inside: Node
    least: int
    most: int | None
    greed: Greed = Greed.MUCH


@dataclass(frozen=True, slots=True)
class Look:
    """A part that must (not) match from here, or end here after `width` characters; it consumes nothing."""

    inside: Node
    wanted: bool
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Atomic:
    """A part that is matched the first way or not at all."""

    inside: Node


Node = Char | Mark | Back | Row | Choice | Group | Repeat | Look | Atomic
_COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_GREEDS = {"?": Greed.LITTLE, "+": Greed.ALL}


def tree_of(tokens: list[Token]) -> tuple[Node, int]:
    """Return the tree of tokens and how many groups it has; raises `OddPatternError`."""
    builder = _Builder(tokens)
    node = builder.choice(0)
    if builder.place < len(tokens):
        raise OddPatternError("closes a group that is not open")
    return node, builder.groups


class _Builder:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.groups = 0
        self.closed: dict[int, Node] = {}

    def _is(self, kind: Kind) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place].kind is kind

    def _take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1].source

    def choice(self, depth: int) -> Node:
        """Read up to the end of the group."""
        if depth > MOST_NESTED:
            raise OddPatternError(f"has more than {MOST_NESTED} groups within each other")
        ways = [self._row(depth)]
        while self._is(Kind.OR):
            self._take()
            ways.append(self._row(depth))
        return ways[0] if len(ways) == 1 else Choice(tuple(ways))

    def _row(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.place < len(self.tokens) and not (self._is(Kind.OR) or self._is(Kind.CLOSE)):
            parts.append(self._counted(self._part(depth)))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _part(self, depth: int) -> Node:
        kind, source = self.tokens[self.place].kind, self._take()
        if kind is Kind.CHAR:
            return Char(source)
        if kind is Kind.MARK:
            return Mark(source)
        if kind is Kind.BACK:
            return self._back(int(source.strip("(?:\\)")))
        if kind is not Kind.OPEN:
            raise OddPatternError("repeats nothing")
        return self._group(source, depth)

    def _back(self, group: int) -> Node:
        if group not in self.closed:
            raise OddPatternError(f"refers to the group {group} before its end")
        return Back(group)

    def _group(self, opening: str, depth: int) -> Node:
        number = 0
        if opening == "(" or opening.startswith("(?P<"):
            self.groups += 1
            if self.groups > _MOST_GROUPS:
                raise OddPatternError(f"has more than {_MOST_GROUPS} groups")
            number = self.groups
        inside = self.choice(depth + 1)
        if not self._is(Kind.CLOSE):
            raise OddPatternError("has a group without an end")
        self._take()
        if number:
            self.closed[number] = inside
            return Group(number, inside)
        if opening in {"(?=", "(?!"}:
            return Look(inside, wanted=opening == "(?=")
        if opening in {"(?<=", "(?<!"}:
            low, high = self._widths(inside)
            if low != high:
                raise OddPatternError("looks behind for what has no fixed length")
            return Look(inside, wanted=opening == "(?<=", width=int(low))
        return Atomic(inside) if opening == "(?>" else inside

    def _counted(self, part: Node) -> Node:
        if not self._is(Kind.COUNT):
            return part
        source = self._take()
        least, most = _COUNTS[source] if source in _COUNTS else _counts(source)
        greed = Greed.MUCH
        if self._is(Kind.COUNT):
            if self.tokens[self.place].source not in _GREEDS:
                raise OddPatternError("has one repetition after another")
            greed = _GREEDS[self._take()]
        if self._is(Kind.COUNT):
            raise OddPatternError("has one repetition after another")
        if isinstance(part, Mark | Look):
            raise OddPatternError("repeats what has no length")
        if (most is None or most > 1) and self._widths(part)[0] == 0:
            raise OddPatternError("repeats what can be empty")
        return Repeat(part, least, most, greed)

    def _widths(self, node: Node) -> tuple[float, float]:
        """Return how many characters a part has at least and at most."""
        if isinstance(node, Char | Mark | Look):
            return (1, 1) if isinstance(node, Char) else (0, 0)
        if isinstance(node, Back | Group | Atomic):
            return self._widths(self.closed[node.group] if isinstance(node, Back) else node.inside)
        if isinstance(node, Repeat):
            low, high = self._widths(node.inside)
            most = math.inf if node.most is None else node.most
            return low * node.least, high * most if high and most else 0
        widths = [self._widths(part) for part in (node.parts if isinstance(node, Row) else node.ways)]
        if isinstance(node, Row):
            return sum(low for low, _ in widths), sum(high for _, high in widths)
        return min(low for low, _ in widths), max(high for _, high in widths)


def _counts(source: str) -> tuple[int, int | None]:
    low, comma, high = source[1:-1].partition(",")
    least = int(low)
    if not comma:
        return least, least
    if high and int(high) < least:
        raise OddPatternError("counts backwards")
    return least, int(high) if high else None


def plain_length(node: Node) -> int:
    """Return up to which length of a text a backtracking matcher surely finds every match within its steps."""
    if _hides_groups(node, inside=False):
        return 0
    ways = node.ways if isinstance(node, Choice) else (node,)
    shortened = Choice(tuple(_without_tail(way) for way in ways))
    length = 0
    while length < _LONGEST:
        longer = max(16, length * 2)
        if (longer + 1) * _work(shortened, float(longer))[1] > _PLAIN_STEPS:
            return length
        length = longer
    return length


def _hides_groups(node: Node, *, inside: bool) -> bool:
    """Tell whether Python may lose the groups: some versions do in possessive repetitions, some even raise."""
    if isinstance(node, Char | Mark | Back):
        return False
    if isinstance(node, Row | Choice):
        parts = node.parts if isinstance(node, Row) else node.ways
        return any(_hides_groups(part, inside=inside) for part in parts)
    if isinstance(node, Group) and inside:
        return True
    inside |= isinstance(node, Look | Atomic) or (isinstance(node, Repeat) and node.greed is Greed.ALL)
    return _hides_groups(node.inside, inside=inside)


def _without_tail(node: Node) -> Node:
    """Return a way to a match without what its last repetition takes beyond the least, which cannot fail any more."""
    if isinstance(node, Row) and node.parts:
        return Row((*node.parts[:-1], _without_tail(node.parts[-1])))
    if isinstance(node, Group):
        return replace(node, inside=_without_tail(node.inside))
    if isinstance(node, Repeat) and isinstance(node.inside, Char) and node.most is None:
        return replace(node, most=node.least)
    return node


def _work(node: Node, length: float) -> tuple[float, float]:
    """Return in how many ways a part can match from one place, and how many steps it takes to try them all."""
    if isinstance(node, Char | Mark | Back):
        return 1.0, length if isinstance(node, Back) else 1.0
    if isinstance(node, Group):
        return _work(node.inside, length)
    if isinstance(node, Look | Atomic):
        return 1.0, _work(node.inside, length)[1] + 1
    if isinstance(node, Repeat):
        return _repeated(node, length)
    if isinstance(node, Choice):
        tried = [_work(way, length) for way in node.ways]
        return sum(ways for ways, _ in tried), sum(steps + 1 for _, steps in tried)
    ways, steps = 1.0, 1.0
    for part in node.parts:
        more, each = _work(part, length)
        steps += ways * each
        ways *= more
    return ways, steps


def _repeated(node: Repeat, length: float) -> tuple[float, float]:
    ways, steps = _work(node.inside, length)
    most = length if node.most is None else min(length, float(node.most))
    if ways <= 1:
        found = max(1.0, most - node.least + 1), 1 + most * steps
    else:
        tried = math.inf if most * math.log2(ways) > MOST_NESTED else ways ** (most + 1)
        found = tried, 1 + tried * steps
    return (1.0, found[1]) if node.greed is Greed.ALL else found
