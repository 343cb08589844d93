"""Stored models: what comes back answers bit for bit, and bytes that were touched come back as an error or a model."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.expressions.plain import Constant
from streamscore_cli.engines.pmml.models.neural.model import NetworkRegression
from streamscore_cli.engines.pmml.models.neural.network import Layer, Network
from streamscore_cli.engines.pmml.models.tree import tree as trees
from streamscore_cli.engines.pmml.predicates.predicate import Always, Compound, Joint
from streamscore_cli.engines.pmml.program import Program
from streamscore_cli.engines.pmml.store import (
    OutdatedModelError,
    UnstorableModelError,
    load,
    save,
)
from streamscore_cli.engines.pmml.store.classes import every_dataclass, registry
from streamscore_cli.engines.pmml.store.read import restored
from streamscore_cli.engines.pmml.store.write import written
from streamscore_cli.engines.pmml.values.batch import Computes
from streamscore_cli.engines.pmml.values.types import DataType
from tests.engines.pmml.corpus import inputs_of, table, triples
from tests.engines.pmml.documents import categories, data_field, document, schema
from tests.engines.pmml.stored import same
from tests.engines.pmml.test_corpus import wine

Inputs = dict[str, NDArray[Any]]


def tree_document() -> bytes:
    """Return a small tree with words, a set and a distribution, which the fast way takes."""
    leaf = '<ScoreDistribution value="a" recordCount="{}"/><ScoreDistribution value="b" recordCount="{}"/>'
    return document(
        [
            data_field("x"),
            data_field("w", "string", "", categories("p", "q", "ü")),
            data_field("y", "string", "", categories("a", "b")),
        ],
        f'<TreeModel functionName="classification" missingValueStrategy="defaultChild">{schema("x", "w", target="y")}'
        '<Node id="0" score="a" defaultChild="1"><True/>'
        '<Node id="1" score="a"><SimplePredicate field="x" operator="lessOrEqual" value="0.5"/>'
        f"{leaf.format(3, 1)}</Node>"
        '<Node id="2" score="b" defaultChild="3"><SimplePredicate field="x" operator="greaterThan" value="0.5"/>'
        '<Node id="3" score="a"><SimpleSetPredicate field="w" booleanOperator="isIn">'
        f'<Array n="2" type="string">p ü</Array></SimpleSetPredicate>{leaf.format(5, 2)}</Node>'
        '<Node id="4" score="b"><SimpleSetPredicate field="w" booleanOperator="isNotIn">'
        f'<Array n="2" type="string">p ü</Array></SimpleSetPredicate>{leaf.format(1, 9)}</Node>'
        "</Node></Node></TreeModel>",
    )


@cache
def small() -> bytes:
    """Return that tree, stored."""
    return save(compile_pmml(tree_document()))


@pytest.fixture(scope="module")
def saved() -> bytes:
    return small()


def program_of(*columns: object, words: tuple[str, ...] = ()) -> Program:
    """Return a program that always says 1; `columns` may be what no column can be."""
    made = cast("tuple[Computes, ...]", columns)
    model = trees.Tree(no_tests(), np.array([1.0, np.nan]))
    return Program(made, (model,), words, (), 0, DataType.DOUBLE, (), has_probabilities=False, answers=())


def no_tests() -> trees.Tests:
    none = np.zeros(0, dtype=np.int32)
    return trees.Tests((), -1, none.astype(np.int8), none, np.zeros(0), none, none, none, np.zeros((0, 0), dtype=bool))


def back(program: Program) -> Program:
    table, arrays = written(program)
    return restored(memoryview(table), memoryview(b"".join(arrays)))


def with_odd_rows(length: int, inputs: Inputs) -> Inputs:
    """Return the rows with some cells missing, infinite, or of words that no model knows."""
    draw = np.random.default_rng(length)
    made = {}
    for name, column in inputs.items():
        odd = draw.random(length) < 0.1
        extreme: list[object] = ["never seen", None] if column.dtype == object else [np.nan, np.inf, -1e300]
        made[name] = column.copy()
        made[name][odd] = draw.choice(np.array(extreme, dtype=column.dtype), int(odd.sum()))
    return made


def check_comes_back(pmml: Path, columns: dict[str, list[str]]) -> None:
    model = compile_pmml(pmml.read_bytes())
    stored = save(model)
    loaded = load(stored)
    assert save(loaded) == stored
    length, inputs = inputs_of(model, columns)
    odd = with_odd_rows(length, inputs)
    lone = {name: column[:1] for name, column in inputs.items()}
    for count, rows in ((length, inputs), (length, odd), (1, lone)):
        assert same(model.score(count, rows), loaded.score(count, rows)), pmml
        with np.errstate(all="ignore"):
            assert same(model.general(count, rows), loaded.general(count, rows)), pmml


def test_the_projects_own_models_come_back(data_dir: Path) -> None:
    found = sorted(data_dir.glob("*.pmml"))
    assert len(found) == 7
    for pmml in found:
        check_comes_back(pmml, wine(data_dir / "winequality_red.csv"))


def test_the_original_models_come_back(shared: Path) -> None:
    found = sorted((shared / "seed-models").glob("*.pmml"))
    assert len(found) == 7
    for pmml in found:
        check_comes_back(pmml, wine(shared / "seed-models" / "winequality_red.csv"))


def test_the_models_of_the_corpus_come_back(shared: Path) -> None:
    refused = 0
    for triple in triples(shared / "pmml-corpus"):
        try:
            check_comes_back(triple.pmml, table(triple.input))
        except ModelRejected:
            refused += 1
    assert refused <= 3


def test_every_class_that_a_program_can_hold_has_only_fields_that_can_be_stored() -> None:
    assert registry().problems == ()


def test_no_class_that_scores_is_unknown_to_the_store() -> None:
    scoring = {one for one in every_dataclass() if any(hasattr(one, name) for name in ("evaluate", "predict", "weigh"))}
    assert len(scoring) > 50
    assert scoring - set(registry().names) == set()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A column that the engine does not have."""

    slot: int


def test_a_class_that_the_engine_does_not_have_is_not_stored() -> None:
    with pytest.raises(UnstorableModelError, match=r"Compound\.parts is a tuple of Always, Unknown,"):
        written(program_of(Compound(Joint.AND, cast("tuple[Computes, ...]", (Always(1.0), Unknown(0))))))


def test_a_value_that_is_not_what_its_field_says_is_not_stored() -> None:
    with pytest.raises(UnstorableModelError, match=r"expressions\.plain\.Constant\.value is a str"):
        written(program_of(Constant(cast("float", "1"), DataType.DOUBLE)))


def test_numbers_and_words_come_back_as_they_were() -> None:
    values = (0.0, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 0.1, 1.7976931348623157e308, 2, -(2**70))
    words = ("", "ü", "\ud800", '"\\\n\x00', "1")
    found = back(program_of(*(Constant(one, DataType.DOUBLE) for one in values), words=words))
    constants = [one for one in found.columns if isinstance(one, Constant)]
    assert [repr(one.value) for one in constants] == [repr(one) for one in values]
    assert found.words == words


def test_a_number_of_numpy_comes_back_as_one() -> None:
    (found,) = back(program_of(Constant(np.float64(0.1), DataType.DOUBLE))).columns
    assert isinstance(found, Constant)
    assert type(found.value) is np.float64
    assert found.value == 0.1


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_arrays_come_back_in_the_layout_they_had(axes: tuple[int, ...]) -> None:
    given = np.arange(24.0).reshape(2, 3, 4).transpose(axes)
    layer = Layer(np.zeros((1, 1), dtype=np.intp), given, np.zeros(1), "identity", 0.0, "none", np.zeros((1, 1)))
    model = NetworkRegression(Network((), (layer,)), 0, None)
    (found,) = back(replace(program_of(), models=(model,))).models
    assert isinstance(found, NetworkRegression)
    array = found.network.layers[0].weights
    np.testing.assert_array_equal(array, given)
    assert array.strides == given.strides
    assert not array.flags.writeable


def test_an_array_of_objects_is_not_stored() -> None:
    with pytest.raises(UnstorableModelError, match="An array of object"):
        written(cast("Program", np.array([None])))


def test_what_is_shared_stays_shared() -> None:
    shared = Always(1.0)
    found = back(program_of(Compound(Joint.AND, (shared, shared)), shared))
    joint = found.columns[0]
    assert isinstance(joint, Compound)
    assert joint.parts[0] is joint.parts[1] is found.columns[1]


def test_a_program_that_is_nested_far_beyond_pythons_stack_comes_back() -> None:
    deep: Computes = Always(1.0)
    for _ in range(20_000):
        deep = Compound(Joint.AND, (deep,))
    (found,) = back(program_of(deep)).columns
    depth = 0
    while isinstance(found, Compound):
        (found,), depth = found.parts, depth + 1
    assert depth == 20_000


def test_a_file_in_memory_is_not_copied(saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_bytes(saved)
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    model = load(memoryview(mapped))
    (tree,) = [one for one in model.program.models if isinstance(one, trees.Tree)]
    assert tree.scores.ctypes.data % 64 == 0
    where = np.frombuffer(mapped, dtype=np.uint8).ctypes.data
    assert where < tree.scores.ctypes.data < where + len(saved)


def test_bytes_at_an_odd_address_are_read_too(saved: bytes) -> None:
    rows = {"x": np.array([0.2, 0.7, np.nan]), "w": np.array(["p", "q", None], dtype=object)}
    model = load(memoryview(bytearray(b"-" + saved))[1:])
    (tree,) = [one for one in model.program.models if isinstance(one, trees.Tree)]
    assert tree.scores.flags.aligned
    assert not tree.scores.flags.writeable
    assert same(model.score(3, rows), load(saved).score(3, rows))
    assert model.score(3, rows).value.tolist() == ["a", "b", "a"]


@pytest.mark.parametrize("place", [8, 16, 47])
def test_another_version_is_told_from_damage(saved: bytes, place: int) -> None:
    other = bytearray(saved)
    other[place] ^= 1
    with pytest.raises(OutdatedModelError):
        load(bytes(other))
