"""A random document with rows for it, and what makes both; the random numbers come from whoever asks.

With hypothesis they are drawn by it, so that what fails is made small; for thousands of documents they are `random`'s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from xml.sax.saxutils import quoteattr

Cell = float | str | None
COLOURS = ("red", "green", "blue")
NUMBERS = (-2.0, -1.0, 0.0, 0.1, 0.3, 0.5, 1.0, 2.5)
TYPES = {"x": "double", "y": "double", "f": "float", "i": "integer", "c": "string", "d": "string"}
_ODD = (math.inf, -math.inf, math.nan, -0.0, 1e300, 5e-324, -1e300, "0.5", "2", "1e0", "oops", None)
_WHOLE_ODD = (2147483647.0, -2147483647.0, -0.0, 2.5, math.nan, math.inf, "2", "3.0", "oops")
_SINGLES = (0.3, 0.30000001192092896, 0.3000000417232513, math.nextafter(0.30000001192092896, 1), 0.1, 16777217.0)


@dataclass(frozen=True, slots=True)
class Case:
    """A document, and rows of cells by field."""

    document: bytes
    rows: tuple[dict[str, Cell], ...]


@dataclass(slots=True)
class Maker:
    """Makes the parts of a case; `used` are the fields that the model's schema names."""

    random: Random
    used: str = "xyfic"
    treatments: dict[str, str] = field(default_factory=dict)
    intervals: dict[str, str] = field(default_factory=dict)
    binary: bool = False

    def one(self, options: Sequence[str]) -> str:
        """Return one of some texts."""
        return options[self.random.randrange(len(options))]

    def chance(self, percent: int) -> bool:
        """Return true so often of a hundred times."""
        return self.random.randrange(100) < percent

    def number(self) -> float:
        """Return a number of few digits; a coefficient, a weight, a threshold."""
        if self.chance(40):
            return NUMBERS[self.random.randrange(len(NUMBERS))]
        return self.random.randrange(-4000, 4001) / 1000

    def positive(self) -> float:
        """Return a number above 0."""
        return self.random.randrange(1, 3001) / 1000

    def some(self, options: Sequence[str], least: int = 1) -> list[str]:
        """Return different ones of some texts, in their order."""
        chosen = [one for one in options if self.chance(60)]
        return chosen if len(chosen) >= least else list(options[:least])

    def shuffled(self, texts: Sequence[str]) -> list[str]:
        """Return some texts in another order."""
        return sorted(texts, key=lambda _: self.random.randrange(1000))

    def dictionary(self, target: str) -> str:
        """Return a DataDictionary: the target's field, and those of `TYPES`."""
        fields = "".join(self._data_field(name) for name in TYPES)
        return f"<DataDictionary>{target}{fields}</DataDictionary>"

    def _data_field(self, name: str) -> str:
        if TYPES[name] == "string":
            values = "".join(f'<Value value="{one}"/>' for one in COLOURS) if name == "c" else ""
            return f'<DataField name="{name}" optype="categorical" dataType="string">{values}</DataField>'
        inside = self.intervals.get(name, "")
        return f'<DataField name="{name}" optype="continuous" dataType="{TYPES[name]}">{inside}</DataField>'

    def treat(self, *, failing: bool = True) -> None:
        """Choose how fields' odd values are treated, for some fields; unless `failing`, no value fails its row."""
        for name in self.used:
            numeric = TYPES[name] != "string"
            if numeric and self.chance(15):
                closure = self.one(["closedClosed", "openClosed", "closedOpen", "openOpen"])
                self.intervals[name] = f'<Interval closure="{closure}" leftMargin="-1" rightMargin="1"/>'
            chosen = self._missing(name, failing=failing) + self._invalid(name, failing=failing)
            if numeric and self.chance(20):
                kind = self.one(["asMissingValues", "asExtremeValues"])
                chosen.append(f'outliers="{kind}" lowValue="-1" highValue="2"')
            if chosen:
                self.treatments[name] = " ".join(chosen)

    def _replacement(self, name: str) -> str:
        return self.one(COLOURS) if TYPES[name] == "string" else "1" if TYPES[name] == "integer" else "0.3"

    def _missing(self, name: str, *, failing: bool) -> list[str]:
        if self.chance(15):
            return [f'missingValueReplacement="{self._replacement(name)}" missingValueTreatment="asValue"']
        return ['missingValueTreatment="returnInvalid"'] if failing and self.chance(5) else []

    def _invalid(self, name: str, *, failing: bool) -> list[str]:
        options = ["asMissing", "asMissing", "asValue"]
        treatment = self.one([*options, "", "", "asIs", "returnInvalid"] if failing else options)
        if treatment == "asValue":
            return [f'invalidValueTreatment="asValue" invalidValueReplacement="{self._replacement(name)}"']
        return [f'invalidValueTreatment="{treatment}"'] if treatment else []

    def schema(self, target: str | None = "z", used: str = "", *, treated: bool = True) -> str:
        """Return a MiningSchema."""
        names = used or self.used
        fields = "".join(
            f'<MiningField name="{one}" {self.treatments.get(one, "") if treated else ""}/>' for one in names
        )
        predicted = f'<MiningField name="{target}" usageType="target"/>' if target else ""
        return f"<MiningSchema>{predicted}{fields}</MiningSchema>"

    def row(self, *, odd: int) -> dict[str, Cell]:
        """Return a row in which so many of a hundred cells are odd."""
        return {name: self._odd(name) if self.chance(odd) else self._plain(name) for name in self.used}

    def _plain(self, name: str) -> Cell:
        if TYPES[name] == "string":
            return self.one(COLOURS)
        if TYPES[name] == "integer" or self.binary:
            return float(self.random.randrange(2) if self.binary else self.random.randrange(-2, 5))
        return self.number()

    def _odd(self, name: str) -> Cell:
        if TYPES[name] == "string":
            return None if self.chance(50) else "unseen"
        if TYPES[name] == "integer" and self.chance(60):
            return _WHOLE_ODD[self.random.randrange(len(_WHOLE_ODD))]
        if TYPES[name] == "float" and self.chance(50):
            return _SINGLES[self.random.randrange(len(_SINGLES))]
        if self.chance(40) or TYPES[name] == "integer":
            return None
        return _ODD[self.random.randrange(len(_ODD))]

    def rows(self) -> tuple[dict[str, Cell], ...]:
        """Return plain rows, odd ones, and some of both kinds."""
        return tuple(self.row(odd=odd) for odd in (0, 0, 0, 0, 8, 8, 20, 20, 20, 50))

    def case(self, target: str, model: str, transformations: str = "") -> Case:
        """Return a document with this target field and model, and rows."""
        text = (
            '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>'
            f"{self.dictionary(target)}<TransformationDictionary>{transformations}</TransformationDictionary>"
            f"{model}</PMML>"
        )
        return Case(text.encode(), self.rows())


NUMBER_TARGET = '<DataField name="z" optype="continuous" dataType="double"/>'
LABELS = ("yes", "no", "perhaps")


def label_target(labels: Sequence[str] = LABELS, optype: str = "categorical") -> str:
    """Return the target's field of a classification."""
    values = "".join(f'<Value value="{one}"/>' for one in labels)
    return f'<DataField name="z" optype="{optype}" dataType="string">{values}</DataField>'


def shares(labels: Sequence[str] = LABELS, feature: str = "probability") -> str:
    """Return an Output of every category's probability."""
    fields = "".join(
        f'<OutputField name="{feature}_{one}" optype="continuous" dataType="double" feature="{feature}" value="{one}"/>'
        for one in labels
    )
    return f"<Output>{fields}</Output>"


def quoted(value: object) -> str:
    """Return an attribute's value."""
    return quoteattr(str(value))
