"""TextIndex; the expected values are those of JPMML-Evaluator 1.7.7, and the example is the specification's."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.formulas import answers, constant, field, formula

CATS = 'cat, cat; (cat) cat! ca-t cat\'s "cat"'
STOP = r"(^|\s+)\p{Punct}*(the|of)\p{Punct}*(\s+|$)"


def index(term: str, extra: str = "", inside: str = "") -> str:
    return f'<TextIndex textField="s" {extra}>{inside}{constant(term, "string")}</TextIndex>'


def table(*rows: tuple[str, str], extra: str = "", names: tuple[str, str, str] = ("string", "stem", "regex")) -> str:
    cells = "".join(
        f"<row><{names[0]}>{escape(old)}</{names[0]}><{names[1]}>{escape(new)}</{names[1]}>"
        f"<{names[2]}>true</{names[2]}></row>"
        for old, new in rows
    )
    return f"<TextIndexNormalization {extra}><InlineTable>{cells}</InlineTable></TextIndexNormalization>"


@pytest.mark.parametrize(
    ("term", "extra", "text", "count"),
    [
        ("cat", "", "the big cat sat on the Cat mat", 2),
        ("cat", 'isCaseSensitive="true"', "the big cat sat on the Cat mat", 1),
        ("cat", "", CATS, 5),
        ("(cat)", "", CATS, 5),
        ("cat", "", "cat.cat", 0),
        ("cat", "", "\xabcat\xbb \u201ccat\u201d", 2),
        ("cat", 'localTermWeights="binary"', CATS, 1),
        ("cat", 'localTermWeights="binary"', "dog", 0),
        ("cat", 'localTermWeights="logarithmic"', CATS, 0.7781512503836436),
        ("cat", 'maxLevenshteinDistance="1"', "the big cat sat on the Cat mat", 4),
        ("cat", 'maxLevenshteinDistance="1" countHits="bestHits"', "the big cat sat on the Cat mat", 2),
        ("big cat", 'maxLevenshteinDistance="1"', "bag cot bag cat big cat", 2),
        ("sunny", 'maxLevenshteinDistance="2"', "sun sunnyxx sunyn", 3),
        ("sunny", 'maxLevenshteinDistance="2" countHits="bestHits"', "suny sunn sun", 2),
        ("cat", 'wordSeparatorCharacterRE="[^a-z]+"', "the Cat cat.cat", 2),
        ("a", 'wordSeparatorCharacterRE="x"', "aXa", 0),
        ("a", 'wordSeparatorCharacterRE="x"', "axa", 2),
        ("big cat", "", "the big, cat", 1),
        ("aa aa", "", "aa aa aa", 2),
        ("a b", "", "a - b", 1),
        ("a b", "", "a $ b", 0),
        ("a", "", "b\xa0a", 0),
        ("a", "", "_a", 1),
        ("a", "", "+a", 0),
        ("k", "", "\u212a", 1),
        ("s", "", "\u017f", 1),
        ("\u03b1\u03c2", "", "\u0391\u03a3", 1),
        ("", "", "a b", 0),
        ("ab cd", r'x-wordRE="(?u)\b\w\w+\b"', "ab, a cd", 1),
        ("a", r'x-wordRE="\S+"', "(a) a", 1),
        ("ab", r'x-wordRE="(\w)\w+"', "ab a", 1),
    ],
)
def test_terms_are_counted(term: str, extra: str, text: str, count: float) -> None:
    assert answers(index(term, extra), s=[text, None, text])[::2] == [pytest.approx(count, rel=1e-15)] * 2


def test_a_missing_text_or_term_has_no_count() -> None:
    expression = f'<TextIndex textField="s">{field("i")}</TextIndex>'
    assert answers(expression, s=["2 2", "2", None], i=[2, None, 2]) == [2, None, None]


def test_the_example_of_the_specification() -> None:
    first = table(
        ("interfaces?", "interface"),
        ("is|are|seem(ed|s?)|were", "be"),
        ("user friendl(y|iness)", "user_friendly"),
        extra='inField="string" outField="stem" regexField="regex"',
    )
    second = table(
        ("interface be (user_friendly|well designed|excellent)", "ui_good"),
        extra='inField="re" outField="feature" regexField="regex"',
        names=("re", "feature", "regex"),
    )
    texts = [
        "Testing the app for a few days convinced me the interfaces are excellent!",
        "The User Interface is user friendly, interfaces seem well designed",
    ]
    assert answers(index("ui_good", inside=first + second), s=texts) == [1, 2]
    assert answers(index("interface", inside=first + second), s=texts) == [0, 0]


@pytest.mark.parametrize(
    ("text", "once", "recursive"),
    [
        ("a the b", 1, 1),
        ("a the of b", 0, 1),
        ("the the a of the b", 0, 1),
        ("a (the) b", 1, 1),
        ("a thea b", 0, 0),
        ("THE a b", 1, 1),
    ],
)
def test_stop_words(text: str, once: int, recursive: int) -> None:
    assert answers(index("a b", inside=table((STOP, " "))), s=[text]) == [once]
    assert answers(index("a b", inside=table((STOP, " "), extra='recursive="true"')), s=[text]) == [recursive]


def test_replacements_have_groups_and_ignore_case_unless_told_otherwise() -> None:
    assert answers(index("bb", inside=table(("a(b+)", "$1"))), s=["ABB"]) == [1]
    assert answers(index("bb", inside=table(("a(b+)", "$1"), extra='isCaseSensitive="true"')), s=["ABB"]) == [0]
    assert answers(index("x", inside=table(("\xe9", "x"))), s=["\xc9"]) == [1]


def test_a_normalization_without_end_fails_its_row_alone() -> None:
    endless = table(("a", "aa"), extra='recursive="true"')
    assert answers(index("b", inside=endless), s=["b b", "a", "b"]) == [2, "fails", 1]


@pytest.mark.parametrize(
    ("extra", "inside"),
    [
        ('tokenize="false"', ""),
        ('localTermWeights="augmentedNormalizedTermFrequency"', ""),
        ('maxLevenshteinDistance="1"', table(("a", "b"))),
        ('wordSeparatorCharacterRE="[a&amp;&amp;b]"', ""),
        (r'wordSeparatorCharacterRE="\s" x-wordRE="\w"', ""),
        ("", table(("a", "b")).replace("true", "false")),
        ("", table(("a", "b"), extra='tokenize="false"')),
        ("", table(("a", "b"), extra='maxLevenshteinDistance="1"')),
        ("", table(("a", "$1"))),
        ("", table(("(?<=a+)", ""))),
    ],
)
def test_what_is_not_surely_right_is_refused(extra: str, inside: str) -> None:
    with pytest.raises(ModelUnsupported):
        compile_pmml(formula(index("a", extra, inside)))


def test_tokens_are_made_once_for_all_terms_of_a_function() -> None:
    define = (
        '<DefineFunction name="tf" optype="continuous" dataType="integer"><ParameterField name="document"/>'
        '<ParameterField name="term"/><TextIndex textField="document"><FieldRef field="term"/></TextIndex>'
        "</DefineFunction>"
    )
    calls = "".join(f'<Apply function="tf">{field("s")}{constant(term)}</Apply>' for term in ("a", "b", "2017"))
    expression = f'<Apply function="sum">{calls}</Apply>'
    assert answers(expression, define, s=["a b a 2017", "c"]) == [4, 0]
    program = compile_pmml(formula(expression, define)).program
    assert [type(column).__name__ for column in program.columns].count("Tokens") == 1


WORDS = st.lists(st.sampled_from(["a", "b", "A", "(b)", "a.", "-", "ab"]), max_size=8).map(" ".join)


@given(st.lists(WORDS, min_size=1, max_size=5), WORDS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_counts_equal_those_of_a_plain_reading(texts: list[str], term: str, sensitive: bool) -> None:
    def tokens(text: str) -> list[str]:
        plain = text if sensitive else text.lower()
        return [token for token in (word.strip("().-") for word in plain.split()) if token]

    wanted = tokens(term)
    expected = [
        sum(found[at : at + len(wanted)] == wanted for at in range(len(found) - len(wanted) + 1)) if wanted else 0
        for found in map(tokens, texts)
    ]
    extra = f"isCaseSensitive={quoteattr(str(sensitive).lower())}"
    assert answers(index(term, extra), s=texts) == expected
