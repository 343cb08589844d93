"""All sources of settings merged into the one tree: flags > environment > file > defaults; it prints nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from streamscore_cli.config.conversion import convert
from streamscore_cli.config.kafka_properties import with_secrets
from streamscore_cli.config.schema import PER_TOPIC, Leaf, did_you_mean, leaves
from streamscore_cli.config.settings import Settings
from streamscore_cli.config.sources import SEE_ALL, Given, Origin, Source, of_environment, of_file
from streamscore_cli.core.errors import SettingsError

DEFAULT = Origin(Source.DEFAULT)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, the origin of each by its path, and what the user should be told once."""

    settings: Settings
    origins: Mapping[str, Origin]
    warnings: tuple[str, ...] = ()


def load(
    file: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object],
    *,
    also_known: Collection[str] = (),
) -> Loaded:
    """Return the settings from `file` (see `sources.find_file`), `environ` and `overrides`, the last the strongest.

    `overrides` are values by the path of their setting ("kafka.brokers"), None where an option was not given.
    `also_known` are environment variables with our prefix that are no settings.
    Raises SettingsError for an unknown name and for a value that does not fit, naming where it came from.
    """
    strong, weak, warnings = of_environment(environ, also_known)
    layers = (weak, of_file(file) if file else [], strong, _of_overrides(overrides))
    values: dict[tuple[str, str], object] = {}
    origins = dict.fromkeys(leaves(), DEFAULT)
    for given in (given for layer in layers for given in layer):
        value = convert(given.leaf, given.value, str(given.origin))
        values[given.leaf.section, given.leaf.attribute] = _completed(given, value)
        origins[given.leaf.path] = given.origin
    return Loaded(_tree(values), origins, tuple(warnings))


def _of_overrides(overrides: Mapping[str, object]) -> Iterable[Given]:
    by_name = {name: leaf for leaf in leaves().values() for name in (leaf.path, f"{leaf.section}.{leaf.attribute}")}
    for name, value in overrides.items():
        if value is not None:
            yield Given(_known(name, by_name), value, Origin(Source.FLAG))


def _known(name: str, by_name: Mapping[str, Leaf]) -> Leaf:
    if name not in by_name:
        raise SettingsError(f"{name} is no setting.", did_you_mean(name, tuple(leaves()), SEE_ALL))
    return by_name[name]


def _completed(given: Given, value: object) -> object:
    if given.leaf.section == "kafka" and isinstance(value, dict):
        return with_secrets(value, str(given.origin))
    return value


def _tree(values: Mapping[tuple[str, str], object]) -> Settings:
    tables: dict[str, dict[str, Any]] = {}
    for (section, attribute), value in values.items():
        tables.setdefault(section, {})[attribute] = value
    plain: dict[str, Any] = {
        section.name: replace(getattr(Settings(), section.name), **tables.get(section.name, {}))
        for section in fields(Settings)
        if section.name != PER_TOPIC
    }
    head = f"{PER_TOPIC}."
    per_topic = {
        section.removeprefix(head): replace(plain["records"], **table)
        for section, table in tables.items()
        if section.startswith(head)
    }
    return Settings(**plain, record_topics=per_topic)
