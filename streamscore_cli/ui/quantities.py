"""Counts, durations and moments as short text for people; it knows no table."""

from __future__ import annotations

from datetime import datetime, tzinfo

from streamscore_cli.core.printable import printable

_US_PER_MS = 1000
_MS_PER_S = 1000
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400
_MANY = 100


def count(value: float) -> str:
    """Return a count with its thousands set apart."""
    return f"{value:,.0f}"


def rate(value: float) -> str:
    """Return a rate a second: whole from 100 on, else with a decimal."""
    return count(value) if value >= _MANY or value == 0 else f"{value:.1f}"


def duration_ms(value: float) -> str:
    """Return milliseconds in the unit that keeps three digits: ns, us, ms or s."""
    if value <= 0:
        return "-"
    nanoseconds = value * _US_PER_MS * _US_PER_MS
    for unit in ("ns", "us", "ms"):
        if float(f"{nanoseconds:.3g}") < _MS_PER_S:
            return f"{nanoseconds:.3g} {unit}"
        nanoseconds /= 1000
    return f"{nanoseconds:.3g} s" if nanoseconds < _MANY else f"{nanoseconds:,.0f} s"


def uptime(seconds: float) -> str:
    """Return how long something has run, in the two largest units."""
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S} h"


def time_of_day(epoch_ms: float, zone: tzinfo | None = None) -> str:
    """Return the time of day of a moment in `zone`, None being the machine's; "-" for no moment."""
    if epoch_ms <= 0:
        return "-"
    try:
        moment = datetime.fromtimestamp(epoch_ms / _MS_PER_S, tz=zone) if zone else _local(epoch_ms)
    except (OverflowError, OSError, ValueError):
        return "-"
    return f"{moment:%H:%M:%S}"


def _local(epoch_ms: float) -> datetime:
    return datetime.fromtimestamp(epoch_ms / _MS_PER_S).astimezone()


def result_text(result: object) -> str:
    """Return the result of a score: numbers with six digits, "-" for none."""
    if result is None:
        return "-"
    return f"{result:.6g}" if isinstance(result, float) else printable(str(result))
