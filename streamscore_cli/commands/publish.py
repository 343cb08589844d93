"""`streamscore publish`: records and models to Kafka; pacing, encoding and counting are in `publishing`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import (
    BrokersOption,
    DataTypeOption,
    OnBadRowOption,
    plain_option,
    setting_option,
)
from streamscore_cli.commands.publish_run import check_sizes, data_topic, end, messages_of, publish_session, settle
from streamscore_cli.core.choices import OnBadRow
from streamscore_cli.core.errors import RowUnreadable, UsageProblem

if TYPE_CHECKING:
    from streamscore_cli.config.settings import Settings
    from streamscore_cli.publishing.everything import Circle

app = typer.Typer(
    help="Send records and models to Kafka.", rich_markup_mode=None, no_args_is_help=True, add_completion=False
)
IntervalOption = Annotated[
    str | None,
    plain_option("--interval", "Time from one to the next, as '10 ms'.", env="STREAMSCORE_INTERVAL", metavar="TIME"),
]
RepeatOption = Annotated[
    bool, plain_option("--repeat", "Begin again at the end, until Ctrl-C.", env="STREAMSCORE_REPEAT")
]


@app.callback()
def group() -> None:
    """Send records and models to Kafka."""


@app.command()
def data(
    ctx: typer.Context,
    *,
    file: Annotated[str, typer.Argument(help="A CSV or JSON-lines file; - is standard input.", show_default=False)],
    brokers: BrokersOption = None,
    topic: Annotated[
        str | None, setting_option("--topic", "The data topic.", env="STREAMSCORE_TOPICS_DATA", metavar="NAME")
    ] = None,
    interval: IntervalOption = None,
    rate: Annotated[
        float | None, plain_option("--rate", "Records a second.", env="STREAMSCORE_RATE", metavar="NUMBER")
    ] = None,
    repeat: RepeatOption = False,
    key: Annotated[
        str, plain_option("--key", "The field that is the record's key.", env="STREAMSCORE_KEY", metavar="FIELD")
    ] = "",
    data_type: DataTypeOption = None,
    on_bad_row: OnBadRowOption = OnBadRow.FAIL,
) -> None:
    """Send the rows of a file as records.

    Goes as fast as it can without --interval or --rate; with --repeat and neither, one record every
    DATA_PUBLISH_INTERVAL. Records have no key unless --key names a field. A missing topic is created.
    """
    environment = environment_of(ctx)
    settings = environment.settings({"kafka.brokers": brokers, "topics.data": topic, "records.data_type": data_type})
    from streamscore_cli.commands.inputs import STANDARD_INPUT, count_lines
    from streamscore_cli.commands.topics import ensure_topics
    from streamscore_cli.kafka.topic_plan import TopicRole
    from streamscore_cli.publishing.pacing import interval_s_of
    from streamscore_cli.publishing.records import in_rounds, publish_records
    from streamscore_cli.publishing.rows import BadRows, row_encoder

    if repeat and file == STANDARD_INPUT:
        raise UsageProblem("Standard input can be read only once, so --repeat cannot be.", "Name a file.")
    target = data_topic(settings)
    interval_s = interval_s_of(interval, rate, settings.publisher.data_publish_interval_s if repeat else 0.0)
    encoder = row_encoder(settings.records_of(target), key)
    lines = count_lines(file, environment)
    ensure_topics(settings, environment, {TopicRole.DATA})
    bad_rows = BadRows(on_bad_row, environment.say)
    with publish_session(settings, environment, None if repeat else lines) as (session, stop):
        read = partial(messages_of, file, environment, stop, encoder, bad_rows)
        unreadable = None
        try:
            publish_records(in_rounds(read) if repeat else read(), target, interval_s, session)
        except RowUnreadable as error:
            unreadable = error
        settle(environment, session, f"records to {target}", skipped=bad_rows.count)
        if unreadable is not None:
            raise unreadable
        end(stop, endless=repeat)


@app.command()
def model(
    ctx: typer.Context,
    *,
    paths: Annotated[
        list[Path],
        typer.Argument(help="Model files, SavedModel directories, or directories of models.", show_default=False),
    ],
    brokers: BrokersOption = None,
    data_type: DataTypeOption = None,
    name: Annotated[
        str, plain_option("--name", "The model's name; without it the file's.", env="STREAMSCORE_MODEL_NAME")
    ] = "",
    description: Annotated[
        str, plain_option("--description", "What to say about it.", env="STREAMSCORE_MODEL_DESCRIPTION")
    ] = "",
    interval: IntervalOption = None,
    repeat: RepeatOption = False,
) -> None:
    """Send models: PMML, frozen TensorFlow graphs, SavedModels; the format is told by the content.

    A model is for the records of one data type, and the last one sent is in service. With --repeat and without
    --interval, one model every MODEL_PUBLISH_INTERVAL. A missing models topic is created.
    """
    environment = environment_of(ctx)
    settings = environment.settings({"kafka.brokers": brokers, "records.data_type": data_type})
    from streamscore_cli.commands.topics import ensure_topics
    from streamscore_cli.kafka.topic_plan import TopicRole
    from streamscore_cli.publishing.models import Naming, data_type_of, model_files, outgoing_model, publish_models
    from streamscore_cli.publishing.pacing import interval_s_of

    files = model_files([environment.cwd / path for path in paths])
    if name and len(files) > 1:
        raise UsageProblem(f"--name {name} is for one model, and there are {len(files)}.", "Leave it out.")
    naming = Naming(data_type_of(settings.records), name, description)
    models = [outgoing_model(path, naming) for path in files]
    interval_s = interval_s_of(interval, None, settings.publisher.model_publish_interval_s if repeat else 0.0)
    ensure_topics(settings, environment, {TopicRole.MODELS})
    check_sizes(settings, models)
    for outgoing in models:
        environment.say(f"{outgoing.descriptor.name} ({outgoing.format.value}, {len(outgoing.value):,} bytes)")
    with publish_session(settings, environment, None if repeat else len(models), models=True) as (session, stop):
        publish_models(models, settings.topics.models, interval_s, session, repeat=repeat)
        settle(environment, session, f"models for {naming.data_type} to {settings.topics.models}")
        end(stop, endless=repeat)


@app.command(name="all")
def everything(
    ctx: typer.Context,
    *,
    brokers: BrokersOption = None,
    data_dir: Annotated[
        str | None,
        setting_option("--data-dir", "The directory of records and models.", env="DATA_DIRECTORY", metavar="DIR"),
    ] = None,
    data_file: Annotated[
        str | None, setting_option("--data-file", "The data file in it.", env="DATA_FILENAME", metavar="NAME")
    ] = None,
    data_interval: Annotated[
        str | None,
        setting_option("--data-interval", "From record to record.", env="DATA_PUBLISH_INTERVAL", metavar="TIME"),
    ] = None,
    model_interval: Annotated[
        str | None,
        setting_option("--model-interval", "From model to model.", env="MODEL_PUBLISH_INTERVAL", metavar="TIME"),
    ] = None,
    data_type: DataTypeOption = None,
    on_bad_row: OnBadRowOption = OnBadRow.FAIL,
) -> None:
    """Send records and models round and round until Ctrl-C, as the original application's publisher.

    One record every second; the first model at once, the next every 5 minutes, PMML first. Where there is no
    directory ./data, the sample records and models that come with the program are sent. Missing topics are created.
    """
    environment = environment_of(ctx)
    settings = environment.settings(
        {
            "kafka.brokers": brokers,
            "publisher.data_dir": data_dir,
            "publisher.data_file": data_file,
            "publisher.data_publish_interval": data_interval,
            "publisher.model_publish_interval": model_interval,
            "records.data_type": data_type,
        }
    )
    from streamscore_cli.commands.topics import ensure_topics
    from streamscore_cli.kafka.topic_plan import TopicRole
    from streamscore_cli.publishing.everything import Circle, publish_everything
    from streamscore_cli.publishing.models import Naming, data_type_of, model_files, outgoing_model
    from streamscore_cli.publishing.rows import BadRows, collected, row_encoder

    target, publisher = data_topic(settings), settings.publisher
    directory = _data_directory(environment, settings, target)
    encoder = row_encoder(settings.records_of(target))
    bad_rows = BadRows(on_bad_row, environment.say)
    records = collected(messages_of(str(directory / publisher.data_file), environment, None, encoder, bad_rows))
    naming = Naming(data_type_of(settings.records_of(target)))
    models = [outgoing_model(path, naming) for path in model_files([directory])]
    ensure_topics(settings, environment, frozenset(TopicRole))
    check_sizes(settings, models)
    data_circle = Circle(target, publisher.data_publish_interval_s)
    model_circle = Circle(settings.topics.models, publisher.model_publish_interval_s)
    _announce(environment, directory, (len(records), data_circle), (len(models), model_circle))
    with publish_session(settings, environment, None) as (session, _stop):
        sent = publish_everything(records, models, data_circle, model_circle, session)
        what = f"messages ({sent.records:,} records, {sent.models:,} models)"
        settle(environment, session, what, skipped=bad_rows.count)


def _data_directory(environment: Environment, settings: Settings, target: str) -> Path:
    """Return the directory in the settings; the shipped samples where that is the default and these are wines."""
    from streamscore_cli.config.sample_data import sample_data_dir
    from streamscore_cli.config.settings import EXAMPLE_DATA_TYPE, PublisherSettings

    publisher = settings.publisher
    directory = environment.cwd / publisher.data_dir
    if directory.is_dir():
        return directory
    if publisher.data_dir != PublisherSettings().data_dir:
        raise UsageProblem(
            f"There is no directory {publisher.data_dir}.", "Name another with --data-dir or DATA_DIRECTORY."
        )
    if settings.records_of(target).implied_data_type != EXAMPLE_DATA_TYPE:
        raise UsageProblem(
            f"There is no directory {publisher.data_dir}, and the samples are wines, which {target} is not for.",
            "Name the directory of your records and models with --data-dir or DATA_DIRECTORY.",
        )
    samples = sample_data_dir()
    environment.say(f"There is no directory {publisher.data_dir}: sending the sample data from {samples}.")
    return samples


def _announce(
    environment: Environment, directory: Path, records: tuple[int, Circle], models: tuple[int, Circle]
) -> None:
    from streamscore_cli.config.durations import format_duration

    environment.say(f"Publishing from {directory}:")
    for (count, circle), what in ((records, "records"), (models, "models")):
        pace = f"one every {format_duration(circle.interval_s)}" if circle.interval_s else "as fast as it goes"
        environment.say(f"  {count:,} {what} to {circle.topic}, {pace}")
    environment.say("round and round until Ctrl-C.")
