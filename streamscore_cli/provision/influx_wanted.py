"""What there should be in InfluxDB, and how long points are kept in words; pure values, it talks to nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass

HOUR_S = 3600
DAY_S = 24 * HOUR_S
UNITS_S = {"w": 7 * DAY_S, "d": DAY_S, "h": HOUR_S, "m": 60, "s": 1}
PART = re.compile(r"(\d+)([wdhms])")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A database, its retention policy and how long that keeps points (0: for ever); `target` names the server."""

    target: str
    database: str
    retention_policy: str
    retention_s: int

    @property
    def shard_s(self) -> int:
        """Return the length of a shard: an hour up to two days, then as InfluxDB itself would."""
        if 0 < self.retention_s <= 2 * DAY_S:
            return HOUR_S
        return DAY_S if 0 < self.retention_s <= 180 * DAY_S else 7 * DAY_S


def kept_long_enough(found_s: int, wanted_s: int) -> bool:
    """Tell whether points that are kept for `found_s` (0: for ever) are kept for `wanted_s` at least."""
    return found_s == 0 or (wanted_s != 0 and found_s >= wanted_s)


def in_words(seconds: int) -> str:
    """Return how long points are kept: `1 d`, `36 h`, `for ever`."""
    if not seconds:
        return "for ever"
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % UNITS_S[unit] == 0)
    return f"{seconds // UNITS_S[unit]} {unit}"


def parse_duration_s(text: str) -> int:
    """Return the seconds of a duration as InfluxDB writes it: `24h0m0s`; `0s` and what is none are 0."""
    return sum(int(number) * UNITS_S[unit] for number, unit in PART.findall(text))
