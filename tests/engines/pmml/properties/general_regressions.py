"""Random general regressions: every model type and link, factors, covariates, their products, offsets and trials."""

from __future__ import annotations

from tests.engines.pmml.properties.case import COLOURS, LABELS, NUMBER_TARGET, Case, Maker, label_target, shares

_LINKS = ("identity", "log", "logc", "logit", "probit", "cloglog", "loglog", "negbin", "power", "oddspower")


def general_regression_case(maker: Maker) -> Case:
    """Return a general regression."""
    maker.treat()
    kind = maker.one(["regression", "generalLinear", "generalizedLinear", "binary", "multinomial", "ordinal"])
    names = [f"p{place}" for place in range(maker.random.randrange(1, 5))]
    if kind in {"binary", "multinomial", "ordinal"}:
        return _classification(maker, kind, names)
    extra = _link(maker) if kind == "generalizedLinear" else ""
    cells = "".join(_cell(maker, name) for name in names)
    return maker.case(
        NUMBER_TARGET, _model(maker, f'functionName="regression" modelType="{kind}" {extra}', names, cells)
    )


def _classification(maker: Maker, kind: str, names: list[str]) -> Case:
    labels = LABELS[: 2 if kind == "binary" else maker.random.randrange(2, 4)]
    if kind == "ordinal":
        link = maker.one(["logit", "probit", "cloglog", "loglog", "cauchit"])
        says = f'modelType="ordinalMultinomial" cumulativeLink="{link}"'
        cells = "".join(_cell(maker, "p0", label) for label in labels[:-1])
        cells += "".join(_cell(maker, name) for name in names[1:])
        says += f' offsetValue="{maker.number()!r}"' if maker.chance(30) else ""
    else:
        says = 'modelType="multinomialLogistic"'
        says = f'modelType="generalizedLinear" {_link(maker, trials=False)}' if kind == "binary" else says
        reference = maker.one(labels)
        others = [label for label in labels if label != reference]
        says += f' targetReferenceCategory="{reference}"'
        cells = "".join(_cell(maker, name, label) for label in others for name in names)
    model = _model(maker, f'functionName="classification" {says}', names, cells, shares(labels))
    return maker.case(label_target(labels, "ordinal" if kind == "ordinal" else "categorical"), model)


def _link(maker: Maker, *, trials: bool = True) -> str:
    link = maker.one(_LINKS)
    says = f'linkFunction="{link}"'
    says += f' linkParameter="{maker.one(["0", "1", "2", "0.5", "-1"])}"' if link in {"power", "oddspower"} else ""
    says += f' distParameter="{maker.positive()!r}"' if link == "negbin" else ""
    if maker.chance(30):
        says += maker.one([f' offsetValue="{maker.number()!r}"', ' offsetVariable="y"'])
    if trials and maker.chance(20):
        says += maker.one([' trialsValue="3"', ' trialsVariable="i"'])
    return says


def _cell(maker: Maker, name: str, category: str = "") -> str:
    said = f'targetCategory="{category}"' if category else ""
    return f'<PCell parameterName="{name}" {said} beta="{maker.number()!r}"/>'


def _model(maker: Maker, says: str, names: list[str], cells: str, output: str = "") -> str:
    ordinal = "ordinal" in says
    products = "".join(_products(maker, name) for name in names[1 if ordinal else 0 :])
    parameters = "".join(f'<Parameter name="{name}"/>' for name in names)
    return (
        f"<GeneralRegressionModel {says}>{maker.schema()}{output}<ParameterList>{parameters}</ParameterList>"
        '<FactorList><Predictor name="c"/></FactorList>'
        '<CovariateList><Predictor name="x"/><Predictor name="y"/><Predictor name="f"/></CovariateList>'
        f"<PPMatrix>{products}</PPMatrix><ParamMatrix>{cells}</ParamMatrix></GeneralRegressionModel>"
    )


def _products(maker: Maker, name: str) -> str:
    made = ""
    for field in "xyfc":
        if maker.chance(35):
            value = maker.one(COLOURS) if field == "c" else maker.one(["1", "1", "2", "3"])
            made += f'<PPCell value="{value}" predictorName="{field}" parameterName="{name}"/>'
    return made
