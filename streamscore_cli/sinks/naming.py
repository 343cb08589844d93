"""Who is named in the tags of a point, and a bound on how many there are; it writes no lines."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from streamscore_cli.records.scored_rows import TimedRows

MOST_SERIES = 1000
"""Models (by data type and version) that are told apart within the time that points are kept."""

OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class Named:
    """Which model answered for which data type."""

    data_type: str
    engine: str
    model: str
    version: str

    def tags(self, **more: str) -> dict[str, str]:
        """Return these names, and more, as tags."""
        own = {"data_type": self.data_type, "engine": self.engine, "model": self.model, "version": self.version}
        return own | more


class Naming:
    """Names the first thousand models that answer, the others `(other)`, until one was not seen for `forget_ms`."""

    def __init__(self, forget_ms: int, most: int = MOST_SERIES) -> None:
        """Take how long InfluxDB remembers a series."""
        self._forget_ms = forget_ms
        self._most = most
        self._seen: OrderedDict[Named, int] = OrderedDict()

    def name(self, part: TimedRows, at_ms: int) -> Named:
        """Return the names for what a model answered at `at_ms`."""
        model = part.rows.model
        named = Named(part.rows.data_type, part.engine, model.name, str(model.version) if model.version >= 0 else "")
        if named not in self._seen and len(self._seen) >= self._most:
            oldest = next(iter(self._seen))
            if at_ms - self._seen[oldest] < self._forget_ms:
                return Named(OTHER, part.engine, OTHER, "")
            del self._seen[oldest]
        self._seen[named] = at_ms
        self._seen.move_to_end(named)
        return named
