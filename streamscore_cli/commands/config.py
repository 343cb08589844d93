"""`streamscore config`: shows the settings and where they come from; it changes none."""

from __future__ import annotations

from typing import Annotated

import typer

from streamscore_cli.commands.environment import environment_of
from streamscore_cli.commands.options import JsonOption, plain_option

app = typer.Typer(
    help="Show the settings and where they come from.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def group() -> None:
    """Show the settings and where they come from."""


@app.command()
def show(
    ctx: typer.Context,
    changed: Annotated[
        bool, plain_option("--changed", "Only what is not the default.", env="STREAMSCORE_CHANGED")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show every setting, its value and its origin; secrets are hidden.

    An origin is an option (flag), an environment variable, the settings file or the default, the first that is given.
    """
    from streamscore_cli.config.show import rows
    from streamscore_cli.ui.console import make_table

    environment = environment_of(ctx)
    found = [row for row in rows(environment.load()) if row.changed or not changed]
    if json:
        environment.print_json(
            {
                row.path: {"value": row.value, "source": row.origin.source, "name": row.origin.name, "help": row.help}
                for row in found
            }
        )
        return
    table = make_table(("SETTING", "VALUE", "ORIGIN"), [(row.path, row.text, row.origin) for row in found])
    environment.out().print(table)
