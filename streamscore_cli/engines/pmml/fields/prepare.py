"""Inputs made usable: encoded, checked, missing and invalid values treated; which treatment is said by the schema."""

from __future__ import annotations

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
        if given.dtype == object:
            return self._objects(given, batch)
        values = given if given.dtype == np.float64 else given.astype(np.float64)
        source = DataType.BOOLEAN if given.dtype == np.bool_ else DataType.DOUBLE
        if self.type is DataType.DOUBLE:
            return Column(values)
        if self.type is DataType.STRING:
            return Column(_texts_of_numbers(values, batch))
        return cast(Column(values), source, self.type, batch, f"field {self.name!r}")

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
        wrong = self._wrong(values, faults)
        if wrong is not None:
            values, faults = self._treat_invalid(values, faults, wrong, batch)
        if self.outliers is not Outliers.AS_IS:
            values = self._treat_outliers(values, wrong)
        return self._treat_missing(values, faults, batch)

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

    def _treat_missing(self, values: Cells, faults: Faults | None, batch: Batch) -> Column:
        if not self.missing_is_invalid and math.isnan(self.missing_replacement):
            return Column(values, faults)
        absent = np.isnan(values)
        if faults is not None:
            absent &= faults == 0
        if not absent.any():
            return Column(values, faults)
        if self.missing_is_invalid:
            reason = f"field {self.name!r} cannot accept a missing value"
            return Column(values, merged((faults, batch.faults(absent, reason))))
        return Column(np.where(absent, self.missing_replacement, values), faults)


def _texts_of_numbers(values: Cells, batch: Batch) -> Cells:
    texts = np.empty(len(values), dtype=object)
    texts[:] = [None if math.isnan(value) else _text(value) for value in values.tolist()]
    return batch.words.encode(texts)


def _text(value: object) -> str | None:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else java_double(value)
    return str(value)
