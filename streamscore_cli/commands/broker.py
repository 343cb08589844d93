"""`streamscore broker`: a local single-node Apache Kafka; how it is run is in `kafka.embedded`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamscore_cli.commands.environment import environment_of
from streamscore_cli.commands.options import plain_option

HIGHEST_PORT = 65_535


def broker(
    ctx: typer.Context,
    *,
    port: Annotated[
        int, plain_option("--port", "The port to listen on, of this machine only.", env="STREAMSCORE_BROKER_PORT")
    ] = 29092,
    directory: Annotated[
        Path | None,
        plain_option(
            "--directory",
            "Keep the data here; without it they go when the broker ends.",
            env="STREAMSCORE_BROKER_DIRECTORY",
            metavar="DIR",
        ),
    ] = None,
) -> None:
    """Run a local single-node Apache Kafka until Ctrl-C: for trying out, not for production."""
    environment = environment_of(ctx)
    from streamscore_cli.core.errors import BrokerUnreachable, UsageProblem
    from streamscore_cli.kafka.embedded import EmbeddedBroker
    from streamscore_cli.runtime.stopping import StopSignals

    if not 1 <= port <= HIGHEST_PORT:
        raise UsageProblem(f"{port} is no port.", f"Choose one from 1 to {HIGHEST_PORT}.")
    with StopSignals(lambda: environment.say("Ending...")) as stop:
        environment.say("Starting Apache Kafka (the first time, its jars are fetched)...")
        with EmbeddedBroker(port, directory) as kafka:
            kept = f"data in {directory}" if directory else "data are gone when it ends"
            environment.say(f"Apache Kafka is ready at localhost:{kafka.port}, {kept}. Ctrl-C ends it.")
            while not stop.requested:
                stop.wait(1.0)
                if not kafka.running:
                    raise BrokerUnreachable(f"The broker ended by itself. Its log ends with:\n{kafka.log_tail()}\n")
        environment.say("Apache Kafka has ended.")
