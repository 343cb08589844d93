"""Random trees: all predicates, all missing-value strategies, compacted and multi-way ones."""

from __future__ import annotations

from tests.engines.pmml.properties.case import COLOURS, LABELS, NUMBER_TARGET, TYPES, Case, Maker, label_target, shares

COMPARISONS = ("lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual", "equal", "notEqual")
STRATEGIES = ("none", "lastPrediction", "nullPrediction", "defaultChild")


def _literal(maker: Maker, name: str) -> str:
    if TYPES[name] == "string":
        return maker.one(COLOURS)
    return str(maker.random.randrange(-2, 5)) if TYPES[name] == "integer" else repr(maker.number())


def _simple(maker: Maker) -> str:
    name = maker.one(maker.used)
    if maker.chance(10):
        return f'<SimplePredicate field="{name}" operator="{maker.one(["isMissing", "isNotMissing"])}"/>'
    comparison = maker.one(COMPARISONS[4:] if TYPES[name] == "string" else COMPARISONS)
    return f'<SimplePredicate field="{name}" operator="{comparison}" value="{_literal(maker, name)}"/>'


def _set(maker: Maker) -> str:
    name = maker.one(maker.used)
    members = [_literal(maker, name) for _ in range(maker.random.randrange(1, 4))]
    kind = {"string": "string", "integer": "int"}.get(TYPES[name], "real")
    array = f'<Array type="{kind}" n="{len(members)}">{" ".join(members)}</Array>'
    joint = maker.one(["isIn", "isNotIn"])
    return f'<SimpleSetPredicate field="{name}" booleanOperator="{joint}">{array}</SimpleSetPredicate>'


def predicate(maker: Maker, depth: int = 2) -> str:
    """Return a predicate."""
    kind = maker.random.randrange(10)
    if kind >= 8 and depth:
        parts = "".join(predicate(maker, depth - 1) for _ in range(maker.random.randrange(2, 4)))
        joint = maker.one(["and", "or", "xor", "surrogate"])
        return f'<CompoundPredicate booleanOperator="{joint}">{parts}</CompoundPredicate>'
    if kind == 7:
        return maker.one(["<True/>", "<True/>", "<False/>"])
    return _set(maker) if kind >= 5 else _simple(maker)


def _opposite(maker: Maker) -> list[str]:
    """Return two predicates that complement each other, as exporters of binary trees write them."""
    name = maker.one([one for one in maker.used if TYPES[one] != "string"])
    low, high = maker.one(["lessThan greaterOrEqual", "lessOrEqual greaterThan", "equal notEqual"]).split()
    value = _literal(maker, name)
    return [f'<SimplePredicate field="{name}" operator="{one}" value="{value}"/>' for one in (low, high)]


def _tests(maker: Maker) -> list[str]:
    """Return the predicates of a node's children."""
    shape = maker.random.randrange(10)
    if shape < 5:
        return _opposite(maker)
    if shape < 7:
        return [*_opposite(maker)[:1], "<True/>"]
    return [predicate(maker) for _ in range(maker.random.randrange(1, 4))]


def _node(maker: Maker, test: str, name: str, depth: int, labels: tuple[str, ...]) -> str:
    tests = _tests(maker) if depth and maker.chance(75) else []
    inside = _says(maker, labels) if labels else ""
    score = maker.one(labels) if labels else repr(maker.number())
    default = f'defaultChild="{name}{maker.random.randrange(len(tests))}"' if tests else ""
    children = "".join(_node(maker, one, f"{name}{place}", depth - 1, labels) for place, one in enumerate(tests))
    return f'<Node id="{name}" score="{score}" {default}>{test}{inside}{children}</Node>'


def _says(maker: Maker, labels: tuple[str, ...]) -> str:
    told = maker.some(labels)
    counts = "".join(f'<ScoreDistribution value="{one}" recordCount="{maker.random.randrange(1, 9)}"/>' for one in told)
    if maker.chance(80):
        return counts
    part = 1 / len(told)
    return "".join(f'<ScoreDistribution value="{one}" recordCount="1" probability="{part!r}"/>' for one in told)


def tree(maker: Maker, labels: tuple[str, ...] = (), output: str = "", target: str | None = "z") -> str:
    """Return a TreeModel: a classification where there are labels."""
    function = "classification" if labels else "regression"
    last = maker.one(["returnNullPrediction", "returnLastPrediction"])
    root = predicate(maker) if maker.chance(15) else "<True/>"
    return (
        f'<TreeModel functionName="{function}" missingValueStrategy="{maker.one(STRATEGIES)}" '
        f'noTrueChildStrategy="{last}">{maker.schema(target, treated=target is not None)}{output}'
        f"{_node(maker, root, 'n', 3, labels)}</TreeModel>"
    )


def tree_case(maker: Maker) -> Case:
    """Return a tree."""
    maker.treat()
    if maker.chance(50):
        return maker.case(NUMBER_TARGET, tree(maker))
    return maker.case(label_target(), tree(maker, LABELS, shares()))
