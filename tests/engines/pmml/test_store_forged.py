"""Stored models that were damaged or forged: an error, or a model if the forger made one, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.store import UnreadableModelError, load
from streamscore_cli.engines.pmml.store.classes import registry
from streamscore_cli.engines.pmml.store.frame import framed, unframed
from tests.engines.pmml.test_store import small

TESTS = "models.tree.tree.Tests"


@pytest.fixture(scope="module")
def saved() -> bytes:
    return small()


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the table and the arrays of a stored model, whoever wrote it."""
    table, arrays = unframed(memoryview(data), data[16:48])
    return json.loads(bytes(table)), bytes(arrays)


def forged(data: bytes, table: object, arrays: bytes) -> bytes:
    """Return a stored model with other parts and a checksum that is right."""
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    return framed(text, [arrays], data[16:48])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_goes_unnoticed(data: st.DataObject) -> None:
    stored = small()
    place = data.draw(st.integers(0, len(stored) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "insert", "remove", "append"]))
    damaged = {
        "flip": stored[:place] + bytes([stored[place] ^ (1 << data.draw(st.integers(0, 7)))]) + stored[place + 1 :],
        "cut": stored[:place],
        "insert": stored[:place] + data.draw(st.binary(min_size=1, max_size=70)) + stored[place:],
        "remove": stored[:place] + stored[place + 1 :],
        "append": stored + data.draw(st.binary(min_size=1, max_size=70)),
    }[kind]
    with pytest.raises(UnreadableModelError):
        load(damaged)


def swapped(node: list[Any], place: int, value: object) -> list[Any]:
    return [*node[:place], value, *node[place + 1 :]]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_forged_tables_are_refused_or_are_models(data: st.DataObject) -> None:
    stored = small()
    told, arrays = parts(stored)
    nodes = told["nodes"]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(nodes) - 1))
        at = data.draw(st.integers(0, len(nodes[place]) - 1))
        value: object = data.draw(
            st.one_of(
                st.integers(-3, 70),
                st.sampled_from([None, True, 1.5, float("nan"), "x", "<f8", "?", [], [0], [3, 4], [-1], {}, 2**80]),
                st.integers(0, len(nodes) + 3).map(lambda one: [one]),
            )
        )
        nodes[place] = swapped(nodes[place], at, value)
    _is_refused_or_a_model(forged(stored, told, arrays))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_forged_arrays_are_refused_or_are_models(data: st.DataObject) -> None:
    stored = small()
    told, arrays = parts(stored)
    changed = bytearray(arrays)
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    _is_refused_or_a_model(forged(stored, told, bytes(changed)))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 4_000))
def test_forged_text_is_refused_or_is_a_model(piece: bytes, place: int) -> None:
    stored = small()
    told, arrays = parts(stored)
    text = json.dumps(told).encode()
    _is_refused_or_a_model(forged(stored, text[:place] + piece + text[place + len(piece) :], arrays))


def _is_refused_or_a_model(data: bytes) -> None:
    try:
        model = load(data)
    except UnreadableModelError:
        return
    assert isinstance(model, Model)


def named(told: dict[str, Any], kind: str) -> Iterator[int]:
    """Yield the places of the nodes of a kind."""
    number = told["kinds"].index(kind)
    return (place for place, node in enumerate(told["nodes"]) if node[0] == number)


def edited(kind: str, change: Callable[[list[Any]], list[Any]]) -> Callable[[dict[str, Any]], object]:
    """Return what changes the first node of a kind."""

    def edit(told: dict[str, Any]) -> object:
        place = next(named(told, kind))
        told["nodes"][place] = change(told["nodes"][place])
        return told

    return edit


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no table": (lambda told: [], "damaged"),
    "not even JSON": (lambda told: b"\xff{", "damaged"),
    "nested text": (lambda told: b"[" * 200_000, "damaged"),
    "many digits": (lambda told: b"9" * 10_000, "damaged"),
    "no program": (lambda told: {"kinds": [], "nodes": []}, "holds no program"),
    "not a program": (lambda told: {**told, "nodes": told["nodes"][:-1]}, "holds no program"),
    "a class from outside": (lambda told: {**told, "kinds": ["subprocess.Popen"]}, "subprocess"),
    "a class of the compiler": (lambda told: {**told, "kinds": ["compiler.Site"]}, "compiler.Site"),
    "a later node": (lambda told: {**told, "nodes": [[told["kinds"].index("tuple"), [0]]]}, "later one"),
    "an enumeration's method": (edited("enum", lambda node: swapped(node, 2, "__class__")), "__class__"),
    "too few fields": (edited("models.tree.tree.Tree", lambda node: node[:-1]), r"Tree has \d fields"),
    "another type": (edited("models.tree.tree.Tree", lambda node: swapped(node, 1, 7)), "not of its type"),
    "objects": (edited("array", lambda node: swapped(node, 1, "|O")), "O"),
    "huge": (edited("array", lambda node: [*node[:3], 0, 2**50]), "beyond the bytes"),
    "huge and empty": (edited("array", lambda node: [*node[:3], 0, 1, 0, 2**50]), "no such shape"),
    "negative": (edited("array", lambda node: [*node[:3], -1]), "no size"),
    "axes": (edited("array", lambda node: [*node[:3], 0, 3, 3]), "no such axes"),
    "place": (edited("array", lambda node: swapped(node, 2, 8)), "shape or place"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused_by_name(saved: bytes, name: str) -> None:
    change, why = FORGERIES[name]
    told, arrays = parts(saved)
    with pytest.raises(UnreadableModelError, match=why):
        load(forged(saved, change(told), arrays))


def where(told: dict[str, Any], field: str) -> int:
    """Return where the bytes of an array of the first tree's tests begin."""
    tests = told["nodes"][next(named(told, TESTS))]
    array = told["nodes"][tests[1 + registry().classes[TESTS].names.index(field)][0]]
    return int(array[2])


def test_a_tree_that_leads_back_is_refused(saved: bytes) -> None:
    told, arrays = parts(saved)
    place = where(told, "yes")
    looped = arrays[:place] + bytes(4) + arrays[place + 4 :]
    with pytest.raises(UnreadableModelError, match="leads back"):
        load(forged(saved, told, looped))


def test_a_truth_value_that_is_none_is_refused(saved: bytes) -> None:
    told, arrays = parts(saved)
    place = where(told, "sets")
    with pytest.raises(UnreadableModelError, match="neither 0 nor 1"):
        load(forged(saved, told, arrays[:place] + b"\x02" + arrays[place + 1 :]))


def test_a_file_that_ends_early_is_told_as_that(saved: bytes) -> None:
    with pytest.raises(UnreadableModelError, match=f"has {len(saved) - 64} bytes where it says {len(saved)}"):
        load(saved[:-64])


def test_the_checksum_is_over_all_but_itself(saved: bytes) -> None:
    assert hashlib.sha256(saved[:64] + saved[96:]).digest() == saved[64:96]
    assert len(saved) % 64 == 0
