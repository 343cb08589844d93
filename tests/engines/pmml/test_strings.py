"""Functions of strings; the expected values are those of JPMML-Evaluator 1.7.7."""

from __future__ import annotations

import pytest

from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.formulas import answers, apply, constant, field, formula

FACE = "a\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("start", "length", "part"),
    [
        *[(1, 2, "aB"), (2, 3, "BCd"), (1, 0, ""), (3, 100, f"Cd\xe9{FACE[1]}z"), (8, 1, "z"), (9, 1, ""), (12, 1, "")],
        *[(0, 2, "fails"), (-1, 3, "fails"), (2, -1, "fails"), (7, 5, "fails")],
    ],
)
def test_substring_counts_from_one_in_units_of_java(start: int, length: int, part: str) -> None:
    expression = apply("substring", field("s"), constant(start), constant(length))
    assert answers(expression, s=[f"aBCd\xe9{FACE[1]}z"]) == [part]


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        ("trimBlanks", "  abc  ", "abc"),
        ("trimBlanks", "\xa0a\u2003", "\xa0a\u2003"),
        ("trimBlanks", "\x01a\x1f", "a"),
        ("stringLength", "  abc  ", 7),
        ("stringLength", FACE, 3),
        ("uppercase", "\xdf\u0149", "SS\u02bcN"),
        ("lowercase", "\u0130 \u0391\u03a3 \u03a3\u0391", "i\u0307 \u03b1\u03c2 \u03c3\u03b1"),
    ],
)
def test_functions_of_one_string(function: str, given: str, expected: object) -> None:
    assert answers(apply(function, field("s")), s=[given, None]) == [expected, "fails"]


def test_numbers_are_written_as_java_writes_them() -> None:
    together = apply("concat", field("s"), constant("-"), field("x"), field("i"), field("b"), constant(" ", "string"))
    assert answers(together, s=["a", "a"], x=[2, None], i=[3, None], b=["true", None]) == ["a-2.03true ", "a- "]
    assert answers(apply("substring", field("x"), constant(1), constant(2)), x=[12.5]) == ["12"]
    assert answers(apply("stringLength", field("i")), i=[123]) == [3]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("ar?y", "February", True),
        ("^a", "February", False),
        (r"^\w+$", "\xe9", False),
        (r"^\d$", "\u0663", False),
        ("a$", "a\u2028", True),
        ("a.b", "a\u2028b", False),
        ("\\b\xe9", "\xe9", True),
        ("(?i)\xc9", "\xe9", False),
        ("(?iu)\xc9", "\xe9", True),
        (r"\p{L}", "\xe9", True),
        (r"\p{Alpha}", "\xe9", False),
        (r"\p{Punct}", "\xab", False),
        (r"[\w.-]", "-", True),
        ("a++b", "aab", True),
        (r"\Aa\z", "a\n", False),
        (r"a\Z", "a\n", True),
        ("3", "13", True),
    ],
)
def test_matches_finds_as_java_does(pattern: str, text: str, found: bool) -> None:
    assert answers(apply("matches", field("s"), constant(pattern, "string")), s=[text]) == [found]


@pytest.mark.parametrize(
    ("pattern", "by", "expected"),
    [
        ("B+", "c", ["c", "acc"]),
        ("(B)", "[$1]", ["[B][B][B][B]", "a[B]c"]),
        ("B", r"\$", ["$$$$", "a$c"]),
        ("", "-", ["-B-B-B-B-", "-a-B-c-"]),
        ("B", "$0$0", ["BBBBBBBB", "aBBc"]),
        ("B", r"\n", ["nnnn", "anc"]),
        ("(?<n>B)", "${n}!", ["B!B!B!B!", "aB!c"]),
        ("B", "", ["", "ac"]),
    ],
)
def test_replace_replaces_as_java_does(pattern: str, by: str, expected: list[str]) -> None:
    expression = apply("replace", field("s"), constant(pattern, "string"), constant(by, "string"))
    assert answers(expression, s=["BBBB", "aBc"]) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "a{,2}",
        "a{2",
        "[a-c&&[b]]",
        "[[a]]",
        "[]a]",
        "(?<=a+)b",
        "(?m)^a",
        r"\07",
        r"\R",
        r"(?i)\p{Lu}",
        "(",
        "[",
        "a**",
    ],
)
def test_patterns_that_may_mean_something_else_are_refused(pattern: str) -> None:
    with pytest.raises(ModelUnsupported, match=r"'matches' with the pattern.*|<Apply> \(line 1\)"):
        compile_pmml(formula(apply("matches", field("s"), constant(pattern, "string"))))


@pytest.mark.parametrize("by", ["$", "$2", "${x}", "\\"])
def test_replacements_without_their_group_are_refused(by: str) -> None:
    with pytest.raises(ModelUnsupported):
        compile_pmml(formula(apply("replace", field("s"), constant("(a)"), constant(by, "string"))))


def test_a_pattern_must_be_constant_also_in_a_function() -> None:
    with pytest.raises(ModelUnsupported, match="without a constant pattern"):
        compile_pmml(formula(apply("matches", field("s"), field("s"))))
    define = (
        '<DefineFunction name="like" optype="categorical" dataType="boolean"><ParameterField name="text"/>'
        f'<ParameterField name="p"/>{apply("matches", field("text"), field("p"))}</DefineFunction>'
    )
    assert answers(apply("like", field("s"), constant("^a")), define, s=["ab", "ba"]) == [True, False]


@pytest.mark.parametrize(
    ("pattern", "value", "text"),
    [
        ("%.2f", 2.345, "2.35"),
        ("%.2f", 2.675, "2.68"),
        ("%.2f", 0.125, "0.13"),
        ("%.2f", 1e22, "10000000000000000000000.00"),
        ("%5.1f", 2.345, "  2.3"),
        ("%.0f", 2.5, "3"),
        ("%.0f", -0.04, "-0"),
        ("%08.2f", -0.04, "-0000.04"),
        ("%+09.1f", 1234.5, "+001234.5"),
        ("% .2f", 2.5, " 2.50"),
        ("%,.2f", 123456789.987654321, "123,456,789.99"),
        ("%-9.2f|", 2.5, "2.50     |"),
        ("%f", 1e-7, "0.000000"),
        ("%.20f", 0.1, "0.10000000000000000000"),
        ("%.1f%%", 2.5, "2.5%"),
        ("%s", 1e22, "1.0E22"),
    ],
)
def test_numbers_are_formatted_as_java_formats_them(pattern: str, value: float, text: str) -> None:
    assert answers(apply("formatNumber", field("x"), constant(pattern)), x=[value, None]) == [text, "fails"]


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("%3d", ["1234", "-1234"]),
        ("%06d", ["001234", "-01234"]),
        ("%+06d", ["+01234", "-01234"]),
        ("%,8d", ["   1,234", "  -1,234"]),
        ("%-6d|", ["1234  |", "-1234 |"]),
        ("%%%d", ["%1234", "%-1234"]),
        ("a%sb", ["a1234b", "a-1234b"]),
    ],
)
def test_integers_are_formatted_as_java_formats_them(pattern: str, texts: list[str]) -> None:
    assert answers(apply("formatNumber", field("i"), constant(pattern)), i=[1234, -1234]) == texts


@pytest.mark.parametrize("pattern", ["%d", "%e", "%x", "%.1d", "%-05.1f", "%-f", "%f%f", "none", "%+ .1f", "%5%f"])
def test_formats_that_java_has_not_or_writes_otherwise_are_refused(pattern: str) -> None:
    with pytest.raises(ModelUnsupported, match="formatNumber"):
        compile_pmml(formula(apply("formatNumber", field("x"), constant(pattern))))
