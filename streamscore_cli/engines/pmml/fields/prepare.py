"""Inputs made usable: encoded, checked, missing and invalid values treated; which treatment is said by the schema."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fields.field import Interval, Invalid, Outliers
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import cast
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, merged
from streamscore_cli.engines.pmml.values.types import DataType, java_double

_NUMBERS = "fiub"
_LARGEST_WHOLE = 10**309
_MOMENTS = {DataType.DATE, DataType.TIME, DataType.DATE_TIME}


@dataclass(frozen=True, slots=True)
class Input:
    """A column of the caller's, as cells of the field's type; what is no value of that type gets a fault."""

    name: str
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        given = batch.inputs.get(self.name)
        if given is None:
            return Column(batch.constant(math.nan))
        if given.dtype.kind not in _NUMBERS:
            return self._objects(given, batch)
        if self.type in _MOMENTS:
            return self._moments(given, batch)
        values = given if given.dtype == np.float64 else given.astype(np.float64)
        source = DataType.BOOLEAN if given.dtype == np.bool_ else DataType.DOUBLE
        if self.type is DataType.DOUBLE:
            return Column(values)
        if self.type is DataType.STRING:
            return Column(_texts_of_numbers(values, batch))
        return cast(Column(values), source, self.type, batch, f"field {self.name!r}")

    def _moments(self, given: NDArray[Any], batch: Batch) -> Column:
        """Return a column of dates that were given as numbers, of which none is one."""
        values = given.astype(np.float64)
        reason = f"field {self.name!r} must be {self.type}, it is"
        faults = batch.faults_of_values(~np.isnan(values), values, DataType.DOUBLE, reason)
        return Column(batch.constant(math.nan), faults)

    def _objects(self, given: NDArray[Any], batch: Batch) -> Column:
        texts = np.empty(len(given), dtype=object)
        texts[:] = [value if value is None or isinstance(value, str) else _text(value) for value in given.tolist()]
        codes = batch.words.encode(texts)
        return cast(Column(codes), DataType.STRING, self.type, batch, f"field {self.name!r}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A field after the checks and treatments of its mining field."""

    slot: int
    name: str
    type: DataType
    valid: tuple[float, ...] = ()
    invalid: tuple[float, ...] = ()
    missing: tuple[float, ...] = ()
    intervals: tuple[Interval, ...] = ()
    on_invalid: Invalid = Invalid.RETURN_INVALID
    invalid_replacement: float = math.nan
    missing_is_invalid: bool = False
    missing_replacement: float = math.nan
    outliers: Outliers = Outliers.AS_IS
    low: float = -math.inf
    high: float = math.inf

    def evaluate(self, batch: Batch) -> Column:
        """Return the column: invalid values first, then outliers, then missing values."""
        values, faults = batch.column(self.slot)
        if self.missing:
            values = np.where(np.isin(values, self.missing), np.nan, values)
        refused = self._refused(values, faults, batch) if self.missing_is_invalid else None
        wrong = self._wrong(values, faults)
        if wrong is not None:
            values, faults = self._treat_invalid(values, faults, wrong, batch)
        if self.outliers is not Outliers.AS_IS:
            values = self._treat_outliers(values, wrong)
        return Column(self._treat_missing(values, faults), merged((faults, refused)))

    def keeps(self, values: Cells) -> bool:
        """Return whether these cells, none of them missing, are what they are after the treatments too."""
        wrong = self._wrong(values, None)
        if np.isin(values, self.missing).any() or (wrong is not None and self.on_invalid is not Invalid.AS_IS):
            return False
        return self.outliers is Outliers.AS_IS or np.array_equal(self._treat_outliers(values, wrong), values)

    def _refused(self, values: Cells, faults: Faults | None, batch: Batch) -> Faults | None:
        """Return the faults of rows without a value; one that a treatment takes away is not among them."""
        absent = np.isnan(values) if faults is None else np.isnan(values) & (faults == 0)
        return batch.faults(absent, f"field {self.name!r} cannot accept a missing value")

    def _wrong(self, values: Cells, faults: Faults | None) -> NDArray[np.bool_] | None:
        wrong = np.zeros(len(values), dtype=bool) if faults is None else faults != 0
        if self.valid or self.intervals:
            wrong |= ~(self._among_valid(values) | np.isnan(values))
        if self.invalid:
            wrong |= np.isin(values, self.invalid)
        return wrong if wrong.any() else None

    def _among_valid(self, values: Cells) -> NDArray[np.bool_]:
        good = np.isin(values, self.valid) if self.valid else np.zeros(len(values), dtype=bool)
        for interval in self.intervals:
            above = values >= interval.low if interval.low_closed else values > interval.low
            below = values <= interval.high if interval.high_closed else values < interval.high
            good |= above & below
        return good

    def _treat_invalid(
        self, values: Cells, faults: Faults | None, wrong: NDArray[np.bool_], batch: Batch
    ) -> tuple[Cells, Faults | None]:
        if self.on_invalid is Invalid.AS_IS:
            return values, faults
        if self.on_invalid is Invalid.AS_MISSING:
            return np.where(wrong, np.nan, values), None
        if self.on_invalid is Invalid.AS_VALUE:
            return np.where(wrong, self.invalid_replacement, values), None
        reason = f"field {self.name!r} cannot accept the invalid value"
        unnamed = wrong if faults is None else wrong & (faults == 0)
        return values, merged((faults, batch.faults_of_values(unnamed, values, self.type, reason)))

    def _treat_outliers(self, values: Cells, wrong: NDArray[np.bool_] | None) -> Cells:
        if self.outliers is Outliers.AS_EXTREME:
            treated = np.clip(values, self.low, self.high)
        else:
            treated = np.where((values < self.low) | (values > self.high), np.nan, values)
        return treated if wrong is None else np.where(wrong, values, treated)

    def _treat_missing(self, values: Cells, faults: Faults | None) -> Cells:
        if math.isnan(self.missing_replacement):
            return values
        absent = np.isnan(values) if faults is None else np.isnan(values) & (faults == 0)
        return np.where(absent, self.missing_replacement, values) if absent.any() else values


def _texts_of_numbers(values: Cells, batch: Batch) -> Cells:
    texts = np.empty(len(values), dtype=object)
    texts[:] = [None if math.isnan(value) else _text(value) for value in values.tolist()]
    return batch.words.encode(texts)


def _text(value: object) -> str | None:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return _number_text(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return None if isinstance(value, np.datetime64) and np.isnat(value) else str(value)


def _number_text(value: float) -> str | None:
    """Return a number as text, a whole one without a point; one that Python would not write is infinite."""
    if isinstance(value, int):
        return str(value) if abs(value) < _LARGEST_WHOLE else ("INF" if value > 0 else "-INF")
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() else java_double(value)
