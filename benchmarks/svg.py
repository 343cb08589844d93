"""Small pictures as SVG text: bars and a line; the same numbers give the same bytes. It reads and writes no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 760
LEFT = 250
RIGHT = 190
HEAD = 46
ROW = 26
BAR = 16
PLOT_HEIGHT = 200
OURS, OTHERS, INK, QUIET = "#1f6feb", "#9aa4b0", "#24292f", "#57606a"
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart: what it is, how long, what is written behind it, and whether it is ours."""

    label: str
    value: float
    text: str
    ours: bool = False


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Return horizontal bars from zero on, the longest as wide as there is room."""
    longest = max((row.value for row in rows), default=0.0) or 1.0
    room = WIDTH - LEFT - RIGHT
    parts = [_text(12, 26, title, weight="600")]
    for place, row in enumerate(rows):
        top = HEAD + place * ROW
        length = max(row.value / longest * room, 1.0)
        parts.append(_text(LEFT - 10, top + BAR - 3, row.label, anchor="end"))
        colour = OURS if row.ours else OTHERS
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        parts.append(_text(LEFT + length + 8, top + BAR - 3, row.text, colour=QUIET))
    return _picture(HEAD + len(rows) * ROW + 8, parts)


def line(title: str, points: Sequence[tuple[float, float]], axes: tuple[str, str]) -> str:
    """Return a line over its two axes, both from zero on; `axes` names them."""
    left, right, bottom = 70, WIDTH - 30, HEAD + PLOT_HEIGHT
    far = max((x for x, _ in points), default=0.0) or 1.0
    high = max((y for _, y in points), default=0.0) * 1.15 or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x / far * (right - left), bottom - y / high * PLOT_HEIGHT

    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
    parts = [_text(12, 26, title, weight="600")]
    parts.append(f'<polyline points="{left},{HEAD} {left},{bottom} {right},{bottom}" fill="none" stroke="{QUIET}"/>')
    parts.append(f'<polyline points="{drawn}" fill="none" stroke="{OURS}" stroke-width="2"/>')
    for share in (0.5, 1.0):
        x, y = at(far * share, high / 1.15 * share)
        parts.append(_text(left - 8, y + 4, f"{high / 1.15 * share:,.0f}", anchor="end", colour=QUIET))
        parts.append(_text(x, bottom + 18, f"{far * share:,.0f}", anchor="end", colour=QUIET))
    parts.append(_text(left + 6, HEAD + 4, axes[1], colour=QUIET))
    parts.append(_text(left, bottom + 18, axes[0], colour=QUIET))
    return _picture(bottom + 30, parts)


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK, weight: str = "400") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}"'
    return f"<text {place}>{escape(text)}</text>"


def _picture(height: float, parts: Sequence[str]) -> str:
    size = f'width="{WIDTH}" height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {FONT}>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', *parts, "</svg>", ""])
