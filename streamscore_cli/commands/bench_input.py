"""What a run of `bench` works with: records, models, files for its report, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamscore_cli.commands.environment import Environment
from streamscore_cli.commands.options import duration_s
from streamscore_cli.core.choices import OnBadRow
from streamscore_cli.core.errors import UsageProblem

if TYPE_CHECKING:
    from streamscore_cli.api.client import ServerAddress
    from streamscore_cli.bench.load import Payload
    from streamscore_cli.config.settings import Settings
    from streamscore_cli.publishing.models import OutgoingModel

MOST_BYTES = 256 * 1024 * 1024
"""Encoded records that are kept in memory to be sent round and round; of a longer file, the beginning."""

SAMPLE_RECORDS = "winequality_red.csv"
SAMPLE_MODELS = ("winequality_random_forest.pmml", "winequality_decision_tree_classification.pmml")


@dataclass(frozen=True, slots=True)
class Output:
    """Where the report goes besides the terminal, and what it is compared with: a file, and then its content."""

    json: bool
    plot: Path | None
    save: Path | None
    compare: Path | None
    then: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SwapOptions:
    """How often which models are published, what counts as inside a swap, and who says when it is done."""

    every_s: float
    window_s: float
    models: Sequence[OutgoingModel]
    server: ServerAddress


def checked_output(environment: Environment, output: Output) -> Output:
    """See that everything can be written and read before anything is measured; raises `UsageProblem`."""
    from streamscore_cli.bench.saved import read_saved
    from streamscore_cli.ui.bench_figure import check_figure

    plot, save, compare = (path and environment.cwd / path for path in (output.plot, output.save, output.compare))
    if plot is not None:
        check_figure(plot)
    if save is not None and (not save.parent.is_dir() or save.is_dir()):
        raise UsageProblem(f"--save {save} cannot be written: no such directory.", "Name a file in one that is there.")
    then = None if compare is None else read_saved(compare)
    return Output(output.json, plot, save, compare, then)


def swap_options(
    environment: Environment, settings: Settings, texts: tuple[str | None, str, str], paths: Sequence[Path]
) -> SwapOptions | None:
    """Return what `texts` (every, window, server) and the models mean; None when none is to be published.

    Raises `UsageProblem`, `SettingsError`, `ModelRejected`.
    """
    from streamscore_cli.commands.publish_run import check_sizes
    from streamscore_cli.config.sample_data import sample_data_dir
    from streamscore_cli.publishing.models import Naming, data_type_of, model_files, outgoing_model

    every, window, server = texts
    if every is None:
        if paths:
            raise UsageProblem("--model is for --swap-every.", "`streamscore publish model FILE` publishes one once.")
        return None
    every_s, window_s = duration_s("--swap-every", every), duration_s("--swap-window", window)
    if not 0 < window_s < every_s:
        raise UsageProblem(
            f"--swap-window {window} is not between nothing and --swap-every {every}.",
            "Records outside of swaps are needed too: take a shorter window.",
        )
    naming = Naming(data_type_of(settings.records))
    files = [environment.cwd / path for path in paths] or [sample_data_dir() / name for name in SAMPLE_MODELS]
    models = [outgoing_model(path, naming) for path in model_files(files)]
    _check_different(models)
    address = server_address(settings, server)
    check_sizes(settings, models)
    return SwapOptions(every_s, window_s, models, address)


def _check_different(models: Sequence[OutgoingModel]) -> None:
    """Raise `UsageProblem` when publishing in turn would change nothing; PMML is made a new model each time."""
    from streamscore_cli.core.models import ModelFormat

    shas = [model.descriptor.artifact.sha256 for model in models if model.descriptor.artifact is not None]
    if len(set(shas)) == 1 and models[0].format is not ModelFormat.PMML:
        raise UsageProblem(
            f"--model {models[0].path.name} alone is the same model each time: nothing would be swapped.",
            "Name two different models: --model A --model B. (A PMML document alone is enough.)",
        )


def server_address(settings: Settings, server: str = "") -> ServerAddress:
    """Return the server that is named, else the one of the settings; raises `UsageProblem`."""
    from streamscore_cli.api.client import ServerAddress, parse_address
    from streamscore_cli.commands.stats import reachable

    if server:
        return parse_address(server)
    return ServerAddress("http", reachable(settings.model_server.host), settings.model_server.port)


def payload_of(environment: Environment, settings: Settings, topic: str, file: str) -> Payload:
    """Return the records to send, encoded as the topic's are; raises as `publish data`, and `UsageProblem`."""
    from streamscore_cli.bench.load import Payload
    from streamscore_cli.commands.publish_run import messages_of
    from streamscore_cli.config.sample_data import sample_data_dir
    from streamscore_cli.config.settings import EXAMPLE_DATA_TYPE
    from streamscore_cli.publishing.rows import BadRows, row_encoder

    if not file and settings.records_of(topic).implied_data_type != EXAMPLE_DATA_TYPE:
        raise UsageProblem(
            f"Which records? The samples are wines, which {topic} is not for.", "Name yours with --records-file."
        )
    path = file or str(sample_data_dir() / SAMPLE_RECORDS)
    values: list[bytes] = []
    size_bytes = 0
    bad_rows = BadRows(OnBadRow.FAIL, environment.say)
    for messages in messages_of(path, environment, None, row_encoder(settings.records_of(topic)), bad_rows):
        values.extend(messages.values)
        size_bytes += messages.size_bytes
        if size_bytes > MOST_BYTES:
            environment.say(f"note: {path} is long: its first {len(values):,} records are sent round and round.")
            break
    if not values:
        raise UsageProblem(f"The file {path} has no records.", "Name one that has with --records-file.")
    return Payload.of(topic, values)
