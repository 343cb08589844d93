"""Random naive Bayes models: counted and normally distributed inputs, thresholds."""

from __future__ import annotations

from tests.engines.pmml.properties.case import COLOURS, LABELS, Case, Maker, label_target, shares


def naive_bayes_case(maker: Maker) -> Case:
    """Return a naive Bayes model."""
    maker.treat()
    inputs = "".join(_distributed(maker, name) for name in maker.some("xyf"))
    inputs += _counted(maker) if maker.chance(70) else ""
    model = (
        f'<NaiveBayesModel functionName="classification" threshold="{maker.one(["0.001", "0.1", "1e-9"])}">'
        f"{maker.schema()}{shares()}<BayesInputs>{inputs}</BayesInputs>"
        f'<BayesOutput fieldName="z">{_counts(maker, least=1)}</BayesOutput></NaiveBayesModel>'
    )
    return maker.case(label_target(), model)


def _counts(maker: Maker, least: int) -> str:
    told = "".join(
        f'<TargetValueCount value="{one}" count="{maker.random.randrange(least, 20)}"/>'
        for one in maker.shuffled(LABELS)
    )
    return f"<TargetValueCounts>{told}</TargetValueCounts>"


def _counted(maker: Maker) -> str:
    pairs = "".join(f'<PairCounts value="{one}">{_counts(maker, 0)}</PairCounts>' for one in maker.some(COLOURS))
    return f'<BayesInput fieldName="c">{pairs}</BayesInput>'


def _distributed(maker: Maker, name: str) -> str:
    stats = "".join(
        f'<TargetValueStat value="{one}"><GaussianDistribution mean="{maker.number()!r}" '
        f'variance="{maker.positive()!r}"/></TargetValueStat>'
        for one in LABELS
    )
    return f'<BayesInput fieldName="{name}"><TargetValueStats>{stats}</TargetValueStats></BayesInput>'
