"""Text from outside made safe for a terminal and a line of a log; it is no quoting for shells, HTML or JSON."""

from __future__ import annotations

import re

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, line separators and the marks that turn the direction of writing round."""


def printable(text: str) -> str:
    r"""Return `text` with control characters written as escapes: a line feed as `\n`, an escape as `\x1b`."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
