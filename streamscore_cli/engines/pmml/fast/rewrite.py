"""A program's models with faster ones in their place, where there are any; which rows they are for is in score."""

from __future__ import annotations

from dataclasses import replace

from streamscore_cli.engines.pmml.fast.design import fast_general
from streamscore_cli.engines.pmml.fast.linear import fast_classification, fast_regression
from streamscore_cli.engines.pmml.fast.neural import PlainClassification, PlainRegression, fast_categories, fast_number
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.fast.trees import FastPoll, FastSum, FastTree, fast_poll, fast_sum, fast_tree
from streamscore_cli.engines.pmml.fields.targets import Narrowed, Rescaled, WithPriors
from streamscore_cli.engines.pmml.models.general_regression.model import (
    Binary,
    GeneralRegression,
    Multinomial,
    Ordinal,
)
from streamscore_cli.engines.pmml.models.mining.chain import Unbroken
from streamscore_cli.engines.pmml.models.mining.classify import ClassificationEnsemble
from streamscore_cli.engines.pmml.models.mining.regress import RegressionEnsemble
from streamscore_cli.engines.pmml.models.neural.model import NetworkClassification, NetworkRegression
from streamscore_cli.engines.pmml.models.regression.model import Classification, Regression
from streamscore_cli.engines.pmml.models.tree.tree import Tree
from streamscore_cli.engines.pmml.program import Program
from streamscore_cli.engines.pmml.values.batch import Predicts

_WITHOUT_GAPS = (PlainClassification, PlainRegression, GeneralRegression, Binary, Multinomial, Ordinal)


def rewritten(program: Program, site: Site) -> tuple[Predicts, ...]:
    """Return the models by their numbers."""
    used = _inside(program)
    return tuple(
        model if number in used else _faster(model, program.models, site) for number, model in enumerate(program.models)
    )


def takes_gaps(models: tuple[Predicts, ...]) -> bool:
    """Tell whether there are fast trees, and no model among them that is wrong or slow where cells are missing."""
    bare = [_bare(model) for model in models]
    groves = [one.grove.gaps for one in bare if isinstance(one, FastTree | FastPoll | FastSum)]
    return (
        any(groves) and all(groves) and not any(isinstance(one, PlainClassification | PlainRegression) for one in bare)
    )


def _inside(program: Program) -> set[int]:
    """Return the numbers of the trees that only an ensemble asks: they stay as they are for the rows that need them."""
    ensembles = [
        one for one in map(_bare, program.models) if isinstance(one, ClassificationEnsemble | RegressionEnsemble)
    ]
    return {segment.model for one in ensembles for segment in one.segments}


def _bare(model: Predicts) -> Predicts:
    inside = _wrapped(model)
    return model if inside is None else _bare(inside)


def _wrapped(model: Predicts) -> Predicts | None:
    """Return the model that another one treats the predictions of: targets, chains that may break."""
    return model.model if isinstance(model, Rescaled | WithPriors | Narrowed | Unbroken) else None


def _faster(model: Predicts, models: tuple[Predicts, ...], site: Site) -> Predicts:
    if isinstance(model, Rescaled | WithPriors | Narrowed | Unbroken):
        return replace(model, model=_faster(model.model, models, site))
    if isinstance(model, ClassificationEnsemble):
        return fast_poll(model, models, site)
    if isinstance(model, RegressionEnsemble):
        return fast_sum(model, models, site)
    if isinstance(model, Tree):
        return fast_tree(model, site)
    return _faster_formula(model, site)


def _faster_formula(model: Predicts, site: Site) -> Predicts:
    if isinstance(model, Regression):
        return fast_regression(model, site)
    if isinstance(model, Classification):
        return fast_classification(model, site)
    if isinstance(model, NetworkClassification):
        return fast_categories(model, site)
    if isinstance(model, NetworkRegression):
        return fast_number(model, site)
    return fast_general(model, site)
