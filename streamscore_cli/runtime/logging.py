"""The log's form, on one stream: text for people or JSON lines for machines; nothing is set up at import.

A line that is an event (`core/log_events.py`) has its name and its fields in JSON; in text the message says them.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

from streamscore_cli.core.choices import LogFormat
from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.core.log_events import event
from streamscore_cli.core.printable import printable

STANDARD_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
QUIET_LIBRARIES = ("uvicorn", "asyncio", "py4j", "jgo", "cjdk")
"""Libraries whose chatter is not ours: heard from warnings on, and from debug on when that is the level."""


class TextFormatter(logging.Formatter):
    """Writes `12:34:56 warning message field=value`; local time; of an event only the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, and its traceback below it if it has one."""
        moment = datetime.fromtimestamp(record.created, UTC).astimezone()
        fields = "".join(f" {name}={_quoted(value)}" for name, value in _shown(record).items())
        line = f"{moment:%H:%M:%S} {record.levelname.lower():<7} {printable(record.getMessage())}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """Writes one JSON object a line: time (UTC, ISO 8601), level, logger, event, message, and the record's fields.

    What is no event of ours (a library's line) is the event `message`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        extra = extra_fields(record)
        entry: dict[str, object] = {
            "time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(extra.pop("event", "message")),
            "message": record.getMessage(),
        }
        fields = extra.pop("fields", None)
        extra |= fields if isinstance(fields, dict) else {}
        entry |= {name: value for name, value in extra.items() if name not in entry}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def configure(level: str, log_format: LogFormat, stream: TextIO) -> None:
    """Send the log of this process to `stream`, from `level` (debug, info, warning, error) on.

    A second call replaces the first.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)


def say_failed(error: StreamscoreError) -> None:
    """Log what a server ended with, and the next step."""
    extra = event("failed", reason=error.message, next_step=error.hint)
    logging.getLogger("streamscore").error("%s", error, extra=extra)


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """Return what was given to the logging call as `extra`."""
    return {name: value for name, value in record.__dict__.items() if name not in STANDARD_FIELDS}


def _shown(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields that the message does not say."""
    return {name: value for name, value in extra_fields(record).items() if name not in {"event", "fields"}}


def _quoted(value: object) -> str:
    text = printable(str(value))
    return json.dumps(text, ensure_ascii=False) if not text or any(mark in text for mark in ' "=') else text
