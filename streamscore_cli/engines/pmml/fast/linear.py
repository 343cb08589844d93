"""Regression tables over plain rows, all numbers at once; what becomes of their sums is left to the regressions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.models.regression.model import Classification, Regression
from streamscore_cli.engines.pmml.models.regression.table import Table
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.sums import in_order


@dataclass(frozen=True, slots=True)
class FastTable(Table):
    """A table whose numbers and categories are rows of the matrix of a plain batch.

    `places`, `factors`: of the numbers; `powers`: which of them are raised to what; `categorical`: of the categories.
    `whole`: the numbers are the rows of the matrix, all of them in their order and as they are.
    """

    places: NDArray[np.intp]
    factors: Matrix
    powers: tuple[tuple[int, float], ...]
    categorical: tuple[int, ...]
    whole: bool

    def evaluate(self, batch: Batch) -> Column:
        """Return the linear predictor: terms in document order, the intercept last."""
        if not isinstance(batch, PlainBatch):
            return Table.evaluate(self, batch)
        if self.whole:
            terms = batch.matrix * self.factors
        else:
            terms = batch.matrix.take(self.places, axis=0)
            for place, exponent in self.powers:
                terms[place] = np.power(terms[place], exponent)
            terms *= self.factors
        if self.categories:
            shares = [
                group.terms(batch.matrix[at]) for group, at in zip(self.categories, self.categorical, strict=True)
            ]
            terms = np.concatenate((terms, shares))
        total: Cells = in_order(terms)
        total += self.intercept
        return Column(total)


def fast_regression(model: Regression, site: Site) -> Regression:
    """Return the regression with a faster table, or as it is."""
    return replace(model, table=fast_table(model.table, site))


def fast_classification(model: Classification, site: Site) -> Classification:
    """Return the classification with faster tables where there are any."""
    return replace(model, tables=tuple(fast_table(table, site) for table in model.tables))


def fast_table(table: Table, site: Site) -> Table:
    """Return the table with its fields' places, or as it is."""
    places = [site.places[slot] for slot in table.slots]
    categorical = tuple(site.places[group.slot] for group in table.categories)
    if table.products or table.single or not (places or categorical) or min((*places, *categorical)) < 0:
        return table
    exponents = table.exponents.tolist()
    if 0.0 in exponents:
        return table
    return FastTable(
        table.intercept,
        table.slots,
        table.coefficients,
        table.exponents,
        table.categories,
        table.products,
        table.single,
        np.array(places, dtype=np.intp),
        table.coefficients[:, None],
        tuple((place, exponent) for place, exponent in enumerate(exponents) if exponent != 1.0),
        categorical,
        places == list(range(site.rows)) and set(exponents) == {1.0},
    )
