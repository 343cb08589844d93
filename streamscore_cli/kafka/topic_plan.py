"""Which topics there should be, and what that asks of those that are; pure values and rules, it talks to no broker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import SettingsError

MODELS_MESSAGE_BYTES = 64 * 1024 * 1024
DEAD_LETTER_SLACK_BYTES = 64 * 1024
DEFAULT_MESSAGE_BYTES = 1_048_588
"""What a topic takes unless it or its broker says otherwise (Kafka's message.max.bytes)."""

_DAY_MS = 24 * 60 * 60 * 1000
_STATUS = {
    "cleanup.policy": "compact,delete",
    "retention.ms": str(_DAY_MS),
    "segment.ms": str(10 * 60 * 1000),
    "segment.bytes": str(16 * 1024 * 1024),
}
_KEPT = {"cleanup.policy": "delete", "retention.ms": "-1"}

SHOWN_CONFIGS = ("cleanup.policy", "retention.ms", "max.message.bytes")
"""The settings of a topic that a person wants to see."""


class TopicRole(StrEnum):
    """What a topic is for."""

    DATA = "data"
    MODELS = "models"
    SCORES = "scores"
    DEAD_LETTERS = "dead letters"
    STATUS = "status"
    EVENTS = "events"


class Action(StrEnum):
    """What is to be done about a topic."""

    OK = "ok"
    CREATE = "create"
    GROW = "grow"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is: partitions, replicas and its settings, the broker's defaults included."""

    name: str
    partitions: int
    replicas: int
    configs: Mapping[str, str]

    @property
    def max_message_bytes(self) -> int:
        """Return the largest message that the topic takes."""
        return int(self.configs.get("max.message.bytes", DEFAULT_MESSAGE_BYTES))


@dataclass(frozen=True, slots=True)
class TopicWanted:
    """A topic as it should be; `fixed` partitions must be exactly that many, others at least."""

    name: str
    role: TopicRole
    partitions: int
    fixed: bool = False
    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What is to be done about one topic; `differences` say in words what cannot be made right by itself."""

    name: str
    role: TopicRole
    action: Action
    partitions: int
    replication_factor: int
    configs: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()


def plan_topics(settings: Settings, found: Mapping[str, TopicState]) -> tuple[TopicPlan, ...]:
    """Compare the topics that the settings ask for with those found.

    Patterns of data topics make none, but the topics found that they match are data topics, too.
    """
    return tuple(
        _plan_one(wanted, found.get(wanted.name), settings.topics.replication_factor)
        for wanted in _wanted_topics(settings, found)
    )


def planned_names(settings: Settings, existing: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names of all topics that the settings ask for, those of `existing` that patterns match included.

    Raises `SettingsError` for a pattern that is no regular expression.
    """
    named = {wanted.name: None for wanted in _wanted_topics(settings, {})}
    return tuple(dict.fromkeys([*named, *_data_topics(settings, existing)]))


def is_pattern(data_topic: str) -> bool:
    """Tell whether an entry of topics.data is a regular expression of names."""
    return data_topic.startswith("^")


def own_topics(settings: Settings) -> tuple[str, ...]:
    """Return the names of the topics that are written, not scored; no pattern of data topics may match them."""
    topics = settings.topics
    results = {records.results for records in (settings.records, *settings.record_topics.values())} - {""}
    return (topics.models, topics.scores, topics.dead_letters, topics.status, topics.events, *sorted(results))


def check_patterns(settings: Settings) -> None:
    """Raise `SettingsError` for a pattern of data topics that matches a topic of ours: results would be scored."""
    for pattern in filter(is_pattern, settings.topics.data):
        for name in own_topics(settings):
            if _compiled(pattern).search(name):
                wrong = (
                    f"The pattern {pattern} in topics.data matches the topic {name}, which streamscore writes itself."
                )
                raise SettingsError(wrong, "Make the pattern narrower, or name the data topics.")


def _data_topics(settings: Settings, existing: Iterable[str]) -> list[str]:
    """Return the named data topics and those of `existing` that a pattern matches; never ours nor Kafka's own."""
    names = [name for name in settings.topics.data if not is_pattern(name)]
    patterns = [_compiled(pattern) for pattern in filter(is_pattern, settings.topics.data)]
    excluded = {*names, *own_topics(settings)}
    matched = {
        name
        for name in existing
        if name not in excluded and not name.startswith("__") and any(pattern.search(name) for pattern in patterns)
    }
    return [*names, *sorted(matched)]


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"The pattern {pattern} in topics.data is no regular expression: {error}.") from error


def _wanted_topics(settings: Settings, found: Mapping[str, TopicState]) -> list[TopicWanted]:
    topics = settings.topics
    data = _data_topics(settings, found)
    sizes = {name: found[name].partitions if name in found else topics.partitions for name in data}
    results: dict[str, int] = {topics.scores: 1 if data else topics.partitions}
    for name in data:
        target = settings.records_of(name).results or topics.scores
        results[target] = max(results.get(target, 1), sizes[name])
    if any(map(is_pattern, topics.data)):  # topics that may come have results topics, too
        for records in (settings.records, *settings.record_topics.values()):
            results.setdefault(records.results or topics.scores, topics.partitions)
    largest = max((found[name].max_message_bytes for name in data if name in found), default=DEFAULT_MESSAGE_BYTES)
    letters = {"max.message.bytes": str(largest + DEAD_LETTER_SLACK_BYTES)}
    models = {**_KEPT, "max.message.bytes": str(MODELS_MESSAGE_BYTES)}
    return [
        *(TopicWanted(name, TopicRole.DATA, sizes[name]) for name in data),
        TopicWanted(topics.models, TopicRole.MODELS, 1, fixed=True, configs=models),
        *(TopicWanted(name, TopicRole.SCORES, size) for name, size in results.items()),
        TopicWanted(topics.dead_letters, TopicRole.DEAD_LETTERS, 1, configs=letters),
        TopicWanted(topics.status, TopicRole.STATUS, 1, fixed=True, configs=_STATUS),
        TopicWanted(topics.events, TopicRole.EVENTS, 1, fixed=True, configs=_KEPT),
    ]


def _plan_one(wanted: TopicWanted, state: TopicState | None, replication_factor: int) -> TopicPlan:
    differences = _differences(wanted, state) if state else ()
    partitions = max(wanted.partitions, state.partitions if state and not wanted.fixed else 0)
    if state is None:
        action = Action.CREATE
    elif differences:
        action = Action.DIFFERS
    else:
        action = Action.GROW if state.partitions < partitions else Action.OK
    return TopicPlan(wanted.name, wanted.role, action, partitions, replication_factor, wanted.configs, differences)


def _differences(wanted: TopicWanted, state: TopicState) -> tuple[str, ...]:
    found = []
    if wanted.fixed and state.partitions != wanted.partitions:
        found.append(f"partitions is {state.partitions}, must be {wanted.partitions}")
    for name, value in wanted.configs.items():
        actual = state.configs.get(name)
        if actual is not None and not _good_enough(name, actual, value):
            found.append(f"{name} is {actual}, must be {_bound(name)}{value}")
    return tuple(found)


def _good_enough(name: str, actual: str, value: str) -> bool:
    if name == "max.message.bytes":
        return int(actual) >= int(value)
    if name == "cleanup.policy":
        return set(actual.replace(" ", "").split(",")) == set(value.split(","))
    # how the status topic is cut into segments changes nothing but its size
    return name.startswith("segment.") or actual == value


def _bound(name: str) -> str:
    return "at least " if name == "max.message.bytes" else ""
