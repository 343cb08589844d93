"""TensorFlow itself, imported on first use; it holds no model."""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any, TypeAlias

from streamscore_cli.core.errors import MissingDependency

TensorFlow: TypeAlias = Any
"""The module tensorflow, or an object of it that has no types."""

_LOCK = threading.Lock()
_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # the same bits on every machine, and one line less on standard error
}


def import_tensorflow() -> TensorFlow:
    """Return the module; the first call takes seconds, sets the environment names that quieten it, and is serialised.

    Raises `MissingDependency` where the extra is not installed.
    """
    with _LOCK:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import tensorflow
        except ImportError as error:
            raise MissingDependency(
                f"TensorFlow models need TensorFlow, and '{error.name}' is not installed.",
                "Run: pip install 'streamscore[tensorflow]'",
            ) from None
        return tensorflow
