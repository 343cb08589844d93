from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from benchmarks.svg import Bar, bars, line

SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture: str) -> ET.Element:
    """Return the root of a picture."""
    parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(["end"])
    parser.feed(picture)
    events: list[Any] = list(parser.read_events())
    root: ET.Element = events[-1][1]
    return root


def test_bars_are_as_long_as_their_values() -> None:
    picture = parsed(bars("a < b", [Bar("one", 50.0, "fifty"), Bar("two", 100.0, "a hundred", ours=True)]))
    _, one, two = (rectangle.attrib for rectangle in picture.iter(f"{SVG}rect"))
    assert float(two["width"]) == 2 * float(one["width"])
    assert one["fill"] != two["fill"]
    assert [text.text for text in picture.iter(f"{SVG}text")] == ["a < b", "one", "fifty", "two", "a hundred"]


def test_a_bar_of_nothing_can_still_be_seen() -> None:
    picture = parsed(bars("none", [Bar("zero", 0.0, "0")]))
    assert [rectangle.attrib["width"] for rectangle in picture.iter(f"{SVG}rect")] == ["100%", "1.0"]


def test_a_line_rises_with_its_values() -> None:
    picture = parsed(line("memory", [(0, 100), (50, 100), (100, 200)], ("swaps", "MiB")))
    _, drawn = picture.iter(f"{SVG}polyline")
    points = [tuple(map(float, pair.split(","))) for pair in drawn.attrib["points"].split()]
    assert points[0][1] == points[1][1] > points[2][1]
    assert points[0][0] < points[1][0] < points[2][0]
