"""The settings as rows that people may see: secrets are hidden here and nowhere else; it prints nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamscore_cli.config.conversion import HIDDEN
from streamscore_cli.config.durations import format_duration
from streamscore_cli.config.kafka_properties import is_secret
from streamscore_cli.config.loader import Loaded
from streamscore_cli.config.schema import PER_TOPIC, Leaf, leaves, topic_leaf
from streamscore_cli.config.settings import Settings
from streamscore_cli.config.sources import Origin, Source


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: `value` is as a settings file would have it, with secrets hidden."""

    path: str
    value: str | int | float | bool | list[str] | dict[str, str | list[str]]
    origin: Origin
    help: str

    @property
    def text(self) -> str:
        """Return the value on one line, in the form that an environment variable takes; `-` is empty."""
        match self.value:
            case bool():
                return str(self.value).lower()
            case list():
                return ",".join(self.value) or "-"
            case dict():
                return ",".join(f"{key}={_joined(item)}" for key, item in self.value.items()) or "-"
            case _:
                return str(self.value) or "-"

    @property
    def changed(self) -> bool:
        """Return whether someone gave the value."""
        return self.origin.source is not Source.DEFAULT


def rows(loaded: Loaded) -> tuple[Row, ...]:
    """Return every setting in the order of the tree, and then what data topics have of their own."""
    known = leaves()
    return tuple(
        Row(leaf.path, shown(leaf, _value(loaded.settings, leaf, topic)), origin, leaf.help)
        for path, origin in loaded.origins.items()
        for leaf, topic in [(known[path], "") if path in known else _of_topic(path)]
    )


def shown(leaf: Leaf, value: object) -> str | int | float | bool | list[str] | dict[str, str | list[str]]:
    """Return `value` as a settings file would have it, or `****` where it is secret."""
    if leaf.secret:
        return HIDDEN if value else ""
    if leaf.is_duration and isinstance(value, float):
        return format_duration(value)
    match value:
        case tuple():
            return [str(item) for item in value]
        case Mapping():
            return {name: HIDDEN if is_secret(name) else _item(item) for name, item in value.items()}
        case bool() | int() | float():
            return value
        case _:
            return str(value)


def _of_topic(path: str) -> tuple[Leaf, str]:
    topic, _, key = path.removeprefix(f"{PER_TOPIC}.").rpartition(".")
    leaf = topic_leaf(topic, key)
    if leaf is None:
        raise KeyError(path)
    return leaf, topic


def _value(settings: Settings, leaf: Leaf, topic: str) -> object:
    table = settings.record_topics[topic] if topic else getattr(settings, leaf.section)
    found: object = getattr(table, leaf.attribute)
    return found


def _item(item: object) -> str | list[str]:
    return [str(part) for part in item] if isinstance(item, tuple) else str(item)


def _joined(item: str | list[str]) -> str:
    return item if isinstance(item, str) else "|".join(item)
