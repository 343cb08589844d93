"""Who may import whom and what, and what a quick `--help` must not import."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamscore_cli.main import COMMANDS, Entry
from tests.architecture.tree import PACKAGE, ROOT, modules

HEAVY = (
    "numpy",
    "tensorflow",
    "confluent_kafka",
    "rich",
    "jpype",
    "pypmml",
    "onnxruntime",
    "google.protobuf",
    "orjson",
)
NOT_FOR_THE_ROOT = (*HEAVY, "streamscore_cli.config.settings", "streamscore_cli.commands.serve")
CODE_IN_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
LOADED = """
import json, sys
from streamscore_cli.main import main
code = main({arguments!r})
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(arguments=list(arguments))],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    code, names = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    return set(names)


def under(names: set[str], roots: tuple[str, ...]) -> set[str]:
    return {name for name in names for root in roots if name == root or name.startswith(f"{root}.")}


def test_help_imports_nothing_heavy_and_no_command() -> None:
    assert under(loaded_by("--help"), NOT_FOR_THE_ROOT) == set()


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_help_of_a_command_imports_nothing_heavy(entry: Entry) -> None:
    assert under(loaded_by(entry.name, "--help"), HEAVY) == set()


def test_the_check_sees_what_is_loaded() -> None:
    assert "rich" in under(loaded_by("config", "show"), HEAVY)


def test_import_contracts() -> None:
    script = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def imported_names(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_reads_data_that_can_run_code(path: Path) -> None:
    assert CODE_IN_DATA.isdisjoint(imported_names(path.read_text(encoding="utf-8")))
