"""Writes deploy/grafana/dashboards/*.json from scripts/dashboards; `--check` writes nothing and says what is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dashboards.operations import operations
from dashboards.serving import serving
from grafana_foundation_sdk.cog.encoder import JSONEncoder

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "deploy" / "grafana" / "dashboards"


def generated() -> dict[str, str]:
    """Return the files by their names."""
    files = {}
    for builder in (operations(), serving()):
        document = json.loads(JSONEncoder().encode(builder.build()))
        _finish(document)
        files[f"{document['uid']}.json"] = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return files


def _finish(document: dict[str, Any]) -> None:
    """Give the panels unique ids, which the SDK leaves out, and take those of the variables away, which are all one."""
    for place, panel in enumerate(document["panels"], 1):
        panel["id"] = place
    for variable in document["templating"]["list"]:
        del variable["id"]


def stale(files: dict[str, str]) -> list[str]:
    """Return the names of files that differ, are missing or are there no more."""
    there = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.json")}
    return sorted(name for name in {*files, *there} if files.get(name) != there.get(name))


def main(arguments: list[str]) -> int:
    """Write what is stale, or with `--check` name it; return the exit code."""
    files = generated()
    names = stale(files)
    if "--check" in arguments:
        for name in names:
            print(f"{TARGET.relative_to(ROOT)}/{name} is stale: run make docs")
        return 1 if names else 0
    for name in names:
        if name in files:
            TARGET.mkdir(parents=True, exist_ok=True)
            (TARGET / name).write_text(files[name], encoding="utf-8")
        else:
            (TARGET / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
