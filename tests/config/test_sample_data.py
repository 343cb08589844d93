"""The sample data that come with the program."""

from __future__ import annotations

from streamscore_cli.config.sample_data import sample_data_dir
from streamscore_cli.config.settings import PublisherSettings
from streamscore_cli.publishing.models import model_files


def test_they_hold_the_records_and_the_eight_models() -> None:
    directory = sample_data_dir()
    assert (directory / PublisherSettings().data_file).is_file()
    assert len(model_files([directory])) == 8
