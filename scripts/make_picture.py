"""Writes docs/demo.svg, the README's picture: the live table of a real demo after half a minute, nothing drawn up."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from pathlib import Path

from rich.console import Console

from streamscore_cli.api.client import fetch_stats, parse_address
from streamscore_cli.runtime.demo import Demo
from streamscore_cli.ui.demo_view import render_demo

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
SIZE = (100, 40)
SECONDS = 32
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Rich names a web font; the picture makes do with the reader's own."""


def main() -> None:
    """Run the demo, draw its table, write the picture."""
    console = Console(record=True, width=SIZE[0], file=io.StringIO(), highlight=False, markup=False)
    with Demo(lambda text: print(text, file=sys.stderr), os.environ) as demo:
        addresses = demo.start()
        time.sleep(SECONDS)
        stats = fetch_stats(parse_address(addresses.http))
    console.print(render_demo(stats, SIZE, f"Kafka {addresses.brokers}   {addresses.http}/stats"))
    PICTURE.write_text(FONT_FACE.sub("", console.export_svg(title="streamscore demo")))


if __name__ == "__main__":
    main()
