"""What the publish commands share: the outbox with its stop and its bar, the input, the summary; it parses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from streamscore_cli.commands.environment import Environment
from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.core.errors import UsageProblem

if TYPE_CHECKING:
    from streamscore_cli.config.settings import Settings
    from streamscore_cli.publishing.models import OutgoingModel
    from streamscore_cli.publishing.records import Messages, RowEncoder
    from streamscore_cli.publishing.rows import BadRows
    from streamscore_cli.publishing.session import Session
    from streamscore_cli.runtime.stopping import StopSignals

GRACE_S = 10.0
"""How long a publisher that was asked to stop waits for a broker that answers nothing."""


def data_topic(settings: Settings) -> str:
    """Return the one data topic of the settings; raises `UsageProblem` where they do not name exactly one."""
    named = [name for name in settings.topics.data if not name.startswith("^")]
    if len(named) != 1:
        raise UsageProblem(
            f"Which data topic? The settings name {', '.join(settings.topics.data)}.", "Name one: topics.data, --topic."
        )
    return named[0]


@contextmanager
def publish_session(
    settings: Settings, environment: Environment, total: int | None, *, models: bool = False
) -> Iterator[tuple[Session, StopSignals]]:
    """Open the outbox, of `models` only or of anything, take the signals, show a bar of `total` messages."""
    from streamscore_cli.kafka.options import Role
    from streamscore_cli.kafka.outbox import KafkaOutbox
    from streamscore_cli.publishing.session import Session
    from streamscore_cli.runtime.stopping import StopSignals
    from streamscore_cli.ui.progress import progress_bar

    role = Role.MODELS_OUTBOX if models else Role.OUTBOX
    with (
        StopSignals() as stop,
        KafkaOutbox(settings, stopping=lambda: stop.requested_for_s() > GRACE_S, role=role) as outbox,
        progress_bar(environment.err(), "publishing", total) as progress,
    ):
        yield Session(outbox, environment.clock, stop, progress), stop


def messages_of(
    file: str, environment: Environment, stop: StopSignals | None, encoder: RowEncoder, bad_rows: BadRows
) -> Iterator[Messages]:
    """Read DATA and encode its rows; what is read is closed in the end."""
    from streamscore_cli.commands.inputs import opened
    from streamscore_cli.publishing.rows import read_messages

    with opened(file, environment, stop) as source:
        yield from read_messages(source.stream, encoder, bad_rows, source.chunks)


def settle(environment: Environment, session: Session, what: str, skipped: int = 0) -> None:
    """Wait for the acknowledgements, say what became of all, and raise when not all was taken."""
    from streamscore_cli.publishing.summary import PATIENCE_S, settle

    summary = settle(session.outbox, GRACE_S if session.stop.requested else PATIENCE_S)
    took_s = environment.clock.monotonic_s() - session.began_s
    rate = f" ({summary.acknowledged / took_s:,.0f}/s)" if took_s > 0 else ""
    also = f"; rows skipped: {skipped:,}" if skipped else ""
    counted = f"{summary.acknowledged:,} of {summary.sent:,} {what} acknowledged"
    environment.say(f"Published: {counted} in {took_s:.1f} s{rate}{also}.")
    summary.raise_if_undelivered()


def end(stop: StopSignals, *, endless: bool) -> None:
    """Exit as interrupted when a run that has an end was stopped before it."""
    if stop.requested and not endless:
        raise typer.Exit(ExitCode.INTERRUPTED)


def check_sizes(settings: Settings, models: Sequence[OutgoingModel]) -> None:
    """Raise `ModelRejected` for a model that the models topic or the servers do not take."""
    from streamscore_cli.kafka.topics import TopicAdmin
    from streamscore_cli.publishing.models import Limits, check_size

    with TopicAdmin(settings) as admin:
        topic_bytes = admin.max_message_bytes(settings.topics.models)
    for outgoing in models:
        check_size(outgoing, Limits(settings.topics.models, topic_bytes, settings.models.max_bytes))
