from __future__ import annotations

import pytest

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.pipeline.ledger import REMEMBERED, Ledger
from streamscore_cli.pipeline.ports import ModelMessage


def decode(value: bytes) -> ModelDescriptor:
    """Read `data type:model`."""
    data_type, _, model = value.decode().partition(":")
    if not model:
        raise ModelRejected("It is no descriptor.")
    return ModelDescriptor(model, "", data_type, Artifact.of(ModelFormat.PMML, model.encode()))


def folded(*values: bytes | None) -> Ledger:
    ledger = Ledger(decode)
    for offset, value in enumerate(values):
        ledger.add(ModelMessage(offset, 0, None, value))
    return ledger


def names(ledger: Ledger, data_type: str) -> list[tuple[int, int]]:
    return [(candidate.offset, candidate.version) for candidate in ledger.candidates(data_type)]


def test_the_newest_message_of_a_data_type_is_wanted_first() -> None:
    ledger = folded(b"wine:a", b"beer:b", b"wine:c")
    assert names(ledger, "wine") == [(2, 2), (0, 0)]
    assert names(ledger, "beer") == [(1, 1)]


def test_the_same_bytes_keep_the_version_of_their_first_message_however_often_they_come() -> None:
    ledger = folded(b"wine:a", b"wine:b", b"wine:a", b"wine:b", b"wine:a")
    assert names(ledger, "wine") == [(4, 0), (3, 1)]


def test_only_the_newest_candidate_carries_its_bytes_and_only_until_settled() -> None:
    ledger = folded(b"wine:a", b"wine:b")
    assert [candidate.descriptor is not None for candidate in ledger.candidates("wine")] == [True, False]
    ledger.settled("wine")
    assert [candidate.descriptor is not None for candidate in ledger.candidates("wine")] == [False, False]


def test_a_null_value_is_ignored() -> None:
    assert Ledger(decode).add(ModelMessage(0, 0, b"wine", None)) is None


def test_an_undecodable_message_raises_and_changes_nothing() -> None:
    ledger = folded(b"wine:a")
    with pytest.raises(ModelRejected):
        ledger.add(ModelMessage(1, 0, None, b"junk"))
    assert names(ledger, "wine") == [(0, 0)]


def test_what_is_remembered_is_bounded() -> None:
    ledger = folded(*(f"wine:{number}".encode() for number in range(REMEMBERED + 50)))
    assert len(names(ledger, "wine")) == REMEMBERED
