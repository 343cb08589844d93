"""The two forms of the log."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator

import pytest

from streamscore_cli.core.choices import LogFormat
from streamscore_cli.core.log_events import event
from streamscore_cli.runtime.logging import QUIET_LIBRARIES, configure

LOGGER = logging.getLogger("streamscore_cli.tests")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), {name: logging.getLogger(name).level for name in QUIET_LIBRARIES})
    yield
    logging.captureWarnings(capture=False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def logged(level: str, log_format: LogFormat) -> io.StringIO:
    stream = io.StringIO()
    configure(level, log_format, stream)
    return stream


def test_text_is_time_level_message_and_fields() -> None:
    stream = logged("info", LogFormat.TEXT)
    LOGGER.info("model in service", extra={"model": "wine tree", "version": 7, "reason": ""})
    line = stream.getvalue()
    assert re.fullmatch(r'\d\d:\d\d:\d\d info    model in service model="wine tree" version=7 reason=""\n', line)


def test_json_lines_have_the_fields_beside_the_message() -> None:
    stream = logged("info", LogFormat.JSON)
    LOGGER.warning("broker %s is away", "a:1", extra={"attempt": 3, "message_id": "x"})
    entry = json.loads(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry.pop("time"))
    assert entry == {
        "level": "warning",
        "logger": "streamscore_cli.tests",
        "event": "message",
        "message": "broker a:1 is away",
        "attempt": 3,
        "message_id": "x",
    }


def test_an_event_has_its_name_and_fields_in_json_and_only_its_message_in_text() -> None:
    extra = event("model-in-service", model="wine tree", version=7, message="x", level=None)
    stream = logged("info", LogFormat.JSON)
    LOGGER.info("wine tree version 7 answers", extra=extra)
    entry = json.loads(stream.getvalue())
    del entry["time"]
    assert entry == {
        "level": "info",
        "logger": "streamscore_cli.tests",
        "event": "model-in-service",
        "message": "wine tree version 7 answers",
        "model": "wine tree",
        "version": 7,
    }
    stream = logged("info", LogFormat.TEXT)
    LOGGER.info("wine tree version 7 answers", extra=extra)
    assert stream.getvalue()[9:] == "info    wine tree version 7 answers\n"


def test_a_json_line_stays_one_line() -> None:
    stream = logged("info", LogFormat.JSON)
    try:
        int("three\nlines")
    except ValueError:
        LOGGER.exception("a\nb", extra={"value": object()})
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    entry = json.loads(lines[0])
    assert entry["message"] == "a\nb"
    assert "ValueError" in entry["traceback"]


def test_text_shows_the_traceback_below() -> None:
    stream = logged("info", LogFormat.TEXT)
    try:
        int("three")
    except ValueError:
        LOGGER.exception("no number")
    first, second, *_ = stream.getvalue().splitlines()
    assert first.endswith("error   no number")
    assert second == "Traceback (most recent call last):"


def test_a_message_cannot_forge_a_line_of_text() -> None:
    stream = logged("info", LogFormat.TEXT)
    LOGGER.info("model\n00:00:00 error   fire", extra={"name_of_model": "x\ny"})
    assert len(stream.getvalue().splitlines()) == 1


def test_the_level_and_the_quiet_libraries() -> None:
    stream = logged("info", LogFormat.TEXT)
    LOGGER.debug("details")
    logging.getLogger("uvicorn").info("chatter")
    assert stream.getvalue() == ""
    stream = logged("debug", LogFormat.TEXT)
    LOGGER.debug("details")
    logging.getLogger("uvicorn").info("chatter")
    assert len(stream.getvalue().splitlines()) == 2


def test_a_second_call_replaces_the_first() -> None:
    first = logged("info", LogFormat.TEXT)
    second = logged("info", LogFormat.TEXT)
    LOGGER.info("once")
    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)


def test_warnings_of_libraries_are_logged() -> None:
    stream = logged("info", LogFormat.TEXT)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old style", stacklevel=1)
    logging.captureWarnings(capture=False)
    assert "old style" in stream.getvalue()
