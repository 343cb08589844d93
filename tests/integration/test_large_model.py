"""A model of megabytes is put in service under load; what it costs the records is reported, not judged."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.pmml_models import FEATURES, WINE, forest
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.kafka.reader import TopicReader
from streamscore_cli.records.descriptor import encode_descriptor
from tests.integration.servers import Server, wait_until
from tests.integration.test_serve import LINEAR, Stream, assert_nothing_lost, await_all
from tests.integration.wines import send_model, send_raw_model, source_of

pytestmark = pytest.mark.kafka

LARGE = "a forest of wines"


def send_large(settings: Settings, trees: int) -> None:
    """Publish a forest that takes the records' fields; 220 KB a tree."""
    data = forest(trees, 12)
    for feature, name in zip(FEATURES, WINE, strict=True):
        data = data.replace(f'"{feature}"'.encode(), f'"{name}"'.encode())
    descriptor = ModelDescriptor(LARGE, "", "wine", Artifact.of(ModelFormat.PMML, data))
    send_raw_model(settings, encode_descriptor(descriptor))


def longest_gap_ms(settings: Settings) -> int:
    """Return the longest time between two results, by the times at which they were produced."""
    with TopicReader(settings, settings.topics.scores) as reader:
        times = sorted(time for batch in reader for time in batch.timestamps_ms)
    return max(later - sooner for sooner, later in pairwise(times))


def test_a_large_model_takes_over_between_two_batches_and_nothing_is_lost(
    settings: Settings, data_dir: Path, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    with Server(settings, tmp_path) as server:
        server.await_ready()
        with Stream(settings, data_dir) as stream:
            wait_until(lambda: server.stats()["results"] > 500, "a stream of results")
            send_large(settings, 30)
            server.await_model(LARGE)
            before = server.stats()["results"]
            wait_until(lambda: server.stats()["results"] > before + 500, "results after the swap")
        results = await_all(settings, stream.sent)
        assert len(list((tmp_path / "compiled").iterdir())) == 2
        assert server.end() == 0
        assert_nothing_lost(results, stream.sent)
        for partition in range(4):
            here = sorted((one for one in results if one.partition == partition), key=source_of)
            names = [one.result.model.name for one in here]
            assert names == sorted(names, key=[LINEAR, LARGE].index)
            assert set(names) == {LINEAR, LARGE}
        server.start()
        server.await_ready()
        assert server.model() == LARGE
        assert server.end() == 0
    record_testsuite_property("longest_gap_between_results_ms", longest_gap_ms(settings))


def test_a_server_that_is_stopped_while_it_compiles_ends_in_order(
    settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    send_model(settings, data_dir / f"{LINEAR}.pmml")
    with Server(settings, tmp_path) as server:
        server.await_ready()
        send_large(settings, 30)
        wait_until(lambda: server.stats().get("loading") == LARGE, "the model to be loaded")
        assert server.end() == 0
    log = server.log.read_text()
    assert "a model is still being loaded" not in log
    assert "model rejected" not in log
