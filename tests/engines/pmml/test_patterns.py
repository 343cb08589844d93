"""Regular expressions that could take for ever: what is matched is bounded by counted steps, and never approximated."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.expressions.pattern_machine import MOST_STEPS, Machine, TooLongError
from streamscore_cli.engines.pmml.expressions.pattern_tree import (
    Atomic,
    Char,
    Choice,
    Greed,
    Group,
    Node,
    Repeat,
    Row,
)
from streamscore_cli.engines.pmml.expressions.patterns import LONGEST, pattern_of
from tests.engines.pmml.formulas import answers, apply, constant, field, formula

LENGTH = 10_000
ALIKE = "a" * LENGTH + "!"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(a+)+$", False),
        (r"(a|aa)+$", False),
        (r"^(a|a)+$", False),
        (r"a*a*a*a*a*a*c", False),
        (r"(.+)+x", False),
        (r"(x+x+)+y", False),
        (r"(\w+)@(\w+)\.com", False),
        (r"(?i)(A|a)+b", False),
        (r"(a+)+!$", True),
        (r"\s+$", False),
    ],
)
def test_what_would_take_a_backtracking_matcher_for_ever_is_answered(pattern: str, found: bool) -> None:
    expression = apply("matches", field("s"), constant(pattern, "string"))
    assert answers(expression, s=[ALIKE, "b"]) == [found, False]


@pytest.mark.parametrize("pattern", [r"(a+)\1b", r"(?=(a+)+b)a", r"(?>a+)b", r"a++b", r"((a{1,10}){1,10}){1,5}c"])
def test_what_is_more_than_linear_all_the_same_fails_its_row_alone(pattern: str) -> None:
    expression = apply("matches", field("s"), constant(pattern, "string"))
    assert answers(expression, s=[ALIKE, "b", "aab"])[:2] == ["fails", False]


def test_a_row_that_fails_is_no_missing_value() -> None:
    expression = apply("matches", field("s"), constant(r"a++b"), extra='invalidValueTreatment="asMissing"')
    assert answers(apply("isMissing", expression), s=[ALIKE, "b"]) == ["fails", False]


@pytest.mark.parametrize("pattern", [r"(.*)*x", r"(a?)+", r"(a*)*", r"(?:a|b*)+", r"(a{0,3}){2}", r"\b*a"])
def test_a_repetition_of_what_can_be_empty_is_refused(pattern: str) -> None:
    with pytest.raises(ModelUnsupported, match=r"<Apply> \(line 1\)"):
        compile_pmml(formula(apply("matches", field("s"), constant(pattern, "string"))))


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{100}){100}){100}",
        "a{9999}a{9999}a{9999}",
        "\\p{L}" * 30,
        "(" * 60 + "a" + ")" * 60,
        "()" * 200,
        "a" * 30_000,
    ],
)
def test_a_pattern_that_is_itself_too_large_is_refused(pattern: str) -> None:
    with pytest.raises(ModelUnsupported, match=r"<Apply> \(line 1\)"):
        compile_pmml(formula(apply("matches", field("s"), constant(pattern, "string"))))


@pytest.mark.parametrize(
    ("pattern", "by", "text", "expected"),
    [
        (r"\b|x", "-", "axb x", "-a-b- -x-"),
        (r"a*?", "-", "aab", "-a-a-b-"),
        (r"x*", "-", "abxd", "-a-b--d-"),
        (r"(^|\w)", "[$1]", "ba", "[]b[a]"),
        (r"(a)|(b)", "<$1$2>", "abc", "<a><b>c"),
        (r"(?:([ab])c)*+", "<$1>", "acbcd", "<b><>d<>"),
    ],
)
def test_empty_matches_are_replaced_as_java_does(pattern: str, by: str, text: str, expected: str) -> None:
    expression = apply("replace", field("s"), constant(pattern, "string"), constant(by, "string"))
    assert answers(expression, s=[text]) == [expected]


def test_a_text_that_grows_beyond_reason_fails_its_row() -> None:
    by = constant("$0" * 100, "string")
    longer = apply("replace", field("s"), constant(".+", "string"), by)
    assert answers(apply("stringLength", longer), s=["a" * 10, "a" * LENGTH]) == [1_000, "fails"]
    doubled = field("s")
    for _ in range(6):
        doubled = apply("concat", doubled, doubled)
    assert answers(apply("stringLength", doubled), s=["a", "a" * LENGTH]) == [64, "fails"]
    assert 64 * LENGTH > LONGEST


def test_ordinary_patterns_take_the_fast_matcher_for_ordinary_texts() -> None:
    for pattern in (r"\s+", r"[^a-z0-9]+", r"\d{4}-\d{2}-\d{2}", r"^abc", r"[\s\-]+", "ab|cd", r"(a|b)c", r"\W"):
        assert pattern_of(pattern).plain_length >= LENGTH
    assert pattern_of(r"(\w+)@(\w+)\.com").plain_length >= 50
    assert pattern_of(r"^\s*|\s*$").plain_length >= 1_000
    assert pattern_of(r"(a+)+$").plain_length == 0


def nodes() -> st.SearchStrategy[Node]:
    chars = st.sampled_from([Char("a"), Char("b"), Char("[ab]"), Char("[^a]")])

    def around(inside: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        parts = st.lists(inside, min_size=1, max_size=3).map(tuple)
        counts = st.sampled_from([(0, None), (1, None), (0, 1), (2, 2), (1, 3)])
        repeat = st.builds(
            lambda node, count, greed: Repeat(Row((Char("b"), node)), count[0], count[1], greed),
            inside,
            counts,
            st.sampled_from([Greed.MUCH, Greed.LITTLE]),
        )
        return st.one_of(parts.map(Row), parts.map(Choice), repeat)

    return st.recursive(chars, around, max_leaves=8)


def source_of(node: Node) -> str:
    """Return Python's source of a tree, written apart from the engine's."""
    if isinstance(node, Char):
        return node.source
    if isinstance(node, Row):
        return "".join(map(source_of, node.parts))
    if isinstance(node, Choice):
        return f"(?:{'|'.join(map(source_of, node.ways))})"
    assert isinstance(node, Repeat)
    most = "" if node.most is None else node.most
    return f"(?:{source_of(node.inside)}){{{node.least},{most}}}{'?' if node.greed is Greed.LITTLE else ''}"


@settings(max_examples=60, deadline=None)
@given(node=nodes(), text=st.text("ab", max_size=12))
def test_the_machine_finds_what_a_backtracking_matcher_finds(node: Node, text: str) -> None:
    plain = re.compile(f"({source_of(node)})")
    expected, place = [], 0
    while place <= len(text) and (found := plain.search(text, place)) is not None:
        expected.append([*found.span(), *found.span(1)])
        place = found.end() + (found.start() == found.end())
    assert list(Machine(Group(1, node), 1, 0).matches(text)) == expected


@settings(max_examples=60, deadline=None)
@given(node=nodes(), length=st.integers(0, 300), last=st.sampled_from("abc"))
def test_a_machine_takes_no_more_steps_than_states_times_places(node: Node, length: int, last: str) -> None:
    machine = Machine(Row((node, Char("c"), Char("c"))), 0, 0)
    text = "ab" * (length // 2) + last
    run = machine.run(text)
    assert machine.first(run, 0) is None
    assert run.steps <= 2 * machine.size * (len(text) + 1)


def test_a_machine_stops_at_its_count_of_steps() -> None:
    machine = Machine(Row((Atomic(Repeat(Char("a"), 1, None)), Char("b"))), 0, 0)
    run = machine.run(ALIKE)
    with pytest.raises(TooLongError):
        machine.first(run, 0)
    assert run.steps == MOST_STEPS + 1
