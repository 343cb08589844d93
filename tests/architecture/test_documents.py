"""What users read is what the program does: help, settings, exit codes, completions."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from streamscore_cli.commands.exit_codes import CAUSES, ExitCode
from streamscore_cli.commands.options import OPTION_NAMES
from streamscore_cli.config.loader import load
from streamscore_cli.config.schema import PREFIX, leaves
from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.main import COMMANDS, command_table, load_command
from tests.architecture.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT_VARIABLE = {"help", "version"}
NAMED_IN_HELP = re.compile(r"\[env var: ([A-Z0-9_, ]+)[\];]")


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command below `command` with its path."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, f"{path} {name}")


def every_command() -> list[tuple[str, Any]]:
    root = [("streamscore", command_table())]
    return root + [found for entry in COMMANDS for found in walk(load_command(entry.name), f"streamscore {entry.name}")]


def options_of(command: Any) -> list[Any]:
    return [param for param in command.params if param.param_type_name == "option" and param.name != "help"]


def variables_of(option: Any) -> list[str]:
    """Return the names in the help of an option for a setting, else those that the parser reads."""
    named = NAMED_IN_HELP.search(option.help)
    if named:
        return named[1].split(", ")
    return [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())


every = pytest.mark.parametrize(("path", "command"), every_command(), ids=[path for path, _ in every_command()])


@pytest.fixture(scope="module")
def cli_page() -> str:
    return (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_generated_files_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "make_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@every
def test_every_option_is_documented(path: str, command: Any, cli_page: str) -> None:
    section = cli_page.partition(f"\n## {path}\n")[2].partition("\n## ")[0]
    assert section, f"docs/cli.md has no section {path}"
    for option in options_of(command):
        assert option.help, f"{path} {option.opts} has no help"
        assert all(flag in section for flag in option.opts)


@every
def test_every_option_has_a_variable_that_is_known(path: str, command: Any) -> None:
    known = OPTION_NAMES.union(name for leaf in leaves().values() for name in leaf.env)
    for option in options_of(command):
        if option.name in WITHOUT_VARIABLE:
            continue
        names = variables_of(option)
        assert names, f"{path} {option.opts} has no environment variable"
        ours = {name for name in names if name.startswith(PREFIX)}
        assert ours <= known, f"{path} {option.opts}: {ours - known} not in OPTION_NAMES"


@every
def test_no_option_is_a_secret(path: str, command: Any) -> None:
    secrets = {leaf.name for leaf in leaves().values() if leaf.secret} | {"password", "secret"}
    assert secrets.isdisjoint(option.name for option in options_of(command)), path


def test_variables_of_options_are_ours_and_no_settings() -> None:
    of_settings = {name for leaf in leaves().values() for name in (*leaf.env, *leaf.file_env)}
    assert all(name.startswith(PREFIX) for name in OPTION_NAMES)
    assert OPTION_NAMES.isdisjoint(of_settings)


def test_every_listed_variable_is_that_of_an_option() -> None:
    used = {name for _, command in every_command() for option in options_of(command) for name in variables_of(option)}
    assert used >= OPTION_NAMES


def every_error(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from every_error(child)


def test_every_error_and_every_exit_code_is_in_the_table(cli_page: str) -> None:
    table = cli_page.partition("\n## Exit codes\n")[2]
    for kind in every_error(StreamscoreError):
        if kind.__module__.startswith("streamscore_cli."):
            assert kind in CAUSES, f"{kind.__name__} has no exit code"
            assert f"`{kind.__name__}`" in table
    for code in ExitCode:
        assert f"| {int(code)} | `{code.name}` |" in table


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for leaf in leaves().values():
        assert f"| `{leaf.path}` |" in page
        assert all(f"`{name}`" in page for name in (*leaf.env, *leaf.file_env))


def test_the_example_of_the_settings_page_works(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    secret = tmp_path / "kafka"
    secret.write_text("hunter2", encoding="utf-8")
    file = tmp_path / "streamscore.toml"
    file.write_text(example.replace("/run/secrets/kafka", str(secret)), encoding="utf-8")
    assert tomllib.loads(example)
    settings = load(file, {}, {}).settings
    assert settings.kafka.properties["sasl.password"] == "hunter2"
    assert settings.records_of("orders.v1").data_type == "order"


LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    missing = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert missing == []
