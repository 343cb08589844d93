"""What a model predicts for one row, and what a scorer of one kind of model is given; it scores nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import Document, Field, Scope, values_of
from tests.engines.pmml.reference.values import Value

Shares = dict[str, float]


@dataclass
class Prediction:
    """A prediction; the numbers by category have the categories' texts as keys, None says that there are none."""

    value: Value = None
    probabilities: Shares | None = None
    confidences: Shares | None = None
    affinities: Shares | None = None
    entities: list[str] = field(default_factory=list)
    extras: dict[str, Value] = field(default_factory=dict)


@dataclass
class Told:
    """An output field; `final` says that it is an answer and not a step on the way."""

    name: str
    field: Field
    final: bool


@dataclass
class Site:
    """A model's element, its fields in this row, and how a model within it is scored."""

    document: Document
    element: ET.Element
    scope: Scope
    target: str | None
    inner: Callable[[ET.Element, Scope, str | None], tuple[Prediction, list[Told]]]

    @property
    def function(self) -> str:
        """Return what the model is for."""
        return self.element.attrib["functionName"]

    @property
    def labels(self) -> list[str]:
        """Return the categories that the data dictionary lists."""
        data = self.document.data.get(self.target or "")
        return [] if data is None else [str(one) for one in values_of(data, "valid")]


def largest(shares: Shares, order: list[str] | None = None) -> str:
    """Return the first category with the largest share, in the given order or their own (that of the model)."""
    names = list(shares) if order is None else [one for one in order if one in shares]
    return max(names, key=lambda label: shares[label])
