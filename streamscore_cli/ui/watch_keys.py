"""What a key does to what `stats --watch` shows, as a pure function; it reads no key."""

from __future__ import annotations

from dataclasses import replace

from streamscore_cli.ui.model_rows import next_sort
from streamscore_cli.ui.watch_sections import LEAST_MODELS
from streamscore_cli.ui.watch_view import Look

MOST_WANTED = 60
PAGE = 10

_STEPS = {"up": -1, "k": -1, "down": 1, "j": 1, "page-up": -PAGE, "page-down": PAGE, "home": -(10**9), "end": 10**9}


def after_key(look: Look, key: str, models: int) -> Look | None:
    """Return how it looks after a key, with `models` to scroll through; None says to end."""
    if look.typing:
        return _typed(look, key)
    if key == "q":
        return None
    match key:
        case "s":
            look = replace(look, sort=next_sort(look.sort), first=0)
        case "/":
            look = replace(look, typing=True)
        case "escape":
            look = replace(look, wanted="", first=0)
        case _:
            first = min(look.first + _STEPS.get(key, 0), models - LEAST_MODELS)
            look = replace(look, first=max(first, 0))
    return look


def footer_of(look: Look, interval_s: float, *, keys: bool) -> str:
    """Return the last line: what can be done here."""
    if look.typing:
        return f"/{look.wanted}_   Enter keeps the filter, Esc drops it"
    ending = f"every {interval_s:g} s; Ctrl-C ends"
    return f"{ending}   s sort  / filter  arrows scroll  q end" if keys else ending


def _typed(look: Look, key: str) -> Look:
    if key in {"enter", "escape"}:
        return replace(look, typing=False, wanted=look.wanted if key == "enter" else "", first=0)
    if key == "backspace":
        return replace(look, wanted=look.wanted[:-1], first=0)
    if len(key) > 1 or len(look.wanted) >= MOST_WANTED:
        return look
    return replace(look, wanted=look.wanted + key, first=0)
