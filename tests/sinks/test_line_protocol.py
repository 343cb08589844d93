"""Whatever strangers call their models, a line stays one line with the tags it was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.sinks.line_protocol import encoded, series, tag_value, text_field


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tree", "tree"),
        ("a tree, b=c", r"a\ tree\,\ b\=c"),
        ("ends in \\", "ends\\ in\\ /"),
        ("two\nlines\tand \x00", r"two\ lines\ and"),
        ("  ", ""),
        ("größe", "größe"),
        ("x" * 300, "x" * 200),
    ],
)
def test_tags(text: str, value: str) -> None:
    assert tag_value(text) == value


def test_tags_are_in_order_and_empty_ones_are_left_out() -> None:
    assert (
        series("serving", {"model": "a b", "data_type": "wine", "version": ""}) == r"serving,data_type=wine,model=a\ b"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", '"5"'),
        ('say "no"\\', r'"say \"no\"\\"'),
        ("a\nb", '"a\nb"'),
        ("a\x00b", '"ab"'),
        ("y" * 2000, f'"{"y" * 1000}"'),
    ],
)
def test_text_fields(text: str, value: str) -> None:
    assert text_field(text) == value


def test_lone_surrogates_do_not_end_the_thread() -> None:
    assert encoded("m=\ud800") == b"m=?"


@given(st.text())
def test_no_tag_can_end_itself(text: str) -> None:
    value = tag_value(text)
    bare = value.replace("\\,", "").replace("\\=", "").replace("\\ ", "")
    assert not set(bare) & set(",= \n\r\\")
    assert not value.endswith("\\")


@given(st.text())
def test_no_text_can_end_itself(text: str) -> None:
    value = text_field(text)
    bare = value[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in bare
    assert "\\" not in bare
