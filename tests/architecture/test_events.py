"""Every event of the log is documented, and what is documented as one exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"""(?:\bevent\(\s*|"event": )"([a-z][a-z-]+)\"""")
MADE = {"partitions-assigned", "partitions-revoked", "partitions-lost"}
"""Names that are put together when they are logged."""


def test_the_events_of_the_code_are_those_of_the_documentation() -> None:
    found = {
        name for path in (ROOT / "streamscore_cli").rglob("*.py") for name in NAMED.findall(path.read_text("utf-8"))
    }
    section = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## The log")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert found | MADE == documented
