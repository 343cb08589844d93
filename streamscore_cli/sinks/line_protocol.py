"""InfluxDB's line protocol: names, numbers and texts so written that a line stays a line; it means nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from streamscore_cli.core.printable import CONTROL

LONGEST_TAG = 200
LONGEST_TEXT = 1000
_SEPARATORS = re.compile("([,= ])")


def series(measurement: str, tags: Mapping[str, str]) -> str:
    """Return a measurement with its tags, in the order that InfluxDB likes best; empty tags are left out."""
    written = ((name, tag_value(value)) for name, value in sorted(tags.items()))
    return ",".join((measurement, *(f"{name}={value}" for name, value in written if value)))


def tag_value(text: str) -> str:
    """Return a text as the value of a tag, at most 200 characters of it.

    A tag cannot hold a line feed, nor end in a backslash: control characters become spaces, backslashes slashes.
    """
    kept = CONTROL.sub(" ", text[:LONGEST_TAG]).replace("\\", "/").strip()
    return _SEPARATORS.sub(r"\\\1", kept)


def text_field(text: str) -> str:
    """Return a text as the value of a field, at most 1,000 characters of it, without NUL, which InfluxDB refuses."""
    kept = text[:LONGEST_TEXT].replace("\x00", "")
    escaped = kept.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def encoded(line: str) -> bytes:
    """Return a line as bytes; what UTF-8 cannot hold (lone surrogates) becomes a question mark."""
    return line.encode("utf-8", "replace")
