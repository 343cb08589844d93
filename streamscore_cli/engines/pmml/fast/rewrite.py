"""A program's models with faster ones in their place, where there are any; which rows they are for is in score."""

from __future__ import annotations

from dataclasses import replace

from streamscore_cli.engines.pmml.fast.linear import fast_classification, fast_regression
from streamscore_cli.engines.pmml.fast.neural import fast_categories, fast_network
from streamscore_cli.engines.pmml.fast.trees import fast_poll, fast_sum, fast_tree
from streamscore_cli.engines.pmml.fields.targets import Rescaled, WithPriors
from streamscore_cli.engines.pmml.models.mining.classify import ClassificationEnsemble
from streamscore_cli.engines.pmml.models.mining.regress import RegressionEnsemble
from streamscore_cli.engines.pmml.models.neural.model import NetworkClassification, NetworkRegression
from streamscore_cli.engines.pmml.models.regression.model import Classification, Regression
from streamscore_cli.engines.pmml.models.tree.tree import Tree
from streamscore_cli.engines.pmml.program import Program
from streamscore_cli.engines.pmml.values.batch import Predicts


def rewritten(program: Program, places: tuple[int, ...]) -> tuple[Predicts, ...]:
    """Return the models by their numbers; `places`: by column, its row of the matrix, or -1."""
    used = _inside(program)
    return tuple(
        model if number in used else _faster(model, program.models, places)
        for number, model in enumerate(program.models)
    )


def _inside(program: Program) -> set[int]:
    """Return the numbers of the trees that only an ensemble asks: they stay as they are for the rows that need them."""
    ensembles = [
        one for one in map(_bare, program.models) if isinstance(one, ClassificationEnsemble | RegressionEnsemble)
    ]
    return {segment.model for one in ensembles for segment in one.segments}


def _bare(model: Predicts) -> Predicts:
    while isinstance(model, Rescaled | WithPriors):
        model = model.model
    return model


def _faster(model: Predicts, models: tuple[Predicts, ...], places: tuple[int, ...]) -> Predicts:
    if isinstance(model, Rescaled | WithPriors):
        return replace(model, model=_faster(model.model, models, places))
    if isinstance(model, ClassificationEnsemble):
        return fast_poll(model, models, places)
    if isinstance(model, RegressionEnsemble):
        return fast_sum(model, models, places)
    if isinstance(model, Tree):
        return fast_tree(model, places)
    return _faster_formula(model, places)


def _faster_formula(model: Predicts, places: tuple[int, ...]) -> Predicts:
    if isinstance(model, Regression):
        return fast_regression(model, places)
    if isinstance(model, Classification):
        return fast_classification(model, places)
    if isinstance(model, NetworkClassification):
        return fast_categories(model, places)
    if isinstance(model, NetworkRegression):
        return replace(model, network=fast_network(model.network, places))
    return model
