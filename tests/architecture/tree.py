"""The files of the package, as the architecture tests see them; generated code is not among them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "streamscore_cli"
GENERATED = PACKAGE / "records" / "pb"


def modules() -> list[Path]:
    """Return every module that people wrote."""
    return sorted(path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(GENERATED))
