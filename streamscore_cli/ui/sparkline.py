"""A row of figures as a line of small bars; it knows no unit and no colour."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
PLAIN_BARS = "_.:-=+*#"
"""What is drawn with, and what takes its place on a terminal that knows ASCII only."""


def sparkline(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """Return the last `width` values as bars from zero to the largest of them, a character each."""
    shown = [max(value, 0.0) for value in values[-width:]] if width > 0 else []
    largest = max(shown, default=0.0)
    bars = PLAIN_BARS if ascii_only else BARS
    if not largest:
        return bars[0] * len(shown)
    return "".join(
        bars[min(round(value / largest * len(bars) + 0.49), len(bars)) - 1 if value else 0] for value in shown
    )
