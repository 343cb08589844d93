"""`streamscore score`: rows of a file or of standard input scored without Kafka, by the code that scores records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import OnBadRowOption, plain_option
from streamscore_cli.core.choices import OnBadRow

if TYPE_CHECKING:
    from streamscore_cli.pipeline.offline import OfflineScorer
    from streamscore_cli.publishing.rows import BadRows
    from streamscore_cli.records.row_chunk import RowChunk
    from streamscore_cli.records.scored_rows import ScoredRows

TABLE_ROWS = 50
"""How many answers the table on a terminal shows."""

Write = Callable[["ScoredRows"], object]


def score(
    ctx: typer.Context,
    *,
    model: Annotated[Path, typer.Argument(help="A model file, or a SavedModel's directory.", show_default=False)],
    data: Annotated[
        str, typer.Argument(help="A CSV or JSON-lines file; - reads standard input, row by row.", show_default=False)
    ],
    output: Annotated[
        Path | None, plain_option("--output -o", "Write here.", env="STREAMSCORE_OUTPUT", metavar="FILE")
    ] = None,
    json: Annotated[
        bool, plain_option("--json", "Write JSON lines, as in the results topic.", env="STREAMSCORE_JSON")
    ] = False,
    on_bad_row: OnBadRowOption = OnBadRow.FAIL,
) -> None:
    """Score a file or standard input, without Kafka.

    Answers are CSV: the row's line, the result, probabilities and further outputs; a table when a file is scored to a
    terminal. A CSV file's header names the model's inputs; without a header the columns are the fields of the records
    in the settings (by default the wine's). A row that cannot be read or scored is named by its line.
    """
    environment = environment_of(ctx)
    from streamscore_cli.commands.inputs import STANDARD_INPUT, opened
    from streamscore_cli.core.models import ModelDescriptor
    from streamscore_cli.pipeline.offline import OfflineScorer, load_offline, read_inputs
    from streamscore_cli.publishing.models import read_artifact
    from streamscore_cli.publishing.rows import BadRows
    from streamscore_cli.records.codecs import codec_for

    settings = environment.settings()
    records = settings.records
    bad_rows = BadRows(on_bad_row, environment.say)
    with opened(data, environment) as source:
        artifact = read_artifact(environment.cwd / model)
        loaded = load_offline(ModelDescriptor(model.stem, "", records.data_type, artifact), settings.models)
        try:
            scorer = OfflineScorer(loaded, records.names, records.data_type_field, source.name)
            fields = codec_for(records).fields
            chunks = read_inputs(source.stream, fields, records.data_type_field, source.chunks)
            to_table = data != STANDARD_INPUT and output is None and environment.stdout.isatty()
            with _writer(environment, output, json=json, table=to_table) as write:
                _score_all(scorer, chunks, write, bad_rows)
            if bad_rows.count:
                environment.say(f"Rows skipped: {bad_rows.count:,}.")
        finally:
            loaded.servable.close()


def _score_all(scorer: OfflineScorer, chunks: Iterator[RowChunk], write: Write, bad_rows: BadRows) -> None:
    for chunk in scorer.checked(chunks):
        answers = scorer.score(chunk)
        failures = answers.failures
        if failures and bad_rows.fatal:
            answers = scorer.score(chunk.before(failures[0].line))
        for part in answers.parts:
            write(part)
        for failure in failures:
            bad_rows.take(failure)


@contextmanager
def _writer(environment: Environment, output: Path | None, *, json: bool, table: bool) -> Iterator[Write]:
    if table and not json:
        from streamscore_cli.pipeline.answers import AnswerTable
        from streamscore_cli.ui.answers import answer_table

        cells = AnswerTable()
        with answer_table(environment.out(), TABLE_ROWS) as add:
            yield lambda part: [add(row) for row in cells.lines(part)]
    elif output is None:
        yield _lines_to(environment.stdout, json=json)
    else:
        with (environment.cwd / output).open("w", encoding="utf-8", newline="") as file:
            yield _lines_to(file, json=json)


def _lines_to(stream: TextIO, *, json: bool) -> Write:
    from streamscore_cli.pipeline.answers import CsvAnswers, JsonAnswers

    encoder = JsonAnswers() if json else CsvAnswers()

    def write(part: ScoredRows) -> None:
        stream.write(encoder.encode(part))
        stream.flush()

    return write
