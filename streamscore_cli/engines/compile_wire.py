"""How the process that compiles is asked and answers: fixed headers and the bytes behind them; no pickle, no code."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import Enum

from streamscore_cli.engines.pmml_guard import PmmlLimits

REQUEST = struct.Struct("<QQQ")
"""Before a document: its bytes, the bytes of memory and the seconds of the processor that compiling it may take."""

ANSWER = struct.Struct("<4sQ")
"""Before an answer: what it is (`MODEL` or `REFUSAL`) and its bytes."""

MODEL = b"PMOD"
REFUSAL = b"PREF"
MOST_REFUSAL_BYTES = 64 * 1024
IDLE_S = 5.0
"""How long the process waits for a next document before it ends by itself."""


class Kind(Enum):
    """Why there is no model; after the last two the process ends, because nothing is known of its state."""

    REJECTED = "rejected"
    UNSUPPORTED = "unsupported"
    MEMORY = "memory"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer without a model."""

    kind: Kind
    message: str = ""
    hint: str = ""

    def to_bytes(self) -> bytes:
        """Return it as JSON, short enough for the wire."""
        parts = {"kind": self.kind.value, "message": self.message[:4000], "hint": self.hint[:4000]}
        return json.dumps(parts).encode("ascii")

    @classmethod
    def of(cls, data: bytes) -> Refusal:
        """Read it; raises `ValueError` for bytes that are none."""
        try:
            parts = json.loads(data)
            return cls(Kind(parts["kind"]), str(parts["message"]), str(parts["hint"]))
        except (TypeError, KeyError, RecursionError) as problem:
            raise ValueError(str(problem)) from problem


def to_arguments(limits: PmmlLimits) -> list[str]:
    """Return the limits of documents as arguments of a command."""
    return [str(one) for one in asdict(limits).values()]


def from_arguments(arguments: list[str]) -> PmmlLimits:
    """Return the limits that were given as arguments."""
    return PmmlLimits(*map(int, arguments))
