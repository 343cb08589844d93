"""`streamscore serve`: the scoring server; what it does is wired in `runtime.instance`."""

from __future__ import annotations

from typing import Annotated

import typer

from streamscore_cli.commands.environment import environment_of
from streamscore_cli.commands.exit_codes import exit_code_of
from streamscore_cli.commands.options import BrokersOption, plain_option, setting_option
from streamscore_cli.core.choices import LogFormat, NoModel, OnError, OnGap, ResultFormat
from streamscore_cli.core.errors import StreamscoreError


def serve(
    ctx: typer.Context,
    *,
    brokers: BrokersOption = None,
    group: Annotated[
        str | None, setting_option("--group", "The consumer group.", env="STREAMSCORE_SCORING_GROUP", metavar="NAME")
    ] = None,
    no_model: Annotated[
        NoModel | None,
        setting_option(
            "--no-model",
            "What becomes of records whose data type has no model yet; default wait.",
            env="STREAMSCORE_SCORING_NO_MODEL",
        ),
    ] = None,
    on_error: Annotated[
        OnError | None,
        setting_option(
            "--on-error",
            "What becomes of records that cannot be scored; default dead-letter.",
            env="STREAMSCORE_SCORING_ON_ERROR",
        ),
    ] = None,
    on_gap: Annotated[
        OnGap | None,
        setting_option(
            "--on-gap",
            "When retention took records before they were read; default stop.",
            env="STREAMSCORE_SCORING_ON_GAP",
        ),
    ] = None,
    results: Annotated[
        ResultFormat | None,
        setting_option("--results", "How results are written; default json.", env="STREAMSCORE_SCORING_RESULTS"),
    ] = None,
    http_host: Annotated[
        str | None,
        setting_option(
            "--http-host",
            "The address of the HTTP side; default 127.0.0.1.",
            env="STREAMSCORE_MODEL_SERVER_HOST",
            metavar="ADDRESS",
        ),
    ] = None,
    port: Annotated[
        int | None,
        setting_option(
            "--port", "The port of the HTTP side; default 5500, 0: any.", env="MODEL_SERVER_PORT", metavar="PORT"
        ),
    ] = None,
    legacy_ports: Annotated[
        bool | None,
        setting_option(
            "--legacy-ports/--no-legacy-ports",
            "Answer on 8888 too, as the original.",
            env="STREAMSCORE_MODEL_SERVER_LEGACY_PORTS",
        ),
    ] = None,
    provision: Annotated[
        bool,
        plain_option(
            "--provision/--no-provision",
            "Make InfluxDB and Grafana as they should be, where the settings name them.",
            env="STREAMSCORE_PROVISION",
        ),
    ] = True,
    log_format: Annotated[
        LogFormat | None,
        setting_option("--log-format", "How the log is written; default text.", env="STREAMSCORE_LOG_FORMAT"),
    ] = None,
) -> None:
    """Score records with the models that the models topic names, until Ctrl-C or SIGTERM.

    Reads the whole models topic, then the data topics; results go to the results topic, what cannot be scored to the
    dead letters. Its state can be asked for over HTTP (`streamscore stats`).
    """
    environment = environment_of(ctx)
    settings = environment.settings(
        {
            "kafka.brokers": brokers,
            "scoring.group": group,
            "scoring.no_model": no_model,
            "scoring.on_error": on_error,
            "scoring.on_gap": on_gap,
            "scoring.results": results,
            "model_server.host": http_host,
            "model_server.port": port,
            "model_server.legacy_ports": legacy_ports,
            "log.format": log_format,
        }
    )
    from streamscore_cli.runtime.instance import serve as run
    from streamscore_cli.runtime.logging import configure, say_failed

    configure(settings.log.level, settings.log.format, environment.stderr)
    try:
        run(settings, provision=provision)
    except StreamscoreError as error:
        if settings.log.format is not LogFormat.JSON:
            raise
        say_failed(error)  # a line of JSON like all others, in place of what `main` says to people
        raise typer.Exit(exit_code_of(error)) from error
