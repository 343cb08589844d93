from __future__ import annotations

from typing import Any

import pytest

from streamscore_cli.provision.json_document import differences, flag, number, part, text


@pytest.mark.parametrize(
    ("found", "wanted", "paths"),
    [
        ({"a": 1, "more": 2}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({}, {"a": 0}, ["a"]),
        ({}, {"a": None}, []),
        ({"a": {"b": [1, {"c": 2, "d": 3}]}}, {"a": {"b": [1, {"c": 2}]}}, []),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, ["a.b[1].c"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": "text"}, {"a": {"b": 1}}, ["a.b"]),
        ({"a": "ab"}, {"a": ["a", "b"]}, ["a"]),
        (None, {"a": 1, "b": 2}, ["a", "b"]),
        ({"a": 6.0}, {"a": 6}, []),
    ],
)
def test_only_what_is_wanted_counts(found: Any, wanted: Any, paths: list[str]) -> None:
    assert list(differences(found, wanted)) == paths


def test_ignored_keys_do_not_count_at_any_depth() -> None:
    assert list(differences({"x": {}}, {"id": 1, "x": {"id": 2, "y": 3}}, {"id"})) == ["x.y"]


@pytest.mark.parametrize("document", [{}, None, [], "text", {"k": []}])
def test_what_is_not_there_or_of_another_kind_is_empty(document: Any) -> None:
    assert (part(document, "k"), text(document, "k"), number(document, "k"), flag(document, "k")) == (
        {},
        "",
        None,
        False,
    )


def test_a_truth_is_no_number() -> None:
    assert number({"k": True}, "k") is None
    assert number({"k": 3}, "k") == 3
