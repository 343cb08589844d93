"""The original's publisher: records and models, each in its own endless circle; one thread serves both by due times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from streamscore_cli.publishing.models import OutgoingModel, send_model
from streamscore_cli.publishing.pacing import Metronome, wait_for
from streamscore_cli.publishing.records import Messages, send_messages
from streamscore_cli.publishing.session import Session


@dataclass(frozen=True, slots=True)
class Circle:
    """What goes round to one topic, and the seconds from one to the next; 0 is as fast as it goes."""

    topic: str
    interval_s: float


@dataclass(frozen=True, slots=True)
class Sent:
    """How many records and models were handed over."""

    records: int
    models: int


def publish_everything(
    records: Messages, models: Sequence[OutgoingModel], data: Circle, ledger: Circle, session: Session
) -> Sent:
    """Send records and models round and round until a stop is asked for, and count them.

    The first model goes before the first record, so that a new data type is known when its records come.
    """
    next_record = cycle(range(len(records)))
    next_model: Iterator[OutgoingModel] = cycle(models)
    record_beat = Metronome(data.interval_s, session.clock)
    model_beat = Metronome(ledger.interval_s, session.clock)
    while not session.stop.requested:
        if model_beat.due():
            send_model(next(next_model), ledger.topic, session)
            model_beat.take(1)
        due = record_beat.due()
        if due:
            send_messages(records.at(islice(next_record, due)), data.topic, session)
            record_beat.take(due)
        wait_for((record_beat, model_beat), session.stop)
    return Sent(record_beat.taken, model_beat.taken)
