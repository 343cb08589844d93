"""The options that several commands share, declared once; what they mean is in the settings.

An option that stands for a setting is None when it is not given, goes into `Environment.load` under the path of its
setting, and its help names the setting's environment variable. An option without a setting has its own variable, which
is listed in `OPTION_NAMES`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamscore_cli.core.choices import OnBadRow
from streamscore_cli.core.errors import SettingsError

OPTION_NAMES = frozenset(
    {
        "STREAMSCORE_CONFIG",
        "STREAMSCORE_DEBUG",
        "STREAMSCORE_JSON",
        "STREAMSCORE_DRY_RUN",
        "STREAMSCORE_WATCH",
        "STREAMSCORE_CHANGED",
        "STREAMSCORE_TIMEOUT",
        "STREAMSCORE_STATS_INTERVAL",
        "STREAMSCORE_STATS_SORT",
        "STREAMSCORE_STATS_FILTER",
        "STREAMSCORE_BROKER_PORT",
        "STREAMSCORE_DEMO_SECONDS",
        "STREAMSCORE_BROKER_DIRECTORY",
        "STREAMSCORE_INTERVAL",
        "STREAMSCORE_RATE",
        "STREAMSCORE_REPEAT",
        "STREAMSCORE_KEY",
        "STREAMSCORE_ON_BAD_ROW",
        "STREAMSCORE_MODEL_NAME",
        "STREAMSCORE_MODEL_DESCRIPTION",
        "STREAMSCORE_OUTPUT",
        "STREAMSCORE_FOLLOW",
        "STREAMSCORE_LIMIT",
        "STREAMSCORE_FROM_BEGINNING",
        "STREAMSCORE_DEAD_LETTERS",
        "STREAMSCORE_PROVISION",
        "STREAMSCORE_PROVISION_WAIT",
        "STREAMSCORE_RENEW_SECRETS",
        "STREAMSCORE_BENCH_RATE",
        "STREAMSCORE_BENCH_DURATION",
        "STREAMSCORE_BENCH_RECORDS",
        "STREAMSCORE_BENCH_RECORDS_FILE",
        "STREAMSCORE_BENCH_WARM_UP",
        "STREAMSCORE_BENCH_WAIT",
        "STREAMSCORE_BENCH_SWAP_EVERY",
        "STREAMSCORE_BENCH_SWAP_WINDOW",
        "STREAMSCORE_BENCH_MODELS",
        "STREAMSCORE_BENCH_SERVER",
        "STREAMSCORE_BENCH_PLOT",
        "STREAMSCORE_BENCH_SAVE",
        "STREAMSCORE_BENCH_COMPARE",
    }
)
"""The environment variables of options that stand for no setting; the loader must not call them unknown."""


def duration_s(name: str, text: str) -> float:
    """Return the duration that an option has, in seconds; raises `SettingsError` naming the option and the value."""
    from streamscore_cli.config.durations import parse_duration

    try:
        return parse_duration(text)
    except SettingsError as error:
        raise SettingsError(f"{name}: {error.message}", error.hint) from None


def setting_option(flags: str, help_text: str, *, env: str, metavar: str | None = None) -> object:
    """Return the declaration of an option that overrides the setting whose variable is `env`; None when not given."""
    declaration: object = typer.Option(
        *flags.split(), help=f"{help_text}  [env var: {env}]", metavar=metavar, show_default=False
    )
    return declaration


def plain_option(flags: str, help_text: str, *, env: str, metavar: str | None = None) -> object:
    """Return the declaration of an option without a setting; `env` must be in `OPTION_NAMES`."""
    declaration: object = typer.Option(*flags.split(), help=help_text, envvar=env, metavar=metavar)
    return declaration


BrokersOption = Annotated[
    str | None,
    setting_option(
        "--brokers -b", "Kafka's bootstrap servers, host:port,...", env="STREAMSCORE_KAFKA_BROKERS", metavar="LIST"
    ),
]
JsonOption = Annotated[bool, plain_option("--json", "Print JSON.", env="STREAMSCORE_JSON")]
DryRunOption = Annotated[bool, plain_option("--dry-run", "Only say what would be done.", env="STREAMSCORE_DRY_RUN")]
WatchOption = Annotated[bool, plain_option("--watch", "Show it again and again until Ctrl-C.", env="STREAMSCORE_WATCH")]
TimeoutOption = Annotated[
    str, plain_option("--timeout", "How long to wait, such as '10 seconds'.", env="STREAMSCORE_TIMEOUT", metavar="TIME")
]
OnBadRowOption = Annotated[
    OnBadRow,
    plain_option(
        "--on-bad-row", "A row that cannot be used: end there, or skip and name it.", env="STREAMSCORE_ON_BAD_ROW"
    ),
]
DataTypeOption = Annotated[
    str | None,
    setting_option(
        "--data-type",
        "The data type of the records; for the example's wine records: wine.",
        env="STREAMSCORE_RECORDS_DATA_TYPE",
        metavar="NAME",
    ),
]
ConfigFileOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The settings file; without it ./streamscore.toml, if there is one.",
        envvar="STREAMSCORE_CONFIG",
        metavar="FILE",
        show_default=False,
    ),
]
DebugOption = Annotated[bool, plain_option("--debug", "Show the traceback of an error.", env="STREAMSCORE_DEBUG")]
