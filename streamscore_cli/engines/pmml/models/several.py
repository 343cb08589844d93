"""Models that predict several targets at once: one built for each, joined; how one predicts is not known here."""

from __future__ import annotations

from dataclasses import replace

from streamscore_cli.engines.pmml.compiler import Built, CompiledModel, Site, Target
from streamscore_cli.engines.pmml.document.element import child, required, unsupported
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.fields.targets import with_targets
from streamscore_cli.engines.pmml.outputs.features import PredictedCell
from streamscore_cli.engines.pmml.values.types import OpType

_TARGETS = {"predicted", "target"}


def sites_of_targets(site: Site) -> list[Site]:
    """Return the site once for each target of the model's schema, in its order; none where it has no target."""
    named = [one for one in child(site.element, "MiningSchema").all("MiningField") if one.get("usageType") in _TARGETS]
    sites = [site] if named else []
    for element in named[1:]:
        name = required(element, "name")
        data = site.compiler.data.get(name)
        if data is None:
            raise unsupported(element, f"predicts {name!r:.60}, which is no field of the data dictionary")
        sites.append(replace(site, target=Target(name, data.type, data.optype, data)))
    return sites


def joined(sites: list[Site], built: list[Built]) -> Built:
    """Return the model of the first target; those of the others are beside it, answers under their targets' names."""
    segments: dict[str, CompiledModel] = {}
    answers: list[Field] = []
    for site, one in zip(sites[1:], built[1:], strict=True):
        compiler, target = site.compiler, site.target
        function = "regression" if target.optype is OpType.CONTINUOUS else "classification"
        treated = with_targets(compiler, site.element, one, target, function, single=False)
        compiled = CompiledModel(compiler.number_of(treated.model), treated, target, function, site.scope)
        name = target.name or ""
        segments[name] = compiled
        slot = compiler.column(PredictedCell(compiled.number, treated.type))
        answers.append(Field(name, treated.type, target.optype, slot))
    return replace(built[0], segments=segments, answers=tuple(answers)) if segments else built[0]
