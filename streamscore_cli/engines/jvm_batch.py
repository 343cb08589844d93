"""A PMML4S model run over a whole batch in one call into the JVM; it moves values and judges none of them.

A call from Python into Java costs about ten microseconds a record, so the loop over the rows is Java's: a stream over
the rows; what it does with a row is made by `jvm_functions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.jvm import Java
from streamscore_cli.engines.jvm_functions import JavaFunctions

JavaRows = Java
"""A Java Object[]: for each row the Object[] of its outputs, or the Throwable that it raised."""


class BatchRunner:
    """Runs one model over batches; every method makes one or two calls into the JVM, whatever the number of rows."""

    def __init__(self, jpype: Java, model: Java) -> None:
        self._jpype = jpype
        self._functions = JavaFunctions(jpype)
        self._schema = model.usedSchema()
        self._predict_numbers = self._functions.predict_array(model)
        self._predict_map = self._functions.predict_map(model, self._schema)
        self._is_throwable = self._functions.is_throwable()
        self._numbers_of = self._functions.numbers_of()
        self._stream = jpype.JClass("java.util.Arrays").stream

    @property
    def input_names(self) -> list[str]:
        """Return the names of the inputs in the order that `run_numbers` takes them in."""
        return [str(name) for name in self._schema.fieldNames()]

    def run_numbers(self, rows: NDArray[np.float64]) -> JavaRows:
        """Answer rows of numbers, shape (n, inputs), NaN for missing; fit for inputs of real types only."""
        if rows.size:
            matrix = self._jpype.JArray.of(np.ascontiguousarray(rows), self._jpype.JDouble)
        else:
            matrix = self._jpype.JArray(self._jpype.JDouble, 2)(rows.tolist())
        return self._stream(matrix).map(self._predict_numbers).toArray()

    def run_maps(self, rows: Iterable[Mapping[str, object]]) -> JavaRows:
        """Answer rows of str, float, int and bool by input name; what is missing is not in the mapping."""
        maps = [self._jpype.JClass("java.util.HashMap")(dict(row)) for row in rows]
        objects = self._jpype.JArray(self._jpype.JObject)(maps)
        return self._stream(objects).map(self._predict_map).toArray()

    def errors(self, rows: JavaRows) -> dict[int, Java]:
        """Return the Throwable of each row that raised one."""
        if not self._stream(rows).anyMatch(self._is_throwable):
            return {}
        throwable = self._jpype.JClass("java.lang.Throwable")
        return {place: row for place, row in enumerate(rows) if isinstance(row, throwable)}

    def only(self, rows: JavaRows, places: Sequence[int]) -> JavaRows:
        """Return the rows at `places`."""
        return self._jpype.JArray(self._jpype.JObject)([rows[place] for place in places])

    def table(self, rows: JavaRows, outputs: int) -> NDArray[np.float64]:
        """Return all outputs as numbers, shape (rows, outputs), NaN for what is none; no row may be a Throwable."""
        numbers = self._stream(rows).flatMapToDouble(self._numbers_of).toArray()
        return np.array(numbers, dtype=np.float64).reshape(len(rows), outputs)

    def place_at(self, output: int, values: Sequence[Java]) -> Java:
        """Make the function for `places` that finds a row's output at an index among `values`."""
        places = self._jpype.JClass("java.util.HashMap")()
        for place, value in enumerate(values):
            places.put(value, self._jpype.JDouble(place))
        return self._functions.place_at(output, places)

    def places(self, rows: JavaRows, place_at: Java) -> NDArray[np.intp]:
        """Return for each row the place that a function of `place_at` finds, -1 for none; none may be a Throwable."""
        return np.array(self._stream(rows).mapToDouble(place_at).toArray(), dtype=np.float64).astype(np.intp)

    def objects(self, rows: JavaRows, output: int) -> list[Java]:
        """Return the output at an index of each row as it is: Java numbers and booleans, str, None."""
        return [row[output] for row in rows]
