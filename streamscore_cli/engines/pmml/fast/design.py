"""General regressions over plain rows: the design matrix of all parameters at once; what follows is said there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast.plain import PlainBatch
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.models.general_regression.model import (
    Binary,
    GeneralRegression,
    Linked,
    Multinomial,
    Ordinal,
)
from streamscore_cli.engines.pmml.models.general_regression.predictor import Contrast, Covariate, Factor, Predictor
from streamscore_cli.engines.pmml.values.batch import Batch, Predicts
from streamscore_cli.engines.pmml.values.column import Cells, Column
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.sums import in_order

_CELLS_AT_ONCE = 12_000
_Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Rank:
    """The first (second, ...) term of each parameter that has so many.

    `numbers`, `factors`: which parameters it is a number or a factor of; `places`, `among`: the rows of the matrix of
    those; `powers`: which of the numbers are raised to what; `cells` (factors, 1).
    """

    numbers: _Places
    places: _Places
    powers: tuple[tuple[int, float], ...]
    factors: _Places
    among: _Places
    cells: Matrix


@dataclass(frozen=True, slots=True)
class FastPredictor(Predictor):
    """A predictor whose terms are rows of the matrix of a plain batch; `betas` (parameters, 1).

    `lone`: by parameter the row of the one number it has, if none has more; any row for the `constants`, which have no
    term. None otherwise.
    """

    ranks: tuple[Rank, ...]
    betas: Matrix
    lone: _Places | None
    constants: tuple[int, ...]

    def evaluate(self, batch: Batch) -> Column:
        """Return the sum, the first parameter's product first; a factor of 0 makes its parameter 0 whatever else is."""
        if not isinstance(batch, PlainBatch):
            return Predictor.evaluate(self, batch)
        step = max(64, _CELLS_AT_ONCE // len(self.betas))
        if batch.length <= step:
            return Column(self._sums(batch.matrix))
        parts = [self._sums(batch.matrix[:, first : first + step]) for first in range(0, batch.length, step)]
        return Column(np.concatenate(parts))

    def _sums(self, cells: Matrix) -> Cells:
        design = self._design(cells) if self.lone is None else self._scaled(cells, self.lone)
        design[0] += 0.0
        total: Cells = in_order(design)
        return total

    def _scaled(self, cells: Matrix, places: _Places) -> Matrix:
        design = cells.take(places, axis=0)
        design *= self.betas
        for number in self.constants:
            design[number] = self.betas[number, 0]
        return design

    def _design(self, cells: Matrix) -> Matrix:
        design = np.ones((len(self.betas), cells.shape[1]))
        none = np.zeros(design.shape, dtype=bool)
        for rank in self.ranks:
            if len(rank.numbers):
                values = cells.take(rank.places, axis=0)
                for place, exponent in rank.powers:
                    values[place] = np.power(values[place], exponent)
                design[rank.numbers] *= values
            if len(rank.factors):
                given = cells.take(rank.among, axis=0)
                none[rank.factors] |= given != rank.cells
        design *= self.betas
        np.copyto(design, 0.0, where=none)
        return design


def fast_general(model: Predicts, site: Site) -> Predicts:
    """Return a general regression with faster predictors where there are any, another model as it is."""
    if isinstance(model, GeneralRegression | Binary):
        return replace(model, mean=_linked(model.mean, site))
    if isinstance(model, Multinomial):
        return replace(model, predictors=tuple(_fast(one, site) for one in model.predictors))
    if isinstance(model, Ordinal):
        return replace(model, cumulative=tuple(_linked(one, site) for one in model.cumulative))
    return model


def _linked(linked: Linked, site: Site) -> Linked:
    return replace(linked, predictor=_fast(linked.predictor, site))


def _fast(predictor: Predictor, site: Site) -> Predictor:
    terms = [term for parameter in predictor.parameters for term in parameter.terms]
    if not predictor.parameters or any(site.places[term.slot] < 0 for term in terms):
        return predictor
    if any(isinstance(term, Contrast) or (isinstance(term, Covariate) and term.exponent == 0.0) for term in terms):
        return predictor
    deepest = max(len(parameter.terms) for parameter in predictor.parameters)
    betas = np.array([[parameter.beta] for parameter in predictor.parameters])
    constants = tuple(number for number, one in enumerate(predictor.parameters) if not one.terms)
    ranks = tuple(_rank(predictor, rank, site) for rank in range(deepest))
    return FastPredictor(predictor.parameters, ranks, betas, _lone(predictor, site), constants)


def _lone(predictor: Predictor, site: Site) -> _Places | None:
    """Return by parameter the place of its term; None where one has several, or something else than a plain number."""
    places = []
    for parameter in predictor.parameters:
        if any(not isinstance(term, Covariate) or term.exponent != 1.0 for term in parameter.terms):
            return None
        if len(parameter.terms) > 1:
            return None
        places.append(site.places[parameter.terms[0].slot] if parameter.terms else 0)
    return np.array(places, dtype=np.intp)


def _rank(predictor: Predictor, rank: int, site: Site) -> Rank:
    having = [(number, one.terms[rank]) for number, one in enumerate(predictor.parameters) if len(one.terms) > rank]
    numbers = [(number, term) for number, term in having if isinstance(term, Covariate)]
    factors = [(number, term) for number, term in having if isinstance(term, Factor)]
    return Rank(
        np.array([number for number, _ in numbers], dtype=np.intp),
        np.array([site.places[term.slot] for _, term in numbers], dtype=np.intp),
        tuple((place, term.exponent) for place, (_, term) in enumerate(numbers) if term.exponent != 1.0),
        np.array([number for number, _ in factors], dtype=np.intp),
        np.array([site.places[term.slot] for _, term in factors], dtype=np.intp),
        np.array([term.cell for _, term in factors])[:, None],
    )
