"""However many models come, only so many have names of their own."""

from __future__ import annotations

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.records.scored_rows import TimedRows
from streamscore_cli.sinks.naming import Named, Naming
from tests.sinks.scores import part

DAY_MS = 86_400_000


def of(number: int) -> TimedRows:
    return part([1.0], model=ModelIdentity(f"model {number}", number, ""))


def test_names_are_those_of_the_answer() -> None:
    assert Naming(DAY_MS).name(of(3), 0) == Named("wine", "pmml", "model 3", "3")


def test_a_model_from_a_file_has_no_version() -> None:
    assert Naming(DAY_MS).name(of(-1), 0).version == ""


def test_a_thousand_models_are_told_apart_and_no_more() -> None:
    naming = Naming(DAY_MS)
    names = {naming.name(of(number), number) for number in range(3000)}
    assert len(names) == 1001
    assert Named("(other)", "pmml", "(other)", "") in names
    assert naming.name(of(999), 3000).model == "model 999"


def test_what_influxdb_has_forgotten_makes_room() -> None:
    naming = Naming(DAY_MS, most=2)
    for number in (1, 2):
        naming.name(of(number), number)
    naming.name(of(1), 1000)
    assert naming.name(of(3), DAY_MS).model == "(other)"
    assert naming.name(of(3), DAY_MS + 2).model == "model 3"
    assert naming.name(of(1), DAY_MS + 2).model == "model 1"
    assert naming.name(of(2), DAY_MS + 2).model == "(other)"
