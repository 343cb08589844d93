"""A PMML document to the bytes of a compiled model, checked on the way; in which process is not its matter."""

from __future__ import annotations

from streamscore_cli.core.errors import ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.engine import HINT
from streamscore_cli.engines.pmml.store import save
from streamscore_cli.engines.pmml_guard import PmmlLimits, check_pmml


def compile_document(data: bytes, limits: PmmlLimits) -> bytes:
    """Return a document's model as the engine's store writes it, after the model's own verification.

    Raises `ModelRejected` or `ModelUnsupported`.
    """
    check_pmml(data, limits)
    try:
        return save(compile_pmml(data))
    except ModelUnsupported as error:
        raise ModelUnsupported(error.message, HINT) from None
