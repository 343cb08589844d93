"""A regression table as arrays, and its linear predictor for a batch; what the predictors mean is in compile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, among, merged
from streamscore_cli.engines.pmml.values.sums import in_order


@dataclass(frozen=True, slots=True)
class Categories:
    """The coefficients of one field's categories, cells ascending; another category adds nothing."""

    slot: int
    cells: NDArray[np.float64]
    coefficients: NDArray[np.float64]

    def terms(self, values: Cells) -> Cells:
        """Return the term of each row, 0 where the category has none or is missing."""
        places = np.minimum(np.searchsorted(self.cells, values), len(self.cells) - 1)
        return np.where(self.cells[places] == values, self.coefficients[places], 0.0)


@dataclass(frozen=True, slots=True)
class Product:
    """A coefficient times several fields."""

    slots: tuple[int, ...]
    coefficient: float


@dataclass(frozen=True, slots=True)
class Table:
    """Intercept, numeric predictors (a coefficient times a field to a power), categories and products.

    A missing number makes the sum missing, a missing category adds nothing.
    """

    intercept: float
    slots: tuple[int, ...]
    coefficients: NDArray[np.float64]
    exponents: NDArray[np.float64]
    categories: tuple[Categories, ...]
    products: tuple[Product, ...]
    single: bool

    def evaluate(self, batch: Batch) -> Column:
        """Return the linear predictor: terms in document order, the intercept last, as JPMML sums them."""
        terms, faults = self._terms(batch)
        if self.single:
            total = np.zeros(batch.length)
            for term in terms:
                total = rounded(total + rounded(term))
            return Column(rounded(total + self.intercept), faults)
        if not terms:
            return Column(np.full(batch.length, self.intercept), faults)
        return Column(in_order(np.stack(terms)) + self.intercept, faults)

    def _fit(self, values: Cells) -> Cells:
        return rounded(values) if self.single else values

    def _terms(self, batch: Batch) -> tuple[list[Cells], Faults | None]:
        terms: list[Cells] = []
        used: list[Column] = []
        for slot, coefficient, exponent in zip(
            self.slots, self.coefficients.tolist(), self.exponents.tolist(), strict=True
        ):
            used.append(batch.column(slot))
            values = used[-1].values
            with np.errstate(all="ignore"):
                powers = self._fit(values)
                powers = powers if exponent == 1.0 else self._fit(np.power(powers, exponent))
                terms.append(np.where(np.isnan(values), math.nan, powers * coefficient))
        for group in self.categories:
            values, faults = batch.column(group.slot)
            used.append(Column(np.zeros(batch.length), faults))
            terms.append(group.terms(values))
        for product in self.products:
            columns = [batch.column(slot) for slot in product.slots]
            used += columns
            with np.errstate(all="ignore"):
                terms.append(product.coefficient * np.prod(np.stack([column.values for column in columns]), axis=0))
        return terms, met_before_missing(used)


def met_before_missing(columns: list[Column]) -> Faults | None:
    """Return the first fault of each row, of those that come before its first missing cell: JPMML looks no further."""
    if all(column.faults is None for column in columns):
        return None
    met: list[Faults | None] = []
    open_rows = np.ones(len(columns[0].values), dtype=bool)
    for values, faults in columns:
        met.append(among(faults, open_rows))
        missing = np.isnan(values)
        open_rows &= ~missing if faults is None else ~missing | (faults != 0)
    return merged(met)
