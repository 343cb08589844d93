"""Random rule sets, nested ones too, and scorecards with reason codes."""

from __future__ import annotations

from tests.engines.pmml.properties.case import LABELS, NUMBER_TARGET, Case, Maker, label_target
from tests.engines.pmml.properties.trees import predicate


def _rule(maker: Maker, name: str, depth: int) -> str:
    if depth and maker.chance(25):
        inner = "".join(_rule(maker, f"{name}{place}", depth - 1) for place in range(maker.random.randrange(1, 4)))
        return f"<CompoundRule>{predicate(maker)}{inner}</CompoundRule>"
    says = f' weight="{maker.positive()!r}"' if maker.chance(85) else ""
    says += f' confidence="{maker.random.randrange(101) / 100!r}"' if maker.chance(85) else ""
    return f'<SimpleRule id="{name}" score="{maker.one(LABELS)}"{says}>{predicate(maker)}</SimpleRule>'


def rule_set_case(maker: Maker) -> Case:
    """Return a rule set."""
    maker.treat()
    criterion = maker.one(["firstHit", "weightedSum", "weightedMax"])
    rules = "".join(_rule(maker, f"r{place}", 2) for place in range(maker.random.randrange(1, 6)))
    default = f'defaultScore="{maker.one(LABELS)}" defaultConfidence="0.3"' if maker.chance(70) else ""
    output = (
        '<Output><OutputField name="rule" optype="categorical" dataType="string" feature="entityId"/>'
        '<OutputField name="sure" optype="continuous" dataType="double" feature="confidence"/></Output>'
    )
    model = (
        f'<RuleSetModel functionName="classification">{maker.schema()}{output}'
        f'<RuleSet {default}><RuleSelectionMethod criterion="{criterion}"/>{rules}</RuleSet></RuleSetModel>'
    )
    return maker.case(label_target(), model)


def _attributes(maker: Maker, name: str, *, own: bool) -> str:
    made = ""
    for place in range(maker.random.randrange(1, 4)):
        test = "<True/>" if place and maker.chance(40) else predicate(maker)
        code = f'reasonCode="{name}{place}"' if own else ""
        if maker.chance(15):
            inside = '<ComplexPartialScore><FieldRef field="x"/></ComplexPartialScore>'
            made += f"<Attribute {code}>{test}{inside}</Attribute>"
        else:
            made += f'<Attribute {code} partialScore="{maker.number()!r}">{test}</Attribute>'
    code = f'reasonCode="{name}e"' if own else ""
    return f'{made}<Attribute {code} partialScore="1"><True/></Attribute>'


def scorecard_case(maker: Maker) -> Case:
    """Return a scorecard."""
    maker.treat()
    uses = maker.chance(80)
    parts = ""
    for place in range(maker.random.randrange(1, 5)):
        own = maker.chance(50)
        code = f' reasonCode="R{maker.random.randrange(3)}"' if uses else ""
        base = f' baselineScore="{maker.number()!r}"' if uses else ""
        inside = _attributes(maker, f"A{place}", own=own and uses)
        parts += f'<Characteristic name="k{place}"{code}{base}>{inside}</Characteristic>'
    ranks = "".join(
        f'<OutputField name="reason{rank}" optype="categorical" dataType="string" feature="reasonCode" rank="{rank}"/>'
        for rank in (1, 2)
    )
    algorithm = maker.one(["pointsAbove", "pointsBelow"])
    model = (
        f'<Scorecard functionName="regression" initialScore="{maker.number()!r}" '
        f'useReasonCodes="{"true" if uses else "false"}" reasonCodeAlgorithm="{algorithm}">'
        f"{maker.schema()}{f'<Output>{ranks}</Output>' if uses else ''}"
        f"<Characteristics>{parts}</Characteristics></Scorecard>"
    )
    return maker.case(NUMBER_TARGET, model)
