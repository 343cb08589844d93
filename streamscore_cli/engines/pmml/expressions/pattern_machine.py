"""A matcher of regular expressions whose steps are bounded: no state is tried twice at one place; it reads no syntax.

It finds what a backtracking matcher finds, in the same order of preference. From one state at one place either a way
leads to a match or none does, whatever came before, so that a state which failed at a place is not entered again there:
a text is searched in as many steps as the pattern has states, times its length. Only references back to groups, and
parts that are looked for or atomic, depend on more; they are bounded by the count of steps alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, auto

from streamscore_cli.engines.pmml.expressions.pattern_tree import (
    Atomic,
    Back,
    Char,
    Choice,
    Greed,
    Group,
    Look,
    Mark,
    Node,
    OddPatternError,
    Repeat,
    Row,
)

MOST_STEPS = 500_000
"""Of one text with one pattern; a step takes about a microsecond."""

_MOST_STATES = 20_000
_MOST_CELLS = 100_000_000
_MOST_KNOWN = 5_000

Spans = list[int]
"""Of each group, the match being group 0, where it starts and where it ends; -1 where it has not taken part."""


class TooLongError(Exception):
    """A text that cannot be matched within the bounds."""


class Do(IntEnum):
    """What a state does."""

    CHAR = auto()
    SPLIT = auto()
    JUMP = auto()
    SAVE = auto()
    MARK = auto()
    BACK = auto()
    LOOK = auto()
    ATOMIC = auto()
    END = auto()


@dataclass(slots=True)
class State:
    """A state, with what it needs: a test of a character or place, the states that it leads to, a program within."""

    do: Do
    test: re.Pattern[str] | None = None
    first: int = 0
    second: int = 0
    look: Look | None = None
    inside: tuple[State, ...] = ()


class Machine:
    """A compiled regular expression; threads may share it, as what it remembers of characters is always right."""

    def __init__(self, node: Node, groups: int, flags: int) -> None:
        """Make the states; raises `OddPatternError` where they are too many."""
        self._flags = flags
        self._made = 0
        self.remembers = True
        self._groups = groups
        self._states = self._program(node)
        self._known: dict[tuple[str, str], bool] = {}

    @property
    def size(self) -> int:
        """Return the number of states."""
        return len(self._states)

    def matches(self, text: str) -> Iterator[Spans]:
        """Yield the matches from left to right, an empty one also just after another; raises `TooLongError`."""
        run = self.run(text)
        place = 0
        while place <= len(text):
            spans = self.first(run, place)
            if spans is None:
                return
            yield spans
            run.forget(spans[1])
            place = spans[1] + (spans[1] == spans[0])

    def run(self, text: str) -> Run:
        """Return a text ready to be searched; raises `TooLongError`."""
        return Run(self, text)

    def first(self, run: Run, start: int) -> Spans | None:
        """Return the first match that begins at `start` or later."""
        for place in range(start, len(run.text) + 1):
            run.spans = [-1] * (2 * self._groups + 2)
            end = run.end(self._states, place, run.seen if self.remembers else None)
            if end is not None:
                run.spans[0], run.spans[1] = place, end
                return run.spans
        return None

    def is_one(self, test: re.Pattern[str], char: str) -> bool:
        """Tell whether a character passes a test."""
        key = (test.pattern, char)
        known = self._known.get(key)
        if known is None:
            known = test.fullmatch(char) is not None
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = known
        return known

    def _program(self, node: Node) -> tuple[State, ...]:
        states: list[State] = []
        self._add(node, states)
        self._new(states, Do.END)
        return tuple(states)

    def _new(self, states: list[State], do: Do, source: str | None = None) -> State:
        self._made += 1
        if self._made > _MOST_STATES:
            raise OddPatternError(f"makes more than {_MOST_STATES} states")
        state = State(do, None if source is None else re.compile(source, self._flags))
        states.append(state)
        return state

    def _add(self, node: Node, states: list[State]) -> None:
        if isinstance(node, Char | Mark):
            self._new(states, Do.CHAR if isinstance(node, Char) else Do.MARK, node.source)
        elif isinstance(node, Back):
            self.remembers = False
            self._new(states, Do.BACK).first = node.group
        elif isinstance(node, Row):
            for part in node.parts:
                self._add(part, states)
        elif isinstance(node, Choice):
            self._add_choice(node, states)
        elif isinstance(node, Group):
            self._new(states, Do.SAVE).first = 2 * node.number
            self._add(node.inside, states)
            self._new(states, Do.SAVE).first = 2 * node.number + 1
        elif isinstance(node, Repeat):
            self._add_repeat(node, states)
        else:
            state = self._new(states, Do.LOOK if isinstance(node, Look) else Do.ATOMIC)
            state.look = node if isinstance(node, Look) else None
            state.inside = self._program(node.inside)

    def _add_choice(self, node: Choice, states: list[State]) -> None:
        jumps = []
        for way in node.ways[:-1]:
            split = self._new(states, Do.SPLIT)
            split.first = len(states)
            self._add(way, states)
            jumps.append(self._new(states, Do.JUMP))
            split.second = len(states)
        self._add(node.ways[-1], states)
        for jump in jumps:
            jump.first = len(states)

    def _add_repeat(self, node: Repeat, states: list[State]) -> None:
        if node.greed is Greed.ALL:
            self._add(Atomic(Repeat(node.inside, node.least, node.most)), states)
            return
        for _ in range(node.least):
            self._add(node.inside, states)
        splits = []
        for _ in range(1 if node.most is None else node.most - node.least):
            place = len(states)
            splits.append((self._new(states, Do.SPLIT), len(states)))
            self._add(node.inside, states)
            if node.most is None:
                self._new(states, Do.JUMP).first = place
        for split, inside in splits:
            ways = (inside, len(states))
            split.first, split.second = ways if node.greed is Greed.MUCH else ways[::-1]


class Run:
    """One text on its way through a machine."""

    def __init__(self, machine: Machine, text: str) -> None:
        """Start with nothing tried; raises `TooLongError`."""
        states = machine.size
        if states * (len(text) + 1) > _MOST_CELLS:
            raise TooLongError
        self.machine = machine
        self.text = text
        self.spans: Spans = []
        self.seen = bytearray(states * (len(text) + 1))
        self._states = states
        self.steps = 0

    def forget(self, place: int) -> None:
        """Forget what was tried at a place where a match ended: it has not failed."""
        self.seen[place * self._states : (place + 1) * self._states] = bytes(self._states)

    def end(self, states: tuple[State, ...], start: int, seen: bytearray | set[int] | None) -> int | None:
        """Return where the first match from `start` ends, and leave its groups in `spans`."""
        waiting: list[tuple[int, int, Spans]] = [(0, start, self.spans)]
        while waiting:
            number, place, self.spans = waiting.pop()
            while True:
                self._count()
                if seen is not None and self._is_seen(seen, place * len(states) + number):
                    break
                state = states[number]
                if state.do is Do.END:
                    return place
                if state.do is Do.SPLIT:
                    waiting.append((state.second, place, self.spans))
                    number = state.first
                    continue
                after = self._after(state, place)
                if after is None:
                    break
                number, place = (state.first if state.do is Do.JUMP else number + 1), after
        return None

    def _count(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooLongError

    @staticmethod
    def _is_seen(seen: bytearray | set[int], key: int) -> bool:
        if isinstance(seen, set):
            known = key in seen
            seen.add(key)
            return known
        known = bool(seen[key])
        seen[key] = 1
        return known

    def _after(self, state: State, place: int) -> int | None:
        """Return the place after a state that does not split, None where it fails."""
        text, test = self.text, state.test
        after: int | None = place
        if test is not None and state.do is Do.CHAR:
            after = place + 1 if place < len(text) and self.machine.is_one(test, text[place]) else None
        elif test is not None:
            after = None if test.match(text, place) is None else place
        elif state.do is Do.SAVE:
            self.spans = self.spans.copy()
            self.spans[state.first] = place
        elif state.do is Do.BACK:
            after = self._back(state.first, place)
        elif state.do is Do.ATOMIC:
            after = self.end(state.inside, place, self._fresh())
        elif state.look is not None:
            after = self._looked(state.look, state.inside, place)
        return after

    def _fresh(self) -> set[int] | None:
        return set() if self.machine.remembers else None

    def _back(self, group: int, place: int) -> int | None:
        start, end = self.spans[2 * group], self.spans[2 * group + 1]
        if start < 0 or end < 0 or not self.text.startswith(self.text[start:end], place):
            return None
        return place + end - start

    def _looked(self, look: Look, inside: tuple[State, ...], place: int) -> int | None:
        start = place if look.width is None else place - look.width
        before = self.spans
        found = start >= 0 and self.end(inside, start, self._fresh()) is not None
        if not (found and look.wanted):
            self.spans = before
        return place if found == look.wanted else None
