"""A linear predictor of parameters, each a product of factors and covariates; which link follows is in model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, among, merged


@dataclass(frozen=True, slots=True)
class Covariate:
    """A number to a power."""

    slot: int
    exponent: float

    def evaluate(self, batch: Batch) -> Column:
        """Return the column, missing where the number is."""
        values, faults = batch.column(self.slot)
        if self.exponent == 1.0:
            return Column(values, faults)
        with np.errstate(all="ignore"):
            powers = np.power(values, self.exponent)
        return Column(np.where(np.isnan(values), math.nan, powers), faults)


@dataclass(frozen=True, slots=True)
class Factor:
    """1 where a field has the category, 0 where it has another, missing where it is missing."""

    slot: int
    cell: float

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = batch.column(self.slot)
        return Column(np.where(np.isnan(values), math.nan, (values == self.cell).astype(np.float64)), faults)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A number for each of a field's categories: a column of its contrast matrix; missing where the field is."""

    slot: int
    cells: tuple[float, ...]
    numbers: tuple[float, ...]
    name: str

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; a row with another category fails."""
        values, faults = batch.column(self.slot)
        found: Cells = np.full(batch.length, math.nan)
        for cell, number in zip(self.cells, self.numbers, strict=True):
            found = np.where(values == cell, number, found)
        other = np.isnan(found) & ~np.isnan(values)
        return Column(found, merged((faults, batch.faults(other, f"{self.name!r} has no contrasts for its value"))))


Term = Covariate | Factor | Contrast


@dataclass(frozen=True, slots=True)
class Parameter:
    """A coefficient times a product; an empty product is 1, which makes it an intercept."""

    beta: float
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Predictor:
    """Parameters, summed in the order of the document.

    As in JPMML, a factor of 0 makes its parameter 0 whatever the parameter's other terms are, factors are asked before
    covariates, and nothing is asked any more after the first missing one.
    """

    parameters: tuple[Parameter, ...]

    def evaluate(self, batch: Batch) -> Column:
        """Return the sum, missing where a factor or covariate that it needs is missing."""
        total: Cells = np.zeros(batch.length)
        used: list[Faults | None] = []
        absent = np.zeros(batch.length, dtype=bool)
        for parameter in self.parameters:
            if not parameter.terms:
                total = total + parameter.beta
                continue
            product: Cells = np.ones(batch.length)
            zero = np.zeros(batch.length, dtype=bool)
            for term in sorted(parameter.terms, key=lambda term: isinstance(term, Covariate)):
                values, faults = term.evaluate(batch)
                asked = ~(absent | zero)
                used.append(among(faults, asked))
                absent |= asked & np.isnan(values)
                zero |= (values == 0.0) if not isinstance(term, Covariate) else False
                with np.errstate(all="ignore"):
                    product = product * values
            with np.errstate(all="ignore"):
                total = total + np.where(zero, 0.0, parameter.beta * product)
        return Column(np.where(absent, math.nan, total), merged(used))
