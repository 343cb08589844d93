"""One run of `bench` put together, shown and kept; what it works with is in `bench_input.py`, how it runs in bench/."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import typer

from streamscore_cli.commands.bench_input import Output, SwapOptions, server_address
from streamscore_cli.commands.environment import Environment
from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.commands.publish_run import GRACE_S
from streamscore_cli.core.errors import DeliveryFailed, ServerUnreachable, TimedOut

if TYPE_CHECKING:
    from streamscore_cli.bench.load import AnswerReceiver, Payload
    from streamscore_cli.bench.plan import LoadPlan
    from streamscore_cli.bench.report import BenchReport
    from streamscore_cli.bench.run import SwapPlan
    from streamscore_cli.config.settings import Settings
    from streamscore_cli.core.batch import RecordBatch

FIRST_MODEL_WAIT_S = 10.0
FIRST_MODEL_LOOK_S = 0.1
PROGRESS_S = 1.0


def measure(
    environment: Environment,
    settings: Settings,
    plan: LoadPlan,
    payload: Payload,
    swaps: SwapOptions | None,
    output: Output,
) -> None:
    """Run, show and keep the report; exits with what it means.

    Raises `TimedOut` when nobody answers, `DeliveryFailed`, `TopicMismatch`, `BrokerUnreachable`, `KafkaRefused`.
    """
    from streamscore_cli.bench.keys import RunKeys
    from streamscore_cli.bench.load import AnswerReceiver, LoadSender
    from streamscore_cli.bench.run import Run
    from streamscore_cli.bench.summary import Made, make_report
    from streamscore_cli.kafka.answers import AnswerReader
    from streamscore_cli.kafka.options import Role
    from streamscore_cli.kafka.outbox import KafkaOutbox
    from streamscore_cli.kafka.probe import check_broker
    from streamscore_cli.kafka.topics import TopicAdmin
    from streamscore_cli.runtime.stopping import StopSignals
    from streamscore_cli.runtime.time_slices import shorten_time_slices

    keys, clock = RunKeys.fresh(), environment.clock
    results_topic = settings.records_of(payload.topic).results or settings.topics.scores
    check_broker(settings)
    with TopicAdmin(settings) as admin:
        admin.describe([payload.topic])
    shorten_time_slices()  # the clients' threads have them, too: what they wait for a processor would be latency
    with ExitStack() as opened:
        reader = opened.enter_context(AnswerReader(settings, results_topic, settings.topics.dead_letters, clock))
        stop = opened.enter_context(StopSignals())
        outbox = KafkaOutbox(settings, stopping=lambda: stop.requested_for_s() > GRACE_S, role=Role.LOAD)
        opened.enter_context(outbox)
        swapping = opened.enter_context(_swapping(environment, settings, swaps, keys.run))
        receiver = AnswerReceiver(keys, reader, _why_dead)
        sender = LoadSender(plan, keys, payload, outbox, clock)
        look = opened.enter_context(_progress(environment, plan))
        began_ms = clock.epoch_ms()
        finished = Run(plan, sender, receiver, outbox, clock, look).execute(stop, swapping)
    if finished.silent:
        raise _nobody_answers(settings, plan, receiver, results_topic)
    made = Made(keys.run, began_ms, payload.topic, results_topic, plan, swapping, reader.reads_letters)
    report = make_report(made, sender, receiver, finished)
    _show(environment, report, output)
    _end(environment, report, outbox.last_error)


@contextmanager
def _swapping(
    environment: Environment, settings: Settings, swaps: SwapOptions | None, run: str
) -> Iterator[SwapPlan | None]:
    """Start what publishes models, with a first one in service before the first record."""
    if swaps is None:
        yield None
        return
    from streamscore_cli.bench.run import SwapPlan
    from streamscore_cli.runtime.bench_models import ModelPublisher

    names = ", ".join(model.descriptor.name for model in swaps.models)
    environment.say(f"Publishing models to {settings.topics.models}: {names}. The last one stays in service.")
    with ModelPublisher(settings, swaps.models, run, swaps.server) as models:
        first = models.publish()
        deadline_s = environment.clock.monotonic_s() + FIRST_MODEL_WAIT_S
        while models.asking and environment.clock.monotonic_s() < deadline_s:
            if models.in_service_since_ns(first) is not None:
                break
            models.rest(FIRST_MODEL_LOOK_S)
        yield SwapPlan(models, swaps.every_s, swaps.window_s)


@contextmanager
def _progress(environment: Environment, plan: LoadPlan) -> Iterator[Callable[[int, int], None]]:
    """Say on a terminal how far it is, once a second; a bar that moves all the time would be felt in the figures."""
    clock, stream = environment.clock, environment.stderr
    began_s = said_s = clock.monotonic_s()
    total = f" of {plan.total_s:,.0f}" if plan.total_s is not None else ""

    def look(sent: int, answered: int) -> None:
        nonlocal said_s
        now_s = clock.monotonic_s()
        if now_s - said_s >= PROGRESS_S and stream.isatty():
            said_s = now_s
            stream.write(f"\r{now_s - began_s:,.0f}{total} s: {sent:,} sent, {answered:,} results\x1b[K")
            stream.flush()

    yield look
    if said_s != began_s:
        stream.write("\r\x1b[K")
        stream.flush()


def _why_dead(letters: RecordBatch, row: int) -> str:
    from streamscore_cli.records.dead_letters import describe_dead_letter

    headers = letters.headers[row] if letters.headers else None
    found = describe_dead_letter(headers or ())
    return f"{found.cause}: {found.reason}" if found is not None else "it says nothing"


def _nobody_answers(settings: Settings, plan: LoadPlan, receiver: AnswerReceiver, results_topic: str) -> TimedOut:
    """Return the error that names the likely cause."""
    from streamscore_cli.config.durations import format_duration

    message = f"No result of this run came to {results_topic} within {format_duration(plan.wait_s)}."
    if receiver.results.foreign:
        came = f"{receiver.results.foreign:,} other messages came there: does the server keep the records' keys?"
        return TimedOut(message, f"{came} Answers are matched by them.")
    return TimedOut(message, _what_a_server_says(settings))


def _what_a_server_says(settings: Settings) -> str:
    from streamscore_cli.api.client import fetch_stats

    server = server_address(settings)
    try:
        instance: Mapping[str, Any] = fetch_stats(server, settings.model_server.token)["instance"]
    except ServerUnreachable:
        return (
            f"Is a server running? None answers at {server}; `streamscore serve` starts one. A slow one needs --wait."
        )
    if waiting := instance.get("waiting"):
        waits = f"The server at {server} waits for a model of {waiting[0]['data_type']}"
        return f"{waits}: `streamscore publish model FILE` sends one, --swap-every too."
    if missing := instance.get("missing"):
        return f"The server at {server} is not ready: {', '.join(missing)}."
    topics = sorted({part["topic"] for part in instance.get("partitions", ())})
    return f"The server at {server} reads {', '.join(topics) or 'nothing'}: is it the topic and the broker of this run?"


def _show(environment: Environment, report: BenchReport, output: Output) -> None:
    from streamscore_cli.bench.saved import compared, differences
    from streamscore_cli.ui.json_text import to_json

    document = json.loads(to_json(report))
    if output.save is not None:
        output.save.write_text(to_json(document) + "\n", encoding="utf-8")
        environment.say(f"Saved: {output.save}")
    if output.plot is not None:
        from streamscore_cli.ui.bench_figure import write_figure

        write_figure(output.plot, document, output.then)
        environment.say(f"Drawn: {output.plot}")
    if output.then is not None:
        for difference in differences(document, output.then):
            environment.say(f"warning: the other run was asked for something else: {difference}.")
    if output.json:
        environment.print_json(document)
        return
    from streamscore_cli.ui.bench_view import render_report

    out, encoding = environment.out(), getattr(environment.stdout, "encoding", None) or "utf-8"
    than = () if output.then is None else compared(document, output.then)
    out.print(render_report(report, out.width, ascii_only=not encoding.lower().startswith("utf"), than=than))


def _end(environment: Environment, report: BenchReport, last_error: str) -> None:
    """Raise or exit as the report asks for."""
    counts = report.counts
    if counts.refused:
        raise DeliveryFailed(
            f"{counts.refused:,} of {counts.sent:,} records were not taken: {last_error or 'no acknowledgement came'}.",
            "Nothing can be said of them; the figures are of the others.",
        )
    if not report.complete:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if counts.lost or not counts.answered:
        what = f"{counts.lost:,} of {counts.sent:,} records were lost" if counts.lost else "no record has a result"
        environment.say(f"error: {what}.")
        raise typer.Exit(ExitCode.CHECK_FAILED)
