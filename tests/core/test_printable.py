"""Text from outside cannot act on a terminal or forge a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wine rosé 🍷", "wine rosé 🍷"),
        ("a\nb", r"a\nb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u2028b", r"a\u2028b"),
        ("abc\u202edef", r"abc\u202edef"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_the_answer_is_one_line(text: str) -> None:
    assert len(printable(text).splitlines()) <= 1
