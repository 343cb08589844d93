"""Writes docs/{cli,settings,metrics}.md and completions/ from the program; `--check` writes nothing and compares.

Run it with the environment that streamscore is installed in: `make docs`, `make completions`.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.update(COLUMNS="100", TERMINAL_WIDTH="100", NO_COLOR="1", _TYPER_FORCE_DISABLE_TERMINAL="1")

import typer
from typer.core import TyperGroup

from streamscore_cli.api.metrics import MOST_IN_SERVICE, families
from streamscore_cli.commands.exit_codes import CAUSES, MEANINGS
from streamscore_cli.config.conversion import CHOICES
from streamscore_cli.config.schema import PER_TOPIC, Leaf, leaves
from streamscore_cli.config.settings import Settings
from streamscore_cli.config.show import Row, shown
from streamscore_cli.config.sources import Origin, Source
from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.main import COMMANDS, COMPLETION_VARIABLE, PROGRAM, command_table, load_command
from streamscore_cli.state.recorder import MOST_USES

if TYPE_CHECKING:
    from typer._click.core import Command

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 100
SHELLS = ("bash", "zsh", "fish")
GENERATED = "<!-- Made by scripts/make_docs.py from the program; edit that, and run `make docs`. -->"

CLI_HEAD = f"""\
{GENERATED}
# The command line

`{PROGRAM} COMMAND --help` says all of this on the terminal.

- Data goes to standard output, talk to standard error; a closed pipe (`| head`) is silent.
- Colour only on a terminal, and never with `NO_COLOR`.
- What reads can print `--json`.
- An option that names an environment variable can be given there instead. Variables of settings are in
  [settings.md](settings.md), and go for every command; so does the settings file.
- No secret is an option's value: secrets come from the environment or from files.
- Shell completion: source `completions/{PROGRAM}.bash` or `.zsh`, or copy `.fish` to `~/.config/fish/completions/`.
"""

SETTINGS_HEAD = f"""\
{GENERATED}
# Settings

A value is taken from the first of: an option of the command, the environment, the settings file, the default.
`{PROGRAM} config show` says each value and where it came from; `--changed` leaves the defaults out.

**The file** is TOML: `--config FILE`, else `STREAMSCORE_CONFIG`, else `./streamscore.toml` if there is one. The names
are those below: `kafka.brokers` is `brokers` in the table `[kafka]`. An unknown name is an error that says the nearest.

**The environment** has `STREAMSCORE_` + table + name in capitals for each of them, and the names of the original
application. The regular name goes first; an empty variable counts as not set. Lists are `a,b`; maps are
`key=value,key=value`, and a list in a map is `key=a|b`. `HOSTNAME`, which every machine sets, stands below the
settings file. Variables that Kubernetes sets for a service (`..._SERVICE_HOST`, `..._PORT=tcp://...`) are no
settings.

**Durations** are written as `500 ms`, `1 second`, `5 minutes`, `2m` or in ISO 8601 (`PT5M`); a bare number is seconds.
**Hosts** are written with or without `http://`.

**Secrets** come from the environment, or from a file: each has a variable that ends in `_FILE`, and a name in the
settings file that ends in `_file`; the content is taken without the blanks around it. They are never shown.

```toml
[kafka]
brokers = "kafka-1:9093,kafka-2:9093"

[kafka.properties]                      # any property of librdkafka, as it is written there
security.protocol = "SASL_SSL"
sasl.mechanism = "SCRAM-SHA-512"
sasl.username = "scoring"
"sasl.password_file" = "/run/secrets/kafka"   # any property + _file: its value is that file's content

[topics]
data = ["models_data", "orders.v1"]

[{PER_TOPIC}."orders.v1"]             # what differs from [records] for this data topic; quotes, for the dot
format = "json"
data_type = "order"
results = "orders_scores"

[publisher]
data_publish_interval = "1 second"
```
"""

METRICS_HEAD = f"""\
{GENERATED}
# Metrics

`/metrics` answers Prometheus and OpenMetrics scrapers, without a token. Besides these there are the `process_*` metrics
of the Python client.

- **Label sets are bounded.** By model there are series for the last {MOST_USES} models that were used; one that is
  forgotten disappears, and begins at 0 when it comes back, as after a restart. `streamscore_records_total` never goes
  back while the process lives. At most {MOST_IN_SERVICE} models in service are named; causes, stages and
  outcomes are fixed sets.
- **Histograms** are classic ones, made from finer counts: a value up to 3 % above a bound may count under it.
  `streamscore_scoring_seconds` counts every record with the mean of its batch: what happens once a batch is not
  measured once a record.
- A scrape with seven models took 5 ms of one core, one with a hundred 46 ms.

`deploy/prometheus/` has a scrape configuration and alert rules with their tests; both are held by promtool in
`make test-servers`.
"""


def main() -> int:
    """Write or check the files; return 1 when `--check` finds a stale one."""
    check = "--check" in sys.argv[1:]
    stale = False
    for path, text in pages():
        target = ROOT / path
        found = target.read_text(encoding="utf-8") if target.is_file() else ""
        if found == text:
            continue
        stale = True
        if check:
            print(
                "".join(
                    unified_diff(
                        found.splitlines(keepends=True), text.splitlines(keepends=True), path, "as it should be"
                    )
                )
            )
        else:
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    if check and stale:
        print("Stale: run scripts/make_docs.py.")
    return 1 if check and stale else 0


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each generated file."""
    yield "docs/cli.md", cli_page()
    yield "docs/settings.md", settings_page()
    yield "docs/metrics.md", metrics_page()
    for shell in SHELLS:
        yield f"completions/{PROGRAM}.{shell}", completion(shell)


def cli_page() -> str:
    """Return the help of every command, and the exit codes."""
    root = command_table()
    parts = [CLI_HEAD, section(PROGRAM, root, None)]
    context = typer.Context(root, info_name=PROGRAM, **root.context_settings)
    for entry in COMMANDS:
        parts += sections(entry.name, load_command(entry.name), context)
    return "\n".join([*parts, exit_codes_section()])


def sections(name: str, command: Command, parent: typer.Context) -> list[str]:
    """Return the section of a command and those of its subcommands."""
    context = typer.Context(command, info_name=name, parent=parent)
    found = [section(context.command_path, command, parent, name)]
    if isinstance(command, TyperGroup):
        for subname, subcommand in command.commands.items():
            found += sections(subname, subcommand, context)
    return found


def section(title: str, command: Command, parent: typer.Context | None, name: str = PROGRAM) -> str:
    """Return a heading and the help below it."""
    context = typer.Context(command, info_name=name, parent=parent, terminal_width=WIDTH, **command.context_settings)
    lines = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


def exit_codes_section() -> str:
    """Return the table of exit codes with the errors that lead to each."""
    rows = ["## Exit codes", "", "| code | name | means | errors |", "|---|---|---|---|"]
    for code, meaning in MEANINGS.items():
        errors = [kind.__name__ for kind, cause in CAUSES.items() if cause is code and kind is not StreamscoreError]
        rows.append(f"| {int(code)} | `{code.name}` | {meaning} | {', '.join(f'`{name}`' for name in errors)} |")
    return "\n".join(rows) + "\n"


def settings_page() -> str:
    """Return every setting with its default, its environment variables and its help."""
    parts = [SETTINGS_HEAD]
    for table in dict.fromkeys(leaf.section for leaf in leaves().values()):
        rows = [row(leaf) for leaf in leaves().values() if leaf.section == table]
        about = inspect.getdoc(type(getattr(Settings(), table)))
        parts.append("\n".join([f"## [{table}]", "", f"{about}", "", HEADER, *rows, ""]))
    return "\n".join(parts)


HEADER = "| setting | default | environment | what it is |\n|---|---|---|---|"


def row(leaf: Leaf) -> str:
    """Return the row of a setting."""
    default = Row(leaf.path, shown(leaf, leaf.default), Origin(Source.DEFAULT), "").text
    names = ", ".join(f"`{name}`" for name in (*leaf.env, *leaf.file_env))
    choices = CHOICES.get(leaf.path)
    text = leaf.help if choices is None or choices[0] in leaf.help else f"{leaf.help} {', '.join(choices)}."
    return f"| `{leaf.path}` | {'' if default == '-' else f'`{default}`'} | {names} | {text.replace('|', '&#124;')} |"


def metrics_page() -> str:
    """Return every metric with its type, its labels and its help."""
    rows = []
    for family in families():
        suffix = "_total" if family.type == "counter" else ""
        labels = ", ".join(f"`{label}`" for label in getattr(family, "_labelnames", ()))
        rows.append(f"| `{family.name}{suffix}` | {family.type} | {labels} | {family.documentation} |")
    return "\n".join([METRICS_HEAD, "| metric | type | labels | what it is |\n|---|---|---|---|", *rows, ""])


def completion(shell: str) -> str:
    """Return the completion script that the program itself gives for a shell."""
    done = subprocess.run(
        [sys.executable, "-c", "from streamscore_cli.main import main; main()"],
        env={**os.environ, COMPLETION_VARIABLE: f"source_{shell}"},
        check=True,
        capture_output=True,
        text=True,
    )
    return f"{done.stdout.strip()}\n"


if __name__ == "__main__":
    sys.exit(main())
