"""The settings tree as a flat list of leaves: path, type, default, help, names; it reads no values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints

from streamscore_cli.config.settings import RecordSettings, Settings

PREFIX = "STREAMSCORE_"
PER_TOPIC = "record_topics"
"""The table of tables: `[record_topics.orders]` holds what differs from `[records]` for the data topic `orders`."""
WEAK_NAMES = frozenset({"HOSTNAME"})
"""Variables that every machine sets: they stand below the settings file."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting; `attribute` is its name in the tree, `name` the one in files, without the unit."""

    section: str
    attribute: str
    annotation: Any
    default: Any
    help: str
    other_env: tuple[str, ...]
    secret: bool

    @property
    def name(self) -> str:
        """Return the key in a settings file: durations carry their unit in the value, not in the name."""
        return self.attribute.removesuffix("_s") if self.is_duration else self.attribute

    @property
    def path(self) -> str:
        """Return `section.name`, the name of the setting everywhere but in code."""
        return f"{self.section}.{self.name}"

    @property
    def is_duration(self) -> bool:
        """Return whether the value is a time in seconds."""
        return self.annotation is float and self.attribute.endswith("_s")

    @property
    def env(self) -> tuple[str, ...]:
        """Return the environment's names of it, the regular one first."""
        return (f"{PREFIX}{self.section}_{self.name}".upper(), *self.other_env)

    @property
    def file_env(self) -> tuple[str, ...]:
        """Return the environment's names for a file that holds the value: secrets only."""
        return tuple(f"{name}_FILE" for name in self.env) if self.secret else ()


@cache
def leaves() -> Mapping[str, Leaf]:
    """Return every setting by its path, in the order of the tree."""
    found: dict[str, Leaf] = {}
    for section in fields(Settings):
        if section.name != PER_TOPIC:
            found.update((leaf.path, leaf) for leaf in _leaves_of(section.name, _hints(Settings)[section.name]))
    return MappingProxyType(found)


def topic_leaf(topic: str, key: str) -> Leaf | None:
    """Return the leaf `key` of `[record_topics.topic]`, or None where there is no such setting."""
    section = f"{PER_TOPIC}.{topic}"
    return next((leaf for leaf in _leaves_of(section, RecordSettings) if leaf.name == key), None)


def section_names() -> tuple[str, ...]:
    """Return the tables of a settings file."""
    return tuple(section.name for section in fields(Settings))


def did_you_mean(unknown: str, known: tuple[str, ...], otherwise: str) -> str:
    """Return a hint that names the nearest of `known`, or `otherwise`; what all variables begin with is no likeness."""
    by_end = {name.removeprefix(PREFIX): name for name in known}
    near = [by_end[end] for end in get_close_matches(unknown.removeprefix(PREFIX), list(by_end), n=1)]
    if not near:
        last = unknown.rpartition(".")[2]
        near = [name for name in known if name.rpartition(".")[2] == last][:1]
    return f"Did you mean {near[0]}?" if near else otherwise


def _leaves_of(section: str, owner: type) -> tuple[Leaf, ...]:
    hints = _hints(owner)
    defaults = owner()
    return tuple(
        Leaf(
            section=section,
            attribute=field.name,
            annotation=hints[field.name],
            default=getattr(defaults, field.name),
            help=field.metadata["help"],
            other_env=field.metadata["env"],
            secret=field.metadata["secret"],
        )
        for field in fields(owner)
    )


@cache
def _hints(owner: type) -> dict[str, Any]:
    return get_type_hints(owner)
