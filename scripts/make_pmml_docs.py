"""Writes docs/pmml.md from the PMML engine's own tables; `--check` only says whether the file is up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from streamscore_cli.engines.pmml.document.grammar import Shape  # noqa: E402
from streamscore_cli.engines.pmml.document.parser import DEFAULT_LIMITS  # noqa: E402
from streamscore_cli.engines.pmml.expressions.functions.function import Function  # noqa: E402
from streamscore_cli.engines.pmml.expressions.functions.table import FUNCTIONS  # noqa: E402
from streamscore_cli.engines.pmml.outputs.output import FEATURES  # noqa: E402
from streamscore_cli.engines.pmml.registry import EXPRESSIONS, MODELS, PREDICATES, SHAPES  # noqa: E402
from streamscore_cli.engines.pmml.values.types import DATA_TYPES  # noqa: E402

TEMPLATE = Path(__file__).resolve().parent / "pmml.template.md"
TARGET = ROOT / "docs" / "pmml.md"
NOT_MODELS = (
    *("AnomalyDetectionModel", "AssociationModel", "BaselineModel", "BayesianNetworkModel", "GaussianProcessModel"),
    *("SequenceModel", "TextModel", "TimeSeriesModel"),
)
NOT_EXPRESSIONS = ("Aggregate", "Lag", "TextIndex", "FieldColumnPair")
ALL_FEATURES = (
    *("predictedValue", "predictedDisplayValue", "transformedValue", "decision", "probability", "affinity"),
    *("residual", "standardError", "standardDeviation", "clusterId", "clusterAffinity", "entityId", "entityAffinity"),
    *("warning", "ruleValue", "reasonCode", "antecedent", "consequent", "rule", "ruleId", "confidence", "support"),
    *("lift", "leverage", "report"),
)


def main() -> int:
    """Write or check the file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is not up to date")
    text = page()
    if parser.parse_args().check:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write("docs/pmml.md is not up to date: run scripts/make_pmml_docs.py\n")
        return 1
    TARGET.write_text(text, encoding="utf-8", newline="\n")
    return 0


def page() -> str:
    """Return the whole document."""
    limits = DEFAULT_LIMITS
    return TEMPLATE.read_text(encoding="utf-8").format(
        size=limits.size_bytes // 2**20,
        depth=f"{limits.depth:,}",
        elements_limit=f"{limits.elements:,}",
        supported=_supported(),
        functions=_table(("function", "arguments"), (_function(name, one) for name, one in sorted(FUNCTIONS.items()))),
        elements=_table(
            ("element", "attributes read", "attributes skipped", "elements read", "elements skipped"),
            (_element(tag, one) for tag, one in sorted(SHAPES.items())),
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _supported() -> str:
    rows = (
        ("models", _names(MODELS), _names(set(NOT_MODELS) - set(MODELS))),
        ("expressions", _names(EXPRESSIONS), _names(set(NOT_EXPRESSIONS) - set(EXPRESSIONS))),
        ("predicates", _names(PREDICATES), "nothing"),
        ("output features", _names(FEATURES), _names(set(ALL_FEATURES) - set(FEATURES))),
        ("data types", _names(DATA_TYPES), "all others"),
    )
    return _table(("", "supported", "unsupported"), rows)


def _function(name: str, function: Function) -> tuple[str, str]:
    most = "or more" if function.most is None else f"to {function.most}"
    return f"`{name}`", str(function.least) if function.most == function.least else f"{function.least} {most}"


def _element(tag: str, one: Shape) -> tuple[str, ...]:
    known = {child for child in one.children if child in SHAPES}
    cells = (one.reads, one.ignores, known, one.inert - {"Extension"})
    return f"`{tag}`", *(_names(cell) for cell in cells)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names, key=lambda name: (name.lower(), name)))


if __name__ == "__main__":
    sys.exit(main())
