"""Values as files, variables and options give them, to the types of the tree; where they come from is told to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any, get_args, get_origin

from streamscore_cli.config.addresses import checked_url, normalise_host
from streamscore_cli.config.durations import parse_duration
from streamscore_cli.config.schema import Leaf
from streamscore_cli.core.errors import SettingsError

HIDDEN = "****"
LIMITS: Mapping[str, tuple[int, int | None]] = {
    "topics.partitions": (1, None),
    "topics.replication_factor": (-1, 32767),
    "scoring.batch_records": (1, None),
    "checkpoint.records": (1, None),
    "models.max_bytes": (1, None),
    "models.max_depth": (1, None),
    "models.max_nodes": (1, None),
    "models.compile_memory": (0, None),
    "models.cache_size": (0, None),
    "model_server.port": (0, 65535),
    "grafana.port": (1, 65535),
    "influxdb.port": (1, 65535),
}
CHOICES: Mapping[str, tuple[str, ...]] = {"log.level": ("debug", "info", "warning", "error")}
HOSTS = frozenset({"host", "advertised_host"})
URLS = frozenset({"grafana.influxdb_url", "grafana.prometheus_url", "traces.endpoint"})
SHORTEST_VECTOR = 2
YES = frozenset({"true", "yes", "on", "1"})
NO = frozenset({"false", "no", "off", "0"})
PAIR_BORDER = re.compile(r",(?=[^,=]+=)")


class Unfit(ValueError):
    """A value that does not fit; the text says what is wanted."""


def convert(leaf: Leaf, value: object, origin: str) -> object:
    """Return `value` with the type of `leaf`.

    Text is read for every type: lists as `a,b`, maps as `key=value,key=value`, lists inside maps as `key=a|b`.
    Raises SettingsError naming the path, the value, what is wanted and `origin`.
    """
    try:
        return _fit(leaf, _converter(leaf)(value))
    except Unfit as wanted:
        shown = HIDDEN if leaf.secret or _may_hold_secrets(leaf) else repr(value)
        raise SettingsError(f"{leaf.path} = {shown} (from {origin}): wanted {wanted}.") from None
    except SettingsError as error:
        raise SettingsError(f"{leaf.path} (from {origin}): {error.message}", error.hint) from None


def _may_hold_secrets(leaf: Leaf) -> bool:
    """Tell whether a value is a table that passes properties, passwords among them, through to the client."""
    return leaf.section == "kafka" and leaf.attribute != "brokers"


def _converter(leaf: Leaf) -> Callable[[object], object]:
    if leaf.is_duration:
        return _duration
    if leaf.name in HOSTS:
        return lambda value: normalise_host(_text(value))
    if leaf.path in URLS:
        return lambda value: checked_url("it", _text(value))
    if isinstance(leaf.annotation, type) and issubclass(leaf.annotation, Enum):
        kind = leaf.annotation
        return lambda value: _choice(kind, value)
    origin = get_origin(leaf.annotation)
    if origin is Mapping:
        convert_item = ITEMS.get(get_args(leaf.annotation)[1], _name_or_names)
        return lambda value: _map(value, convert_item)
    return _list if origin is tuple else CONVERTERS[leaf.annotation]


def _fit(leaf: Leaf, value: object) -> object:
    if leaf.path in LIMITS and isinstance(value, int):
        low, high = LIMITS[leaf.path]
        if value < low or (high is not None and value > high):
            raise Unfit(f"{low} or more" if high is None else f"{low} to {high}")
    if leaf.path in CHOICES and isinstance(value, str):
        if value.lower() not in CHOICES[leaf.path]:
            raise Unfit(" or ".join(CHOICES[leaf.path]))
        return value.lower()
    return value


def _text(value: object) -> str:
    if isinstance(value, str | PurePath):
        return str(value)
    raise Unfit("text")


def _whole_number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d[\d_]*", value.strip()):
        return int(value)
    raise Unfit("a whole number")


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(_text(value))
    except ValueError:
        raise Unfit("a number") from None


def _yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in YES | NO:
        return value.strip().lower() in YES
    raise Unfit("true or false")


def _duration(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unfit("a duration, such as '500 ms' or '5 minutes'")
    return parse_duration(value)


def _choice(kind: type[Enum], value: object) -> Enum:
    if isinstance(value, kind):
        return value
    by_name = {str(member.value): member for member in kind}
    found = by_name.get(value.strip().lower().replace("_", "-")) if isinstance(value, str) else None
    if found is None:
        raise Unfit(" or ".join(by_name))
    return found


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in (part.strip() for part in value.split(",")) if part)
    if isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise Unfit("a list of texts")


def _map(value: object, convert_item: Callable[[object], Any]) -> dict[str, Any]:
    if isinstance(value, str):
        value = dict(_pair(part) for part in PAIR_BORDER.split(value) if part.strip())
    if not isinstance(value, Mapping):
        raise Unfit("a table of key = value")
    return {key: convert_item(item) for key, item in _flat(value)}


def _pair(text: str) -> tuple[str, object]:
    key, equals, item = text.partition("=")
    if not equals or not key.strip():
        raise Unfit("key=value, separated by commas")
    return key.strip(), item.strip()


def _flat(table: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Return the pairs of a table; TOML reads an unquoted `security.protocol` as a table in a table."""
    pairs: list[tuple[str, object]] = []
    for key, item in table.items():
        pairs += _flat(item, f"{prefix}{key}.") if isinstance(item, Mapping) else [(f"{prefix}{key}", item)]
    return pairs


def _property(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise Unfit("texts, numbers or booleans as the values")


def _length(value: object) -> int:
    length = _whole_number(value)
    if length < SHORTEST_VECTOR:
        raise Unfit(f"{SHORTEST_VECTOR} or more as the values")
    return length


def _name_or_names(value: object) -> str | tuple[str, ...]:
    if isinstance(value, str):
        parts = tuple(part.strip() for part in value.split("|"))
        return parts if len(parts) > 1 else value
    if isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise Unfit("names or lists of names as the values")


CONVERTERS: Mapping[Any, Callable[[object], object]] = {
    str: _text,
    int: _whole_number,
    float: _number,
    bool: _yes_or_no,
}
ITEMS: Mapping[Any, Callable[[object], Any]] = {str: _property, int: _length}
"""What reads the values of a table, by their type."""
