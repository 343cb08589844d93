"""Dates and times and their functions; the expected values are those of JPMML-Evaluator 1.7.7."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from tests.engines.pmml.formulas import answers, apply, constant, field, formula


@pytest.mark.parametrize(
    ("day", "year", "days"),
    [
        ("2020-01-02", 1960, 21916),
        ("1960-01-01", 1960, 0),
        ("1959-12-31", 1960, -1),
        ("0001-01-01", 1960, -715509),
        ("2020-01-02", 2003, 6210),
        ("2020-01-02", 0, 737791),
    ],
)
def test_days_since_a_year(day: str, year: int, days: int) -> None:
    assert answers(apply("dateDaysSinceYear", field("d"), constant(year)), d=[day, None]) == [days, "fails"]
    assert answers(apply("dateDaysSinceYear", field("s"), constant(year)), s=[day, "xx"]) == [days, "fails"]
    assert answers(apply("dateDaysSinceYear", field("m"), constant(year)), m=[f"{day}T12:00:00"]) == [days]


@given(st.dates(), st.integers(1, 9999))
@settings(max_examples=40, deadline=None)
def test_days_since_any_year(day: dt.date, year: int) -> None:
    expected = (day - dt.date(year, 1, 1)).days
    assert answers(apply("dateDaysSinceYear", field("d"), constant(year)), d=[day.isoformat()]) == [expected]


@pytest.mark.parametrize(
    ("moment", "year", "seconds"),
    [
        ("2020-01-02T03:04:05", 1960, 1893553445),
        ("2020-01-02T03:04:05.9999", 1960, 1893553445),
        ("2020-01-02T03:04", 1960, 1893553440),
        ("2020-01-02T03:04:05", 2003, 536555045),
        ("1959-12-31T23:59:59.5", 1960, 0),
        ("1959-12-31T23:59:58.5", 1960, -1),
        ("1959-12-31T12:00:00", 1960, -43200),
        ("2020-01-02T00:00:00", 1800, "fails"),
        ("2020-02-29T23:59:59.999999999", 1970, 1583020799),
    ],
)
def test_seconds_since_a_year(moment: str, year: int, seconds: object) -> None:
    assert answers(apply("dateSecondsSinceYear", field("m"), constant(year)), m=[moment]) == [seconds]
    assert answers(apply("dateSecondsSinceYear", field("s"), constant(year)), s=[moment]) == [seconds]


@pytest.mark.parametrize(("time", "seconds"), [("13:04:05", 47045), ("13:04", 47040), ("13:04:05.5", 47045)])
def test_seconds_since_midnight(time: str, seconds: int) -> None:
    expression = apply("dateSecondsSinceMidnight", field("t"))
    assert answers(expression, t=[time, None]) == [seconds, "fails"]
    assert answers(expression.replace('"t"', '"m"'), m=[f"1959-12-31T{time}"]) == [seconds]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("d", ["2020-1-2", "20200102", "2020-02-30", "01/02/2020", " 2020-01-02", "2020-01-02T03:04:05", "2020-W01-1"]),
        ("t", ["1:02:03", "24:00:00", "13:04:05Z", "T13:04:05", "13", "25:00:00"]),
        ("m", ["2020-01-02", "2020-01-02 03:04:05", "2020-01-02T03:04:05Z", "2020-01-02T24:00:00", "2020-01-02T03"]),
        ("m", ["2020-01-02T03:04:05+02:00", "2020-01-02T03:04:05,5", "2021-02-29T00:00:00"]),
    ],
)
def test_other_notations_are_invalid(name: str, texts: list[str]) -> None:
    assert answers(field(name), **{name: texts}) == ["fails"] * len(texts)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%Y-%m-%d", "2020-01-02"),
        ("%m/%d/%y", "01/02/20"),
        ("%j", "002"),
        ("%A %a %B %b %h", "Thursday Thu January Jan Jan"),
        ("%e %D %F %C", "2 01/02/20 2020-01-02 20"),
        ("100%%, yyyy", "100%, yyyy"),
    ],
)
def test_dates_are_formatted_as_java_formats_them(pattern: str, text: str) -> None:
    assert answers(apply("formatDatetime", field("d"), constant(pattern)), d=["2020-01-02", None]) == [text, "fails"]
    assert answers(apply("formatDatetime", field("m"), constant(pattern)), m=["2020-01-02T03:04:05"]) == [text]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("%H:%M:%S", "13:04:05"), ("%I %p", "01 pm"), ("%T %R", "13:04:05 13:04"), ("%k %l", "13 1")],
)
def test_times_are_formatted_as_java_formats_them(pattern: str, text: str) -> None:
    assert answers(apply("formatDatetime", field("t"), constant(pattern)), t=["13:04:05"]) == [text]
    assert answers(apply("formatDatetime", field("m"), constant(pattern)), m=["1960-01-02T13:04:05.7"]) == [text]


@pytest.mark.parametrize(
    "expression",
    [
        apply("formatDatetime", field("d"), constant("%H")),
        apply("formatDatetime", field("t"), constant("%Y")),
        apply("formatDatetime", field("m"), constant("%s")),
        apply("formatDatetime", field("m"), constant("%")),
        apply("formatDatetime", field("m"), field("s")),
        apply("formatDatetime", field("s"), constant("%Y")),
        apply("dateSecondsSinceYear", field("d"), constant(1960)),
        apply("dateSecondsSinceMidnight", field("d")),
        apply("-", field("d"), field("d")),
        apply("lessThan", field("d"), constant(5)),
    ],
)
def test_what_has_no_meaning_for_a_type_is_refused(expression: str) -> None:
    with pytest.raises(ModelUnsupported):
        compile_pmml(formula(expression))


def test_constants_beside_dates_are_dates() -> None:
    before = apply("lessThan", field("d"), constant("2020-01-01"))
    assert answers(before, d=["2019-12-31", "2020-01-01"]) == [True, False]
    among = apply("isIn", field("d"), constant("2019-01-01"), constant("2020-01-01", "date"))
    assert answers(among, d=["2020-01-01", "2020-01-02", None]) == [True, False, False]


def test_a_date_time_has_a_date_and_a_time() -> None:
    moment = ["1959-12-31T13:04:05", None]
    categorical = 'optype="categorical" dataType='
    derived = "".join(
        f'<DerivedField name="{kind}" {categorical}"{kind}">{field("m")}</DerivedField>' for kind in ("date", "time")
    )
    assert answers(field("date"), derived, m=moment) == ["1959-12-31", None]
    assert answers(field("time"), derived, m=moment) == ["13:04:05", None]
