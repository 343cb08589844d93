"""Durations as people write them, to seconds; it knows no clock and no calendar (a month has no length)."""

from __future__ import annotations

import math
import re

from streamscore_cli.core.errors import SettingsError

SECONDS_OF_UNIT = {
    **dict.fromkeys(("us", "µs", "micro", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "milli", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
PLAIN = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([a-zµ]*)", re.IGNORECASE)
ISO_8601 = re.compile(
    r"P(?=\d|T\d)(?:(\d+(?:[.,]\d+)?)D)?(?:T(?=\d)(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?",
    re.IGNORECASE,
)
EXAMPLES = "'500 ms', '1 second', '5 minutes', '2m' or ISO 8601 'PT5M'; a bare number is seconds"


def parse_duration(value: str | float) -> float:
    """Return `value` in seconds.

    Takes a number of seconds, a number with a unit from microseconds to days, or ISO 8601 days to seconds.
    Raises SettingsError naming the value; nothing is negative.
    """
    seconds = _of_text(value.strip()) if isinstance(value, str) else float(value)
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        raise SettingsError(f"{value!r} is not a duration.", f"Write it as {EXAMPLES}.")
    return seconds


def format_duration(seconds: float) -> str:
    """Return `seconds` as `parse_duration` takes it: whole numbers of the largest unit that fits."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.15g}{unit}"
    if 0 < seconds < 1:
        return f"{seconds * 1000:.15g}ms"
    return f"{seconds:.15g}s"


def _of_text(text: str) -> float | None:
    plain = PLAIN.fullmatch(text)
    if plain:
        unit = SECONDS_OF_UNIT.get(plain[2].lower())
        return None if unit is None else float(plain[1]) * unit
    iso = ISO_8601.fullmatch(text)
    if iso:
        parts = (float(part.replace(",", ".")) if part else 0.0 for part in iso.groups())
        return sum(part * size for part, size in zip(parts, (86400.0, 3600.0, 60.0, 1.0), strict=True))
    return None
