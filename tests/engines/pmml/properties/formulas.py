"""Random expressions: arithmetic, comparisons, logic, `if`, user-defined functions, mappings; Targets after them."""

from __future__ import annotations

from tests.engines.pmml.properties.case import COLOURS, NUMBER_TARGET, Case, Maker

_FUNCTIONS = (
    '<DefineFunction name="twice" optype="continuous" dataType="double"><ParameterField name="a" optype="continuous" '
    'dataType="double"/><Apply function="+"><FieldRef field="a"/><FieldRef field="a"/></Apply></DefineFunction>'
    '<DefineFunction name="apart" optype="continuous"><ParameterField name="a"/><ParameterField name="b"/>'
    '<Apply function="abs"><Apply function="-"><FieldRef field="a"/><FieldRef field="b"/></Apply></Apply>'
    "</DefineFunction>"
)
_ONE = ("ln", "log10", "sqrt", "abs", "exp", "floor", "ceil", "round", "sin", "cos", "atan", "tanh", "twice")
_TWO = ("+", "-", "*", "/", "min", "max", "sum", "avg", "product", "median", "pow", "threshold", "apart")
_COMPARISONS = ("equal", "notEqual", "lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual")


def _apply(maker: Maker, function: str, *arguments: str) -> str:
    mapped = f' mapMissingTo="{maker.one(["1.5", "-2.5"])}"' if maker.chance(8) and function in {"+", "-", "*"} else ""
    return f'<Apply function="{function}"{mapped}>{"".join(arguments)}</Apply>'


def number(maker: Maker, depth: int) -> str:
    """Return an expression that is a double."""
    kind = maker.random.randrange(12) if depth else maker.random.randrange(3)
    if kind < 2:
        return f'<FieldRef field="{maker.one("xyu")}"/>'
    if kind == 2:
        return f'<Constant dataType="double">{maker.number()!r}</Constant>'
    if kind < 6:
        return _apply(maker, maker.one(_ONE), number(maker, depth - 1))
    if kind < 9:
        return _apply(maker, maker.one(_TWO), number(maker, depth - 1), number(maker, depth - 1))
    if kind == 9:
        return _apply(maker, "if", condition(maker, depth - 1), number(maker, depth - 1), number(maker, depth - 1))
    return maker.one([_normal(maker), _discrete(maker), _mapped(maker)])


def condition(maker: Maker, depth: int) -> str:
    """Return an expression that is a boolean."""
    kind = maker.random.randrange(8) if depth else maker.random.randrange(5)
    if kind < 2:
        return _apply(maker, maker.one(_COMPARISONS), number(maker, 0), number(maker, 0))
    if kind == 2:
        return _apply(maker, maker.one(["isMissing", "isNotMissing"]), f'<FieldRef field="{maker.one("xyc")}"/>')
    if kind == 3:
        members = [f"<Constant>{one}</Constant>" for one in maker.some(COLOURS)]
        return _apply(maker, maker.one(["isIn", "isNotIn"]), '<FieldRef field="c"/>', *members)
    if kind == 4:
        return _apply(maker, "equal", '<FieldRef field="c"/>', f"<Constant>{maker.one(COLOURS)}</Constant>")
    if kind == 5:
        return _apply(maker, "not", condition(maker, depth - 1))
    return _apply(maker, maker.one(["and", "or"]), condition(maker, depth - 1), condition(maker, depth - 1))


def _otherwise(maker: Maker) -> str:
    says = ' mapMissingTo="0.25"' if maker.chance(40) else ""
    return says + (' defaultValue="-1.5"' if maker.chance(50) else "")


def _normal(maker: Maker) -> str:
    outliers = maker.one(["asIs", "asMissingValues", "asExtremeValues"])
    points = "".join(f'<LinearNorm orig="{x}" norm="{maker.number()!r}"/>' for x in ("-1", "0.3", "2"))
    says = ' mapMissingTo="0.25"' if maker.chance(40) else ""
    return f'<NormContinuous field="{maker.one("xy")}" outliers="{outliers}"{says}>{points}</NormContinuous>'


def _discrete(maker: Maker) -> str:
    closures = [maker.one(["closedOpen", "openClosed"])] * 2
    edges = ('rightMargin="0"', 'leftMargin="0" rightMargin="1"')
    bins = "".join(
        f'<DiscretizeBin binValue="{maker.number()!r}"><Interval closure="{one}" {edge}/></DiscretizeBin>'
        for one, edge in zip(closures, edges, strict=True)
    )
    return f'<Discretize field="{maker.one("xy")}" dataType="double"{_otherwise(maker)}>{bins}</Discretize>'


def _mapped(maker: Maker) -> str:
    rows = "".join(f"<row><k>{one}</k><v>{maker.number()!r}</v></row>" for one in maker.some(COLOURS))
    return (
        f'<MapValues outputColumn="v" dataType="double"{_otherwise(maker)}><FieldColumnPair field="c" column="k"/>'
        f"<InlineTable>{rows}</InlineTable></MapValues>"
    )


def _target(maker: Maker) -> str:
    says = f' rescaleFactor="{maker.number()!r}"' if maker.chance(50) else ""
    says += f' rescaleConstant="{maker.number()!r}"' if maker.chance(50) else ""
    says += ' min="-1"' if maker.chance(40) else ""
    says += ' max="2.5"' if maker.chance(40) else ""
    says += f' castInteger="{maker.one(["round", "ceiling", "floor"])}"' if maker.chance(30) else ""
    inside = '<TargetValue defaultValue="0.75"/>' if maker.chance(30) else ""
    return f'<Targets><Target field="z"{says}>{inside}</Target></Targets>'


def formula_case(maker: Maker) -> Case:
    """Return a model of a derived field, with Targets and two outputs that are formulas."""
    maker.treat()
    inside = number(maker, 2).replace('"u"', '"x"')
    derived = f'<DerivedField name="u" optype="continuous" dataType="double">{inside}</DerivedField>'
    outputs = "".join(
        f'<OutputField name="{name}" optype="{optype}" dataType="{kind}" feature="transformedValue">{one}</OutputField>'
        for name, optype, kind, one in (
            ("n", "continuous", "double", number(maker, 3)),
            ("b", "categorical", "boolean", condition(maker, 2)),
        )
    )
    model = (
        f'<RegressionModel functionName="regression">{maker.schema()}<Output>{outputs}</Output>{_target(maker)}'
        '<RegressionTable intercept="0.5"><NumericPredictor name="u" coefficient="1.5"/></RegressionTable>'
        "</RegressionModel>"
    )
    return maker.case(NUMBER_TARGET, model, _FUNCTIONS + derived)
