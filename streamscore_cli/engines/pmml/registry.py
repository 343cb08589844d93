"""Every kind of model, expression and predicate the engine has, one line each, and the shapes of all its elements."""

from __future__ import annotations

from streamscore_cli.engines.pmml.compiler import ExpressionCompiler, ModelCompiler, PredicateCompiler, Tables
from streamscore_cli.engines.pmml.document import arrays
from streamscore_cli.engines.pmml.document.grammar import Shape, Shapes, merged, shape
from streamscore_cli.engines.pmml.expressions import apply, continuous, mapping, plain, text_index
from streamscore_cli.engines.pmml.fields import derived, dictionary, schema, targets
from streamscore_cli.engines.pmml.models import distance
from streamscore_cli.engines.pmml.models.assembly import compile_model
from streamscore_cli.engines.pmml.models.association import compile as association
from streamscore_cli.engines.pmml.models.clustering import compile as clustering
from streamscore_cli.engines.pmml.models.general_regression import compile as general_regression
from streamscore_cli.engines.pmml.models.mining import compile as mining
from streamscore_cli.engines.pmml.models.naive_bayes import compile as naive_bayes
from streamscore_cli.engines.pmml.models.neighbours import compile as neighbours
from streamscore_cli.engines.pmml.models.neural import compile as neural
from streamscore_cli.engines.pmml.models.regression import compile as regression
from streamscore_cli.engines.pmml.models.rule_set import compile as rule_set
from streamscore_cli.engines.pmml.models.scorecard import compile as scorecard
from streamscore_cli.engines.pmml.models.support_vector import compile as support_vector
from streamscore_cli.engines.pmml.models.tree import compile as tree
from streamscore_cli.engines.pmml.outputs import output
from streamscore_cli.engines.pmml.predicates import predicate
from streamscore_cli.engines.pmml.verification import rows as verification

EXPRESSIONS: dict[str, ExpressionCompiler] = {
    "FieldRef": plain.compile_field_ref,
    "Constant": plain.compile_constant,
    "NormDiscrete": plain.compile_norm_discrete,
    "NormContinuous": continuous.compile_norm_continuous,
    "Discretize": continuous.compile_discretize,
    "MapValues": mapping.compile_map_values,
    "Apply": apply.compile_apply,
    "TextIndex": text_index.compile_text_index,
}

PREDICATES: dict[str, PredicateCompiler] = {
    "SimplePredicate": predicate.compile_simple,
    "SimpleSetPredicate": predicate.compile_member,
    "CompoundPredicate": predicate.compile_compound,
    "True": predicate.compile_true,
    "False": predicate.compile_false,
}

MODELS: dict[str, ModelCompiler] = {
    "TreeModel": tree.compile_tree,
    "RegressionModel": regression.compile_regression,
    "NaiveBayesModel": naive_bayes.compile_naive_bayes,
    "NearestNeighborModel": neighbours.compile_neighbours,
    "RuleSetModel": rule_set.compile_rule_set,
    "Scorecard": scorecard.compile_scorecard,
    "GeneralRegressionModel": general_regression.compile_general_regression,
    "NeuralNetwork": neural.compile_neural,
    "SupportVectorMachineModel": support_vector.compile_support_vector,
    "ClusteringModel": clustering.compile_clustering,
    "AssociationModel": association.compile_association,
    "MiningModel": mining.compile_mining,
}

TABLES = Tables(EXPRESSIONS, PREDICATES, MODELS, compile_model)

_MODEL_NAMES = " ".join(MODELS)

_DOCUMENT: Shapes = {
    "PMML": shape(
        "version",
        f"DataDictionary TransformationDictionary {_MODEL_NAMES}",
        "",
        "Header MiningBuildTask",
    ),
}

SHAPES: dict[str, Shape] = merged(
    (
        _DOCUMENT,
        arrays.SHAPES,
        dictionary.SHAPES,
        schema.SHAPES,
        derived.SHAPES,
        targets.SHAPES,
        plain.SHAPES,
        continuous.SHAPES,
        mapping.SHAPES,
        apply.SHAPES,
        text_index.SHAPES,
        predicate.SHAPES,
        output.SHAPES,
        verification.SHAPES,
        tree.SHAPES,
        regression.SHAPES,
        general_regression.SHAPES,
        neural.SHAPES,
        naive_bayes.SHAPES,
        neighbours.SHAPES,
        rule_set.SHAPES,
        scorecard.SHAPES,
        distance.SHAPES,
        clustering.SHAPES,
        association.SHAPES,
        support_vector.SHAPES,
        mining.shapes(_MODEL_NAMES),
    )
)
