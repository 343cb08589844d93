"""Values as JSON text for `--json`; it needs no console, and knows no value by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import PurePath


def to_json(value: object, *, indent: bool = True) -> str:
    """Return `value` as JSON text; dataclasses become objects, enumerations their values."""
    return json.dumps(value, indent=2 if indent else None, ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
