"""Regression tables of plain numbers, all terms at once; what becomes of their sums is left to the regressions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.models.regression.model import Classification, Regression
from streamscore_cli.engines.pmml.models.regression.table import Table
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.sums import in_order


@dataclass(frozen=True, slots=True)
class FastTable(Table):
    """A table of numbers times coefficients; its fields are rows of the matrix of a plain batch."""

    places: NDArray[np.intp]
    factors: Matrix

    def evaluate(self, batch: Batch) -> Column:
        """Return the linear predictor: terms in document order, the intercept last."""
        if not isinstance(batch, PlainBatch):
            return Table.evaluate(self, batch)
        with np.errstate(all="ignore"):
            terms = batch.matrix.take(self.places, axis=0)
            terms *= self.factors
            total = in_order(terms)
            total += self.intercept
        return Column(total)


def fast_regression(model: Regression, places: tuple[int, ...]) -> Regression:
    """Return the regression with a faster table, or as it is."""
    return replace(model, table=fast_table(model.table, places))


def fast_classification(model: Classification, places: tuple[int, ...]) -> Classification:
    """Return the classification with faster tables where there are any."""
    return replace(model, tables=tuple(fast_table(table, places) for table in model.tables))


def fast_table(table: Table, places: tuple[int, ...]) -> Table:
    """Return the table with its fields' places, or as it is."""
    plain = not table.categories and not table.products and not table.single and bool(table.slots)
    if not plain or (table.exponents != 1.0).any() or any(places[slot] < 0 for slot in table.slots):
        return table
    return FastTable(
        table.intercept,
        table.slots,
        table.coefficients,
        table.exponents,
        table.categories,
        table.products,
        table.single,
        np.array([places[slot] for slot in table.slots]),
        table.coefficients[:, None],
    )
