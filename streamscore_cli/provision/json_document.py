"""JSON of somebody else's API, read with care: what is not there or of another kind is empty; it fetches nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeGuard

Document = Mapping[str, object]


def part(document: object, key: str) -> Document:
    """Return the object under `key`, empty where there is none."""
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def text(document: object, key: str) -> str:
    """Return the text under `key`, empty where there is none."""
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, str) else ""


def number(document: object, key: str) -> int | None:
    """Return the integer under `key`, None where there is none."""
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def flag(document: object, key: str) -> bool:
    """Tell whether there is a true under `key`."""
    return isinstance(document, Mapping) and document.get(key) is True


def differences(found: object, wanted: object, ignored: Collection[str] = (), path: str = "") -> Iterator[str]:
    """Yield the paths at which `found` does not have what `wanted` has; what it has besides does not count.

    Objects are compared key by key without the `ignored` keys, arrays place by place and in length. A null in `wanted`
    fits where nothing was found.
    """
    if isinstance(wanted, Mapping):
        inside = found if isinstance(found, Mapping) else {}
        for key, value in wanted.items():
            if key not in ignored:
                yield from differences(inside.get(key), value, ignored, f"{path}.{key}" if path else key)
    elif _is_array(wanted) and _is_array(found) and len(found) == len(wanted):
        for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
            yield from differences(one, other, ignored, f"{path}[{place}]")
    elif found != wanted:
        yield path


def _is_array(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
