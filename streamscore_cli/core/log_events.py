"""Names and fields for lines of the log that are events; what the line looks like is decided where logging is set up.

Every name is listed in docs/operations.md, and stays.
"""

from __future__ import annotations

from typing import TypedDict


class EventExtra(TypedDict):
    """What the log is given as `extra`."""

    event: str
    fields: dict[str, object]


def event(name: str, **fields: object) -> EventExtra:
    """Return the `extra` of a logging call: the stable name of an event, and what the message says, as fields."""
    return {"event": name, "fields": fields}
