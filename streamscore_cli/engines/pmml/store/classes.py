"""Which classes a compiled program can consist of: found by the types of their fields, from Program on.

Nothing is registered by hand: a class of the engine that a field of another can hold is among them.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import get_type_hints

import streamscore_cli.engines.pmml as package
from streamscore_cli.engines.pmml.program import Program
from streamscore_cli.engines.pmml.store.hints import Fits, Makers, Seen, fits_of, has_all, is_protocol, leaves

_OUTSIDE = {"compile", "document", "engine", "fast", "model", "store", "verification"}
"""Parts of the engine whose classes are in no program."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A class, the names of its fields in order, and what tells whether a value fits each of them."""

    kind: type
    names: tuple[str, ...]
    fits: tuple[Fits, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """All classes and enumerations that a program can consist of, by name and the other way round.

    `problems`: fields whose type has no form in the store; a program with such a field cannot be saved.
    """

    classes: dict[str, Stored]
    enums: dict[str, type[Enum]]
    names: dict[type, str]
    problems: tuple[str, ...]


@cache
def registry() -> Registry:
    """Return the registry, made at the first call."""
    candidates = every_dataclass()

    @cache
    def makers(protocol: type) -> tuple[type, ...]:
        return tuple(one for one in candidates if has_all(one, protocol))

    classes: dict[str, Stored] = {}
    enums: dict[str, type[Enum]] = {}
    problems: list[str] = []
    reached: dict[type, None] = {Program: None}
    waiting: list[type] = [Program]
    while waiting:
        kind = waiting.pop()
        hints = get_type_hints(kind)
        held = [one for hint in hints.values() for one in leaves(hint)]
        enums.update({name_of(one): one for one in held if issubclass(one, Enum)})
        fresh = [one for one in _held_classes(held, makers) if one not in reached]
        reached.update(dict.fromkeys(fresh))
        waiting += dict.fromkeys(fresh)
        names = tuple(one.name for one in fields(kind))
        fits = [fits_of(hints[name], makers) for name in names]
        problems += [f"{name_of(kind)}.{name}" for name, fit in zip(names, fits, strict=True) if fit is None]
        classes[name_of(kind)] = Stored(kind, names, tuple(_nothing if fit is None else fit for fit in fits))
    named: dict[type, str] = {kind: name_of(kind) for kind in (*reached, *enums.values())}
    return Registry(classes, enums, named, tuple(problems))


def every_dataclass() -> tuple[type, ...]:
    """Return the dataclasses of those parts of the engine that a program can have classes of."""
    return tuple(one for module in _modules() for one in _dataclasses(module))


@cache
def engine_digest() -> bytes:
    """Return 32 bytes that change with every change of the engine's own code: what it compiles may change with it."""
    digest = hashlib.sha256()
    for info in sorted(pkgutil.walk_packages(package.__path__, package.__name__ + "."), key=lambda one: one.name):
        spec = find_spec(info.name)
        source = getattr(spec.loader, "get_source", None) if spec is not None else None
        digest.update(info.name.encode())
        digest.update((source(info.name) or "").encode() if source is not None else b"")
    return digest.digest()


def name_of(kind: type) -> str:
    """Return the name of a class of the engine in the store."""
    return f"{kind.__module__.removeprefix(package.__name__ + '.')}.{kind.__qualname__}"


def _held_classes(held: list[type], makers: Makers) -> Iterator[type]:
    for one in held:
        if is_protocol(one):
            yield from makers(one)
        elif is_dataclass(one):
            yield one


def _nothing(value: object, seen: Seen) -> bool:
    del value, seen
    return False


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(package.__path__):
        if info.name in _OUTSIDE:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        yield module
        if info.ispkg:
            for inner in pkgutil.walk_packages(module.__path__, module.__name__ + "."):
                yield importlib.import_module(inner.name)


def _dataclasses(module: ModuleType) -> Iterator[type]:
    for one in vars(module).values():
        if isinstance(one, type) and is_dataclass(one) and one.__module__ == module.__name__:
            yield one
