"""Random mining models: ensembles, selections and chains of trees and regressions."""

from __future__ import annotations

from tests.engines.pmml.properties.case import LABELS, NUMBER_TARGET, Case, Maker, label_target, shares
from tests.engines.pmml.properties.regressions import regression
from tests.engines.pmml.properties.trees import predicate, tree

COMBINES = ("average", "weightedAverage", "sum", "weightedSum", "median", "weightedMedian", "max", "selectFirst")
POLLS = ("majorityVote", "weightedMajorityVote", "average", "weightedAverage", "selectFirst")


def _segments(maker: Maker, labels: tuple[str, ...], *, conditional: bool) -> str:
    segments = ""
    for place in range(maker.random.randrange(1, 5)):
        test = predicate(maker) if conditional and maker.chance(30) else "<True/>"
        model = tree(maker, labels, target=None) if maker.chance(70) else regression(maker, labels, target=None)
        segments += f'<Segment id="s{place}" weight="{maker.positive()!r}">{test}{model}</Segment>'
    return segments


def ensemble_case(maker: Maker) -> Case:
    """Return an ensemble or a selection."""
    maker.treat()
    labels = LABELS if maker.chance(50) else ()
    method = maker.one(POLLS if labels else COMBINES)
    treatment = maker.one(["", "continue", "skipSegment", "skipSegment", "returnMissing"])
    extra = f'missingPredictionTreatment="{treatment}"' if treatment else ""
    threshold = treatment == "skipSegment" and method != "selectFirst" and maker.chance(50)
    extra += f' missingThreshold="{maker.one(["0.2", "0.5", "0.75"])}"' if threshold else ""
    segments = _segments(maker, labels, conditional=not threshold)
    model = (
        f'<MiningModel functionName="{"classification" if labels else "regression"}">{maker.schema()}'
        f'{shares() if labels else ""}<Segmentation multipleModelMethod="{method}" {extra}>{segments}</Segmentation>'
        "</MiningModel>"
    )
    return maker.case(label_target() if labels else NUMBER_TARGET, model)


def chain_case(maker: Maker) -> Case:
    """Return a chain: sums of trees, and a regression of them; or two trees whose scores are multiplied."""
    maker.treat(failing=False)
    parts = ""
    names = [f"t{place}" for place in range(maker.random.randrange(1, 4))]
    for name in names:
        output = f'<Output><OutputField name="{name}" optype="continuous" dataType="double" {_silent(maker)}/></Output>'
        parts += f"<Segment><True/>{_inner(maker, output)}</Segment>"
    labels = LABELS[:2] if maker.chance(50) else ()
    parts += f"<Segment><True/>{_last(maker, names, labels)}</Segment>"
    model = (
        f'<MiningModel functionName="{"classification" if labels else "regression"}">{maker.schema()}'
        f'<Segmentation multipleModelMethod="modelChain">{parts}</Segmentation></MiningModel>'
    )
    return maker.case(label_target(labels) if labels else NUMBER_TARGET, model)


def _silent(maker: Maker) -> str:
    return 'feature="predictedValue" isFinalResult="false"' if maker.chance(50) else 'feature="predictedValue"'


def _inner(maker: Maker, output: str) -> str:
    segments = "".join(f"<Segment><True/>{tree(maker, target=None)}</Segment>" for _ in range(3))
    return (
        f'<MiningModel functionName="regression">{maker.schema(None, treated=False)}{output}'
        f'<Targets><Target rescaleConstant="{maker.number()!r}"/></Targets>'
        f'<Segmentation multipleModelMethod="sum">{segments}</Segmentation></MiningModel>'
    )


def _last(maker: Maker, names: list[str], labels: tuple[str, ...]) -> str:
    terms = "".join(f'<NumericPredictor name="{name}" coefficient="{maker.number()!r}"/>' for name in names)
    fields = "".join(f'<MiningField name="{name}"/>' for name in names)
    table = f'<RegressionTable intercept="{maker.number()!r}" {{}}>{terms}</RegressionTable>'
    tables = table.format("")
    function, method = "regression", maker.one(["none", "exp", "logit"])
    if labels:
        function, method = "classification", "logit"
        tables = table.format(f'targetCategory="{labels[0]}"')
        tables += f'<RegressionTable intercept="0" targetCategory="{labels[1]}"/>'
    return (
        f'<RegressionModel functionName="{function}" normalizationMethod="{method}"><MiningSchema>'
        f'<MiningField name="z" usageType="target"/>{fields}</MiningSchema>{shares(labels) if labels else ""}{tables}'
        "</RegressionModel>"
    )
