"""A linear predictor of parameters, each a product of factors and covariates; which link follows is in model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, merged


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
class Parameter:
    """A coefficient times a product; an empty product is 1, which makes it an intercept."""

    beta: float
    terms: tuple[Covariate | Factor, ...] = ()


@dataclass(frozen=True, slots=True)
class Predictor:
    """Parameters, summed in the order of the document."""

    parameters: tuple[Parameter, ...]

    def evaluate(self, batch: Batch) -> Column:
        """Return the sum, missing where a factor or covariate that it has is missing."""
        total: Cells = np.zeros(batch.length)
        used: list[Faults | None] = []
        for parameter in self.parameters:
            product: Cells | None = None
            for term in parameter.terms:
                values, faults = term.evaluate(batch)
                used.append(faults)
                with np.errstate(all="ignore"):
                    product = values if product is None else product * values
            with np.errstate(all="ignore"):
                total = total + (parameter.beta if product is None else parameter.beta * product)
        return Column(total, merged(used))
