"""What compiling a PMML document may take, and what is said where it took more; it measures and ends nothing."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.compile_wire import Kind, Refusal
from streamscore_cli.engines.pmml_guard import PmmlLimits

CLOCK_OF_CPU = 5
"""How many times its seconds of the processor a compilation may take on the clock: scoring goes first."""

BASE_BYTES = 256 * 1024 * 1024
BYTES_OF_DOCUMENT = 24
"""The memory that compiling may take unless it is given: so much at all, and so many times the document."""

MORE_TIME = "Raise models.compile_timeout if it is meant to be so large."


@dataclass(frozen=True, slots=True)
class CompileLimits:
    """How large a document may be, and what compiling it may take: seconds of the processor, bytes (0: by its size)."""

    documents: PmmlLimits = field(default_factory=PmmlLimits)
    cpu_s: float = 120.0
    memory_bytes: int = 0

    @property
    def clock_s(self) -> float:
        """Return how long it may take on the clock."""
        return self.cpu_s * CLOCK_OF_CPU

    def memory_for(self, document_bytes: int) -> int:
        """Return the bytes of memory for a document."""
        return self.memory_bytes or BASE_BYTES + BYTES_OF_DOCUMENT * document_bytes

    def refused(self, refusal: Refusal, document_bytes: int) -> ModelRejected:
        """Return the error for what the process answered."""
        if refusal.kind is Kind.UNSUPPORTED:
            return ModelUnsupported(refusal.message, refusal.hint)
        if refusal.kind is Kind.REJECTED:
            return ModelRejected(refusal.message, refusal.hint)
        if refusal.kind is Kind.FAULT:
            return ModelRejected(f"The engine cannot load it: {refusal.message}")
        return ModelRejected(
            f"Compiling it takes more than {self.memory_for(document_bytes):,} bytes of memory.",
            "Raise models.compile_memory if it is meant to be so large.",
        )

    def too_late(self) -> ModelRejected:
        """Return the error for a process that did not answer in time."""
        return ModelRejected(f"Compiling it took more than {self.clock_s:g} s.", MORE_TIME)

    def ended(self, exit_code: int, complaints: str) -> ModelRejected:
        """Return the error for a process that ended without an answer; `complaints` is what it said of it."""
        if exit_code == -signal.SIGXCPU:
            return ModelRejected(f"Compiling it took more than {self.cpu_s:g} s of the processor.", MORE_TIME)
        if exit_code == -signal.SIGKILL:
            return ModelRejected(
                "The process that compiled it was killed, as the system does where memory ends.",
                "Give the machine or the container more memory, or publish a smaller model.",
            )
        how = f"exit code {exit_code}" if exit_code >= 0 else f"signal {-exit_code}"
        said = f": {complaints}" if complaints else ""
        return ModelRejected(f"The process that compiled it ended with {how}{said}.")
