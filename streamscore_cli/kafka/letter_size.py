"""Dead letters cut to what their topic takes; it sends none.

A topic's limit is on batches as they are stored: a record that a producer compressed is read longer than the limit, and
as a dead letter it would be refused on every start. What is cut is said in headers, by its length and its SHA-256.
"""

from __future__ import annotations

import hashlib

from streamscore_cli.core.batch import DeadLetter, Headers
from streamscore_cli.core.message_size import headers_bytes, message_bytes
from streamscore_cli.records.dead_letters import PREFIX

MARKS_BYTES = 1024
"""Room that is kept for the headers that say what was cut."""

SHORT_REASON_BYTES = 256
"""What is left of our own headers where a topic takes next to nothing."""


def fitted(letter: DeadLetter, limit_bytes: int) -> DeadLetter:
    """Return the letter, or one cut to `limit_bytes`: the value's end, a too large key, too many headers of its own.

    Our headers stay, so key and headers may use half of what is left to them; the value gets the rest.
    """
    if message_bytes(letter.key, letter.value, letter.headers) <= limit_bytes:
        return letter
    ours = [(name, value) for name, value in letter.headers if name.startswith(PREFIX)]
    if message_bytes(None, None, ours) + MARKS_BYTES > limit_bytes:
        ours = [(name, (value or b"")[:SHORT_REASON_BYTES].decode("utf-8", "ignore").encode()) for name, value in ours]
    room = max(limit_bytes - message_bytes(None, None, ours) - MARKS_BYTES, 0)
    marks: list[tuple[str, bytes | None]] = []
    key, cut = letter.key, []
    if key is not None and len(key) > room // 2:
        marks += _marks("original.key", key)
        cut.append("key")
        key = None
    room -= len(key or b"")
    theirs: Headers = [(name, value) for name, value in letter.headers if not name.startswith(PREFIX)]
    if headers_bytes(theirs) > room // 2:
        theirs = ()
        cut.append("headers")
    room -= headers_bytes(theirs)
    value = letter.value
    if value is not None and len(value) > room:
        marks += _marks("original", value)
        cut.append("value")
        value = value[:room]
    marks.append((f"{PREFIX}truncated", ",".join(sorted(cut)).encode()))
    return DeadLetter(key, value, letter.timestamp_ms, [*theirs, *ours, *marks])


def _marks(name: str, original: bytes) -> list[tuple[str, bytes | None]]:
    return [
        (f"{PREFIX}{name}.bytes", str(len(original)).encode()),
        (f"{PREFIX}{name}.sha256", hashlib.sha256(original).hexdigest().encode()),
    ]
