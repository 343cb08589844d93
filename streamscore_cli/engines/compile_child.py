"""The process that compiles PMML documents from standard input, one after the other; it opens no file and no socket.

`python -m streamscore_cli.engines.compile_child PARENT MAX_BYTES MAX_DEPTH MAX_NODES` is started by `compile_process`.
It ends when standard input does, after some idle seconds, with its parent (Linux), and beyond a limit.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.compile_wire import (
    ANSWER,
    IDLE_S,
    MODEL,
    REFUSAL,
    REQUEST,
    Kind,
    Refusal,
    from_arguments,
)
from streamscore_cli.engines.pmml_guard import PmmlLimits

NICE = 10
OOM_SCORE = 500
"""Above that of ordinary processes: where memory ends, the system is to end this one and not the server."""

_PR_SET_PDEATHSIG = 1
_MEMORY = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS


def main() -> None:
    """Answer documents until there are no more."""
    parent, *limits = sys.argv[1:]
    _be_humble(int(parent))
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what a library prints must not be taken for an answer
        _serve(sys.stdin.buffer, answers, from_arguments(limits))


def _be_humble(parent: int) -> None:
    """Take less of the machine than others do, leave no core behind, end with the parent."""
    os.nice(NICE)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def _serve(documents: BinaryIO, answers: BinaryIO, limits: PmmlLimits) -> None:
    from streamscore_cli.engines.compile_document import compile_document  # not before this process is humble

    while select.select([documents], [], [], IDLE_S)[0]:
        header = documents.read(REQUEST.size)
        if len(header) < REQUEST.size:
            return
        size, memory_bytes, cpu_s = REQUEST.unpack(header)
        _limit(memory_bytes, cpu_s)
        try:
            body = compile_document(_read(documents, size), limits)
        except MemoryError:
            resource.setrlimit(_MEMORY, (resource.getrlimit(_MEMORY)[1],) * 2)  # the answer needs some, too
            _write(answers, REFUSAL, Refusal(Kind.MEMORY).to_bytes())
            return
        except Exception as error:  # whatever a stranger's document does to the engine, it is the document that goes
            refusal = _refusal(error)
            _write(answers, REFUSAL, refusal.to_bytes())
            if refusal.kind is Kind.FAULT:
                return
        else:
            _write(answers, MODEL, body)


def _read(documents: BinaryIO, size: int) -> bytes:
    data = documents.read(size)
    if len(data) < size:
        sys.exit(0)
    return data


def _write(answers: BinaryIO, kind: bytes, body: bytes) -> None:
    answers.write(ANSWER.pack(kind, len(body)))
    answers.write(body)
    answers.flush()


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, ModelUnsupported):
        return Refusal(Kind.UNSUPPORTED, error.message, error.hint)
    if isinstance(error, ModelRejected):
        return Refusal(Kind.REJECTED, error.message, error.hint)
    return Refusal(Kind.FAULT, f"{type(error).__name__}: {error!s:.500}")


def _limit(memory_bytes: int, cpu_s: int) -> None:
    """Limit what this process takes from now on; only the soft limits, so that the next document has its own."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until_s = math.ceil(used.ru_utime + used.ru_stime + cpu_s)
    for which, wanted in ((_MEMORY, memory_bytes), (resource.RLIMIT_CPU, until_s)):
        hard = resource.getrlimit(which)[1]
        with suppress(ValueError, OSError):  # where the system has no such limit, the parent's clock remains
            resource.setrlimit(which, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


if __name__ == "__main__":
    main()
