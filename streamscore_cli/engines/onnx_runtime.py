"""ONNX Runtime itself, imported on first use, and how much of the machine it may take; it holds no model."""

from __future__ import annotations

import threading
from typing import Any, TypeAlias

from streamscore_cli.core.errors import MissingDependency

OnnxRuntime: TypeAlias = Any
"""The module onnxruntime, or an object of it that has no types."""

MAX_ARENA_BYTES = 1 << 30
"""Memory for the tensors of all ONNX models together: a batch beyond it fails, and the process goes on."""

_SILENT = 4
# By what is asked for (1), every larger batch would leave a region behind that nothing else fits into.
_GROWS_BY_DOUBLING = 0
_LOCK = threading.Lock()
_ready: list[OnnxRuntime] = []


def import_onnx_runtime() -> OnnxRuntime:
    """Return the module; the first call quietens it and sets up the memory that all sessions share.

    Raises `MissingDependency` where the extra is not installed.
    """
    with _LOCK:
        if _ready:
            return _ready[0]
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDependency(
                f"ONNX models need ONNX Runtime, and '{error.name}' is not installed.",
                "Run: pip install 'streamscore[onnx]'",
            ) from None
        onnxruntime.set_default_logger_severity(_SILENT)
        onnxruntime.disable_telemetry_events()
        arena = onnxruntime.OrtArenaCfg({"max_mem": MAX_ARENA_BYTES, "arena_extend_strategy": _GROWS_BY_DOUBLING})
        kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
        memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
        onnxruntime.create_and_register_allocator(memory, arena)
        _ready.append(onnxruntime)
        return onnxruntime


def session_options(ort: OnnxRuntime) -> OnnxRuntime:
    """Return options for a model that is scored in the caller's thread: one thread, no spinning, nothing logged.

    A second thread costs more processor time for every size of batch, and Kafka's own threads want that core.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _SILENT
    # A pattern of memory is kept for every size of batch that ever came: thousands of sizes do come.
    options.enable_mem_pattern = False
    for name, value in (
        ("session.intra_op.allow_spinning", "0"),
        ("session.inter_op.allow_spinning", "0"),
        ("session.use_env_allocators", "1"),
        ("session.load_model_format", "ONNX"),
    ):
        options.add_session_config_entry(name, value)
    return options
