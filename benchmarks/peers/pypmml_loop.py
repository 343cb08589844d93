"""pypmml in a loop, a round for each line on standard input; a script, for any interpreter that has pypmml.

`pypmml_loop.py frame|rows model.pmml rows.csv milliseconds`: `frame` is its default way, a pandas DataFrame through
py4j; `rows` is one dictionary a record through JPype. It answers each line with the nanoseconds a record,
of the thread where one thread does all.
"""

from __future__ import annotations

import csv
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

Rows = list[dict[str, float]]


def frame(model: str, rows: Rows) -> Callable[[], object]:
    """Return what scores all rows as a DataFrame."""
    from pypmml import Model

    loaded, table = Model.fromFile(model), importlib.import_module("pandas").DataFrame(rows)
    return lambda: loaded.predict(table)


def by_row(model: str, rows: Rows) -> Callable[[], object]:
    """Return what scores all rows one by one."""
    from pypmml import Model, PMMLContext

    PMMLContext.getOrCreate(gateway="jpype")
    loaded = Model.fromFile(model)
    return lambda: [loaded.predict(row) for row in rows]


WAYS = {"frame": frame, "rows": by_row}
CLOCKS = {"frame": time.perf_counter, "rows": time.thread_time}
"""Where a JVM of its own scores, nothing but wall time counts all."""


def main(way: str, model: str, file: str, milliseconds: str) -> None:
    """Answer orders until there are no more."""
    with Path(file).open(newline="") as lines:
        rows = [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(lines)]
    run = WAYS[way](model, rows)
    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        records, start, busy = 0, time.perf_counter(), CLOCKS[way]()
        while (time.perf_counter() - start) * 1e3 < float(milliseconds) or not records:
            run()
            records += len(rows)
        print((CLOCKS[way]() - busy) / records * 1e9, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
