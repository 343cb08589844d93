"""All kinds of random documents by name."""

from __future__ import annotations

from collections.abc import Callable

from tests.engines.pmml.properties.bayes import naive_bayes_case
from tests.engines.pmml.properties.case import Case, Maker
from tests.engines.pmml.properties.ensembles import chain_case, ensemble_case
from tests.engines.pmml.properties.formulas import formula_case
from tests.engines.pmml.properties.general_regressions import general_regression_case
from tests.engines.pmml.properties.networks import network_case
from tests.engines.pmml.properties.points import cluster_case, neighbour_case, vector_case
from tests.engines.pmml.properties.regressions import regression_case
from tests.engines.pmml.properties.rules import rule_set_case, scorecard_case
from tests.engines.pmml.properties.trees import tree_case

KINDS: dict[str, Callable[[Maker], Case]] = {
    "tree": tree_case,
    "ensemble": ensemble_case,
    "chain": chain_case,
    "regression": regression_case,
    "general regression": general_regression_case,
    "network": network_case,
    "support vectors": vector_case,
    "clustering": cluster_case,
    "naive Bayes": naive_bayes_case,
    "neighbours": neighbour_case,
    "formula": formula_case,
    "rule set": rule_set_case,
    "scorecard": scorecard_case,
}
