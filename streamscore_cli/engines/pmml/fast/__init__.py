"""Fast ways to score the commonest programs; the general way in model answers all others and every odd row."""

from __future__ import annotations

from dataclasses import replace

from streamscore_cli.engines.pmml.fast.gate import gate_of
from streamscore_cli.engines.pmml.fast.rewrite import rewritten, takes_gaps
from streamscore_cli.engines.pmml.fast.score import PlainFirst
from streamscore_cli.engines.pmml.fast.site import Site
from streamscore_cli.engines.pmml.program import Fast, Program


def build_fast(program: Program) -> Fast | None:
    """Return the fast way of a program; None where an input cannot be read at once."""
    gate = gate_of(program)
    if gate is None:
        return None
    models = rewritten(program, Site(gate.places, gate.rows, len(program.words), gate.singles))
    if not takes_gaps(models):
        gate = replace(gate, gaps=None)
    return PlainFirst(program, models, gate)
