"""The last word of an instance."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from streamscore_cli.runtime.summary import say_stopped


def test_scores_that_still_wait_are_lost_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sink = SimpleNamespace(waiting=5, dropped={"shutdown": 2, "refused": 1})
    scoring = SimpleNamespace(dead_letters={}, dropped={}, uptime_s=1.0, records=8, results=8)
    view: Any = SimpleNamespace(
        identity=SimpleNamespace(name="one"),
        scoring=lambda: scoring,
        models=lambda: SimpleNamespace(swaps=0, rejections=0),
        sinks=lambda: [sink],
    )
    say_stopped(view)
    (record,) = caplog.records
    assert vars(record)["fields"]["points_lost"] == 8
