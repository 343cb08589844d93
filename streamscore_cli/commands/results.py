"""`streamscore results`: the results topic, or the dead letters, as a table or JSON lines; it writes to no topic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import BrokersOption, JsonOption, plain_option
from streamscore_cli.core.errors import UsageProblem

if TYPE_CHECKING:
    from streamscore_cli.core.batch import RecordBatch
    from streamscore_cli.kafka.reader import TopicReader
    from streamscore_cli.records.scored_rows import ResultRecord

POLL_S = 0.2
DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One message as JSON, and when it was written."""

    time_ms: int
    body: dict[str, Any]


Show = Callable[[Sequence[Message]], None]
Decode = Callable[["RecordBatch"], list[Message]]


def results(
    ctx: typer.Context,
    *,
    brokers: BrokersOption = None,
    limit: Annotated[
        int | None,
        plain_option("--limit -n", "How many; 0: all. Default 20.", env="STREAMSCORE_LIMIT", metavar="NUMBER"),
    ] = None,
    from_beginning: Annotated[
        bool,
        plain_option("--from-beginning", "The oldest instead of the newest.", env="STREAMSCORE_FROM_BEGINNING"),
    ] = False,
    follow: Annotated[
        bool, plain_option("--follow -f", "Go on with new ones until Ctrl-C.", env="STREAMSCORE_FOLLOW")
    ] = False,
    dead_letters: Annotated[
        bool, plain_option("--dead-letters", "What could not be scored instead.", env="STREAMSCORE_DEAD_LETTERS")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Read the results topic.

    Shows the 20 newest results and ends; with --follow it goes on. A table on a terminal, JSON lines in a pipe.
    """
    environment = environment_of(ctx)
    settings = environment.settings({"kafka.brokers": brokers})
    from streamscore_cli.kafka.reader import TopicReader

    count = _count(limit, gapless=from_beginning and follow)
    topic = settings.topics.dead_letters if dead_letters else settings.topics.scores
    decode = decode_dead_letters if dead_letters else lambda batch: decode_results(batch, environment.say)
    show = _printer(environment, dead_letters=dead_letters, json=json or not environment.stdout.isatty())
    with TopicReader(settings, topic, newest=None if from_beginning or not count else count) as reader:
        shown = 0
        for messages in _there(map(decode, reader), count, oldest=from_beginning):
            shown += len(messages)
            show(messages)
        if follow:
            _follow(reader, decode, show)
        elif not shown:
            environment.say(f"The topic {topic} is empty.")


def _count(limit: int | None, *, gapless: bool) -> int:
    """Return how many messages to show of those that are there, 0 for all."""
    if limit is None:
        return 0 if gapless else DEFAULT_LIMIT
    if limit < 0:
        raise UsageProblem(f"--limit is {limit}.", "Give a number of messages, or 0 for all.")
    if limit and gapless:
        raise UsageProblem(f"--limit {limit} leaves a gap between --from-beginning and --follow.", "Leave one out.")
    return limit


def _there(batches: Iterator[list[Message]], limit: int, *, oldest: bool) -> Iterator[Sequence[Message]]:
    """Return what is wanted of that which is there: all, the oldest, or the newest in the order of their times."""
    if not limit:
        yield from batches
    elif oldest:
        left = limit
        for batch in batches:
            yield batch[:left]
            left -= len(batch)
            if left <= 0:
                return
    else:
        found = sorted((message for batch in batches for message in batch), key=lambda message: message.time_ms)
        yield found[-limit:]


def _follow(reader: TopicReader, decode: Decode, show: Show) -> None:
    from streamscore_cli.runtime.stopping import StopSignals

    with StopSignals() as stop:
        while not stop.requested:
            batch = reader.poll(POLL_S)
            if batch is not None:
                show(decode(batch))


def _printer(environment: Environment, *, dead_letters: bool, json: bool) -> Show:
    if json:

        def print_lines(messages: Sequence[Message]) -> None:
            for message in messages:
                environment.print_json(message.body, indent=False)
            environment.stdout.flush()

        return print_lines

    from streamscore_cli.ui.message_rows import DEAD_LETTERS, RESULTS, MessageTable

    table = MessageTable(environment.out(), DEAD_LETTERS if dead_letters else RESULTS)
    return lambda messages: table.show(
        [message.time_ms for message in messages], [message.body for message in messages]
    )


def decode_results(batch: RecordBatch, say: Callable[[str], None]) -> list[Message]:
    """Decode results of either format; `say` is told of messages that are none."""
    from streamscore_cli.core.choices import ResultFormat
    from streamscore_cli.records.results import decode_result

    found = []
    for row, value in enumerate(batch.values):
        result_format = ResultFormat.JSON if (value or b"").lstrip().startswith(b"{") else ResultFormat.PROTOBUF
        try:
            record = decode_result(value or b"", result_format)
        except UsageProblem as error:
            say(f"{batch.topic}[{batch.partitions[row]}]@{batch.offsets[row]}: {error.message}")
        else:
            found.append(Message(int(batch.timestamps_ms[row]), _result_json(record)))
    return found


def _result_json(record: ResultRecord) -> dict[str, Any]:
    """Return a result of either format in the shape of the JSON one."""
    timestamp = None if record.timestamp_ms < 0 else record.timestamp_ms
    source = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "timestamp": timestamp}
    return {
        "schema": record.schema,
        "data_type": record.data_type,
        "result": _finite(record.result),
        **({"probabilities": _plain(record.probabilities)} if record.probabilities else {}),
        **({"outputs": _plain(record.outputs)} if record.outputs else {}),
        "model": asdict(record.model),
        "source": source,
    }


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: object) -> object:
    """Return None for the numbers that JSON does not have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def decode_dead_letters(batch: RecordBatch) -> list[Message]:
    """Decode what the headers of dead letters say, with the size of the record that could not be scored."""
    from streamscore_cli.records.dead_letters import describe_dead_letter

    headers = batch.headers or [None] * len(batch)
    described = [describe_dead_letter(header or ()) for header in headers]
    return [
        Message(time_ms, {**asdict(letter), "size_bytes": len(value or b"")})
        for letter, time_ms, value in zip(described, map(int, batch.timestamps_ms), batch.values, strict=True)
        if letter is not None
    ]
