"""Folds the models topic to what is wanted now, and what came before, for each data type; it admits nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streamscore_cli.core.models import ModelDescriptor
from streamscore_cli.pipeline.ports import ModelMessage

REMEMBERED = 1000
"""Distinct models remembered for each data type, to fall back to."""


ModelKey = tuple[str, str]
"""What makes two messages the same model: its sha256 (or location) and the format it is said to have."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that a data type may get: `offset` is its newest message, `version` the first one with the same bytes.

    `descriptor` is at hand for the newest candidate only; the others are read from the topic again.
    """

    offset: int
    version: int
    key: ModelKey
    descriptor: ModelDescriptor | None


def model_key(descriptor: ModelDescriptor) -> ModelKey:
    """Return what makes this model the same as another."""
    artifact = descriptor.artifact
    return (artifact.sha256, artifact.format.value) if artifact else (descriptor.location, "location")


class _Slot:
    """What the topic says of one data type: newest offset of each model (newest last), and the newest descriptor."""

    __slots__ = ("first", "newest", "offsets")

    def __init__(self) -> None:
        self.offsets: dict[ModelKey, int] = {}
        self.first: dict[ModelKey, int] = {}
        self.newest: ModelDescriptor | None = None


class Ledger:
    """The models topic, folded; written and read by the models thread only.

    The same bytes have the same version on every instance, however often they were published: the offset of their
    first message.
    """

    def __init__(self, decode: Callable[[bytes], ModelDescriptor]) -> None:
        """Take the decoder of descriptors, which raises `ModelRejected`."""
        self.decode = decode
        self._slots: dict[str, _Slot] = {}

    def add(self, message: ModelMessage) -> str | None:
        """Fold one message in and return its data type, or None for a null value. Raises `ModelRejected`."""
        if message.value is None:
            return None
        descriptor = self.decode(message.value)
        slot = self._slots.setdefault(descriptor.data_type, _Slot())
        key = model_key(descriptor)
        slot.offsets.pop(key, None)
        slot.offsets[key] = message.offset
        slot.first.setdefault(key, message.offset)
        slot.newest = descriptor
        if len(slot.offsets) > REMEMBERED:
            oldest = next(iter(slot.offsets))
            del slot.offsets[oldest], slot.first[oldest]
        return descriptor.data_type

    def candidates(self, data_type: str) -> Iterator[Candidate]:
        """Yield the models of `data_type`, newest first, each once."""
        slot = self._slots[data_type]
        newest = slot.newest
        for key, offset in reversed(list(slot.offsets.items())):
            yield Candidate(offset, slot.first[key], key, newest)
            newest = None

    def settled(self, data_type: str) -> None:
        """Let go of the newest model's bytes, once it is in service or rejected."""
        self._slots[data_type].newest = None
