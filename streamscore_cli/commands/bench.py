"""`streamscore bench`: load for a server and what came of it; how it is run and shown is in `bench_run.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamscore_cli.commands.environment import environment_of
from streamscore_cli.commands.options import (
    BrokersOption,
    DataTypeOption,
    JsonOption,
    duration_s,
    plain_option,
    setting_option,
)

if TYPE_CHECKING:
    from streamscore_cli.bench.plan import LoadPlan


def bench(
    ctx: typer.Context,
    *,
    brokers: BrokersOption = None,
    topic: Annotated[
        str | None, setting_option("--topic", "The data topic.", env="STREAMSCORE_TOPICS_DATA", metavar="NAME")
    ] = None,
    data_type: DataTypeOption = None,
    rate: Annotated[
        str,
        plain_option(
            "--rate", "Records a second; max: as fast as it goes.", env="STREAMSCORE_BENCH_RATE", metavar="NUMBER|max"
        ),
    ] = "2000",
    duration: Annotated[
        str, plain_option("--duration", "How long to measure.", env="STREAMSCORE_BENCH_DURATION", metavar="TIME")
    ] = "30 seconds",
    records: Annotated[
        int | None,
        plain_option(
            "--records", "Measure so many records instead.", env="STREAMSCORE_BENCH_RECORDS", metavar="NUMBER"
        ),
    ] = None,
    records_file: Annotated[
        str,
        plain_option(
            "--records-file",
            "CSV or JSON lines to send round and round; without it, the sample wines.",
            env="STREAMSCORE_BENCH_RECORDS_FILE",
            metavar="FILE",
        ),
    ] = "",
    warm_up: Annotated[
        str,
        plain_option(
            "--warm-up", "How long to send before measuring.", env="STREAMSCORE_BENCH_WARM_UP", metavar="TIME"
        ),
    ] = "5 seconds",
    wait: Annotated[
        str,
        plain_option(
            "--wait",
            "How long nothing may come until records without an answer are lost.",
            env="STREAMSCORE_BENCH_WAIT",
            metavar="TIME",
        ),
    ] = "10 seconds",
    swap_every: Annotated[
        str | None,
        plain_option("--swap-every", "Publish a model so often.", env="STREAMSCORE_BENCH_SWAP_EVERY", metavar="TIME"),
    ] = None,
    swap_window: Annotated[
        str,
        plain_option(
            "--swap-window",
            "How long after a swap records count as inside it.",
            env="STREAMSCORE_BENCH_SWAP_WINDOW",
            metavar="TIME",
        ),
    ] = "1 second",
    models: Annotated[
        list[Path] | None,
        plain_option(
            "--model",
            "A model for --swap-every; several take turns. Without any, two of the samples.",
            env="STREAMSCORE_BENCH_MODELS",
            metavar="FILE",
        ),
    ] = None,
    server: Annotated[
        str,
        plain_option(
            "--server",
            "Whom to ask when a model is in service, as http://host:port; without it, as the settings say.",
            env="STREAMSCORE_BENCH_SERVER",
            metavar="URL",
        ),
    ] = "",
    plot: Annotated[
        Path | None,
        plain_option(
            "--plot", "Draw a picture, .png or .svg (extra: plots).", env="STREAMSCORE_BENCH_PLOT", metavar="FILE"
        ),
    ] = None,
    save: Annotated[
        Path | None,
        plain_option("--save", "Keep the report as JSON.", env="STREAMSCORE_BENCH_SAVE", metavar="FILE"),
    ] = None,
    compare: Annotated[
        Path | None,
        plain_option(
            "--compare", "Show this run beside one that was kept.", env="STREAMSCORE_BENCH_COMPARE", metavar="FILE"
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure a server by its results: throughput, latency, losses.

    Any server will do that answers on the results topic and keeps the records' keys. Records are sent at a fixed rate
    without ever waiting for answers, and latency counts from the moment at which a record was meant to be sent. Exits
    with 14 when records were lost. Models of --swap-every stay in the models topic, and the last one in service.
    """
    environment = environment_of(ctx)
    settings = environment.settings({"kafka.brokers": brokers, "topics.data": topic, "records.data_type": data_type})
    from streamscore_cli.commands.bench_input import Output, checked_output, payload_of, swap_options
    from streamscore_cli.commands.bench_run import measure
    from streamscore_cli.commands.publish_run import data_topic

    plan = _plan(rate, duration, records, warm_up, wait)
    output = checked_output(environment, Output(json, plot, save, compare))
    payload = payload_of(environment, settings, data_topic(settings), records_file)
    swaps = swap_options(environment, settings, (swap_every, swap_window, server), models or [])
    measure(environment, settings, plan, payload, swaps, output)


def _plan(rate: str, duration: str, records: int | None, warm_up: str, wait: str) -> LoadPlan:
    from streamscore_cli.bench.plan import LoadPlan, checked, rate_of

    times = (("--duration", duration), ("--warm-up", warm_up), ("--wait", wait))
    measured_s, warm_up_s, wait_s = (duration_s(name, text) for name, text in times)
    return checked(LoadPlan(rate_of(rate), measured_s, records, warm_up_s, wait_s))
