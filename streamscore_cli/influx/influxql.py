"""InfluxQL asked of 1.x, or of 2.x through its mappings; an error inside a good answer is an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.influx.exchange import Exchange, Reply, refused


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an answer, by the names of its columns."""

    cells: dict[str, object]

    def text(self, name: str) -> str:
        """Return a cell as text, empty where there is none."""
        found = self.cells.get(name)
        return "" if found is None else str(found)


def run(exchange: Exchange, statement: str) -> list[Row]:
    """Run one statement and return the rows of all its series.

    Raises `ServiceUnreachable`, and `ServiceRefused` also for an error that comes with status 200 (2.x answers
    `CREATE DATABASE` so).
    """
    reply = exchange.form("/query", {"q": statement})
    if not reply.good:
        raise refused(exchange, reply.status, exchange.said(reply))
    results = _list(reply.document(), "results")
    if results is None:
        said = exchange.said(reply)
        raise ServiceRefused(f"InfluxDB at {exchange.url} gave no results: {said}.", status=reply.status)
    _raise_errors(exchange, reply, results)
    return [row for result in results for row in _rows(result)]


def quoted(name: str) -> str:
    """Return a name as an identifier of InfluxQL."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _raise_errors(exchange: Exchange, reply: Reply, results: list[object]) -> None:
    for result in results:
        if isinstance(result, dict) and "error" in result:
            said = exchange.reason(str(result["error"]))
            raise ServiceRefused(f"InfluxDB at {exchange.url} says no: {said}.", status=reply.status)


def _rows(result: object) -> Iterator[Row]:
    for series in _list(result, "series") or []:
        columns = _list(series, "columns") or []
        for values in _list(series, "values") or []:
            if isinstance(values, list):
                yield Row(dict(zip(map(str, columns), values, strict=False)))


def _list(document: object, key: str) -> list[object] | None:
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, list) else None
