"""What the compilers of fields, expressions, predicates and models share while one document is compiled.

It dispatches by the tables it is given and numbers what they make; it knows no element itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streamscore_cli.engines.pmml.document.element import Element, unsupported
from streamscore_cli.engines.pmml.fields.field import DataField, Field
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch, Computes, Predicts
from streamscore_cli.engines.pmml.values.column import Column
from streamscore_cli.engines.pmml.values.types import DataType, OpType
from streamscore_cli.engines.pmml.values.words import Vocabulary


class Expression(Protocol):
    """Data that computes a column whose type is known before any row is."""

    @property
    def type(self) -> DataType:
        """Return the type of the cells."""
        ...

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        ...


@dataclass(frozen=True, slots=True)
class Labels:
    """The categories of a classification, in the order of its distributions."""

    cells: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()

    def place(self, text: str) -> int | None:
        """Return where a label is, or None."""
        return self.texts.index(text) if text in self.texts else None


@dataclass(frozen=True, slots=True)
class Target:
    """The field that a model predicts, as far as the document says one."""

    name: str | None
    type: DataType
    optype: OpType
    data: DataField | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What every compiler of a kind of model is given: its element, its fields, its target, its arithmetic.

    `single`: the model's arithmetic is that of 32-bit numbers (mathContext="float").
    """

    compiler: Compiler
    element: Element
    scope: Scope
    target: Target
    function: str
    single: bool


@dataclass(frozen=True, slots=True)
class Built:
    """What a compiler of a kind of model returns: the model, and what is known of its predictions beforehand.

    `type`: of the predicted cells; `labels`: of a classification; `entities`: the identifiers that the prediction's
    entities are places of; `extras`: the types of the prediction's extras; `segments`: the parts of a mining model,
    by identifier; `answers`: what they answer besides the model's own outputs; `target`: what is predicted, where that
    is another field than the model's schema says.
    """

    model: Predicts
    type: DataType
    labels: Labels = Labels()
    distributions: frozenset[str] = frozenset()
    entities: tuple[str, ...] = ()
    extras: Mapping[str, DataType] | None = None
    segments: Mapping[str, CompiledModel] = field(default_factory=dict)
    answers: tuple[Field, ...] = ()
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class CompiledModel:
    """A model with its number in the batch, its scope and its outputs, as the models around it need them."""

    number: int
    built: Built
    target: Target
    function: str
    scope: Scope
    outputs: tuple[OutputField, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputField:
    """A field of a model's Output; `final` says that it is an answer and not a step on the way."""

    field: Field
    final: bool


_MOST_OF_FUNCTIONS = 100_000
"""Expressions within calls of user-defined functions: each call copies its body, and copies are copied again."""

_LONGEST_STAGE = 40
_MOST_MODELS_WITHIN = 30
_MOST_NESTED = 90
"""Expressions and predicates within each other: what is evaluated by recursion must fit Python's stack."""

ExpressionCompiler = Callable[["Compiler", Element, Scope], Expression]
PredicateCompiler = Callable[["Compiler", Element, Scope], Computes]
ModelCompiler = Callable[[Site], Built]


@dataclass(frozen=True, slots=True)
class Tables:
    """One line for each kind of expression, predicate and model, by the tag of its element."""

    expressions: Mapping[str, ExpressionCompiler]
    predicates: Mapping[str, PredicateCompiler]
    models: Mapping[str, ModelCompiler]
    model: Callable[[Compiler, Element, Scope, Target | None], CompiledModel]


class Chains:
    """How long the chains of derived fields are: a column is evaluated by recursion only so far below another.

    A column that is farther from its inputs gets stations, which are evaluated before it, the farthest last.
    """

    def __init__(self) -> None:
        """Start with no column known; one that is not has no depth."""
        self._depths: dict[int, int] = {}
        self._stations: dict[int, frozenset[int]] = {}

    def stations(self, slots: list[int], height: int) -> tuple[int, ...]:
        """Return the stations of a column that reads `slots` in an expression of this height; () for none."""
        if height + self._depth(slots) <= _LONGEST_STAGE:
            return ()
        return tuple(sorted({slot for slot in slots if slot in self._depths}.union(*map(self._below, slots))))

    def add(self, slot: int, slots: list[int], height: int, stations: tuple[int, ...]) -> None:
        """Note a new column, what it reads and the stations it was given."""
        self._depths[slot] = height + (0 if stations else self._depth(slots))
        self._stations[slot] = frozenset(stations).union(*map(self._below, slots))

    def _depth(self, slots: list[int]) -> int:
        return max((self._depths.get(slot, 0) for slot in slots), default=0)

    def _below(self, slot: int) -> frozenset[int]:
        return self._stations.get(slot, frozenset())


class Compiler:
    """Compiles one document; collects its columns, models and words."""

    def __init__(
        self,
        tables: Tables,
        vocabulary: Vocabulary,
        data: Mapping[str, DataField],
        functions: Mapping[str, Element],
    ) -> None:
        """Start with nothing compiled; `functions` are the user-defined ones by name."""
        self.tables = tables
        self.vocabulary = vocabulary
        self.data = data
        self.functions = functions
        self.columns: list[Computes] = []
        self.models: list[Predicts] = []
        self.calls: list[str] = []
        self.globals: list[Element] = []
        self.chains = Chains()
        self.depth = 0
        self.deepest = 0
        self._inputs: dict[str, int] = {}
        self._copied = 0
        self._models_within = 0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the names of the data fields that something uses, in the order of their first use."""
        return tuple(self._inputs)

    def column(self, source: Computes) -> int:
        """Return the number of a new column."""
        self.columns.append(source)
        return len(self.columns) - 1

    def input(self, name: str, make: Callable[[], Computes]) -> int:
        """Return the number of the column of a data field, made at the first call."""
        if name not in self._inputs:
            self._inputs[name] = self.column(make())
        return self._inputs[name]

    def number_of(self, model: Predicts) -> int:
        """Return the number of a new model."""
        self.models.append(model)
        return len(self.models) - 1

    def expression(self, element: Element, scope: Scope) -> Expression:
        """Compile an expression element."""
        found = self.tables.expressions.get(element.tag)
        if found is None:
            raise unsupported(element, "is no expression it knows")
        self._copied += bool(self.calls)
        if self._copied > _MOST_OF_FUNCTIONS:
            raise unsupported(element, f"makes the calls of functions more than {_MOST_OF_FUNCTIONS} expressions")
        self._enter(element)
        expression = found(self, element, scope)
        self.depth -= 1
        return expression

    def _enter(self, element: Element) -> None:
        """Count how deep an expression or a predicate is within others; evaluating it takes as much of the stack."""
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        if self.depth > _MOST_NESTED:
            raise unsupported(element, f"is nested more than {_MOST_NESTED} levels deep, calls of functions included")

    def expression_in(self, parent: Element, scope: Scope) -> Expression:
        """Compile the one expression that `parent` must have."""
        found = [child for child in parent.children if child.tag in self.tables.expressions]
        if len(found) != 1:
            raise unsupported(parent, f"has {len(found)} expressions where it needs one")
        return self.expression(found[0], scope)

    def predicate(self, element: Element, scope: Scope) -> Computes:
        """Compile a predicate element."""
        found = self.tables.predicates.get(element.tag)
        if found is None:
            raise unsupported(element, "is no predicate it knows")
        self._enter(element)
        predicate = found(self, element, scope)
        self.depth -= 1
        return predicate

    def predicate_of(self, parent: Element) -> Element:
        """Return the one predicate that `parent` must have."""
        for child in parent.children:
            if child.tag in self.tables.predicates:
                return child
        raise unsupported(parent, "has no predicate")

    def model_of(self, parent: Element) -> Element:
        """Return the one model that `parent` must have."""
        found = [child for child in parent.children if child.tag in self.tables.models]
        if not found:
            raise unsupported(parent, "has no model it knows")
        return found[0]

    def model(self, element: Element, scope: Scope, around: Target | None = None) -> CompiledModel:
        """Compile a model; `around` is the target of the model it is a part of."""
        self._models_within += 1
        if self._models_within > _MOST_MODELS_WITHIN:
            raise unsupported(element, f"is within more than {_MOST_MODELS_WITHIN} other models")
        compiled = self.tables.model(self, element, scope, around)
        self._models_within -= 1
        return compiled
