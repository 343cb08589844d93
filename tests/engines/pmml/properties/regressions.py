"""Random regression models: numeric, categorical and product terms, all normalizations."""

from __future__ import annotations

from tests.engines.pmml.properties.case import COLOURS, LABELS, NUMBER_TARGET, TYPES, Case, Maker, label_target, shares

LINKS = ("none", "logit", "probit", "cloglog", "loglog", "cauchit")


def _table(maker: Maker, category: str = "") -> str:
    numbers = [one for one in maker.used if TYPES[one] != "string"]
    numeric = "".join(_numeric(maker, name) for name in maker.some(numbers))
    names = [one for one in maker.used if TYPES[one] == "string" and maker.chance(70)]
    categories = "".join(
        f'<CategoricalPredictor name="{name}" value="{one}" coefficient="{maker.number()!r}"/>'
        for name in names
        for one in maker.some(COLOURS)
    )
    said = f' targetCategory="{category}"' if category else ""
    inside = numeric + categories + (_product(maker, numbers) if maker.chance(30) else "")
    return f'<RegressionTable intercept="{maker.number()!r}"{said}>{inside}</RegressionTable>'


def _numeric(maker: Maker, name: str) -> str:
    exponent = f' exponent="{maker.one(["2", "3", "1"])}"' if maker.chance(25) else ""
    return f'<NumericPredictor name="{name}"{exponent} coefficient="{maker.number()!r}"/>'


def _product(maker: Maker, numbers: list[str]) -> str:
    fields = "".join(f'<FieldRef field="{maker.one(numbers)}"/>' for _ in range(maker.random.randrange(1, 4)))
    return f'<PredictorTerm coefficient="{maker.number()!r}">{fields}</PredictorTerm>'


def regression(
    maker: Maker,
    labels: tuple[str, ...] = (),
    output: str = "",
    target: str | None = "z",
    *,
    ordinal: bool = False,
) -> str:
    """Return a RegressionModel: a classification where there are labels."""
    if not labels:
        method, tables = maker.one([*LINKS, "exp", "softmax"]), _table(maker)
    else:
        method = maker.one(_methods(labels, ordinal=ordinal))
        alike = _table(maker, "{}") if maker.chance(15) else ""
        tables = "".join(
            alike.replace("{}", label) or _table(maker, label)
            for label in (labels if ordinal else maker.shuffled(labels))
        )
    return (
        f'<RegressionModel functionName="{"classification" if labels else "regression"}" '
        f'normalizationMethod="{method}">{maker.schema(target, treated=target is not None)}{output}{tables}'
        "</RegressionModel>"
    )


def _methods(labels: tuple[str, ...], *, ordinal: bool) -> tuple[str, ...]:
    if ordinal:
        return LINKS
    return ("softmax", "simplemax", *LINKS) if len(labels) == 2 else ("softmax", "simplemax", "logit", "none")


def regression_case(maker: Maker) -> Case:
    """Return a regression model."""
    maker.treat()
    if maker.chance(40):
        return maker.case(NUMBER_TARGET, regression(maker))
    labels = LABELS[: maker.random.randrange(2, 4)]
    ordinal = maker.chance(25)
    model = regression(maker, labels, shares(labels), ordinal=ordinal)
    return maker.case(label_target(labels, "ordinal" if ordinal else "categorical"), model)
