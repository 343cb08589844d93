"""Which topics are wanted, as a table of wanted and found; no broker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamscore_cli.config.settings import RecordSettings, Settings, TopicSettings
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.kafka.topic_plan import (
    Action,
    TopicPlan,
    TopicRole,
    TopicState,
    check_patterns,
    plan_topics,
    planned_names,
)

MODELS_CONFIGS = {"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": str(64 * 1024 * 1024)}


def state(name: str, partitions: int = 1, **configs: str) -> TopicState:
    return TopicState(name, partitions, 1, {key.replace("_", "."): value for key, value in configs.items()})


def plans(settings: Settings, *states: TopicState) -> dict[str, TopicPlan]:
    return {plan.name: plan for plan in plan_topics(settings, {one.name: one for one in states})}


def test_nothing_there_makes_all_of_them() -> None:
    made = plans(Settings())
    assert {plan.action for plan in made.values()} == {Action.CREATE}
    assert {name: plan.partitions for name, plan in made.items()} == {
        "models_data": 4,
        "models_models": 1,
        "models_scores": 4,
        "models_dead_letters": 1,
        "models_status": 1,
        "models_events": 1,
    }
    assert made["models_models"].configs == MODELS_CONFIGS


def test_scores_follow_the_data_topic_that_is_there() -> None:
    made = plans(Settings(), state("models_data", 12), state("models_scores", 4))
    assert made["models_data"].action is Action.OK
    assert (made["models_scores"].action, made["models_scores"].partitions) == (Action.GROW, 12)


def test_more_score_partitions_than_needed_are_fine() -> None:
    assert plans(Settings(), state("models_data", 2), state("models_scores", 4))["models_scores"].action is Action.OK


def test_models_topic_that_differs_is_left_and_named() -> None:
    configs = {"cleanup_policy": "compact", "retention_ms": "604800000", "max_message_bytes": "1048588"}
    plan = plans(Settings(), state("models_models", 3, **configs))["models_models"]
    assert plan.action is Action.DIFFERS
    assert plan.partitions == 1
    assert plan.differences == (
        "partitions is 3, must be 1",
        "cleanup.policy is compact, must be delete",
        "retention.ms is 604800000, must be -1",
        "max.message.bytes is 1048588, must be at least 67108864",
    )


def test_dead_letters_take_what_the_data_topic_takes_and_our_headers() -> None:
    made = plans(Settings(), state("models_data", 4, max_message_bytes="5000000"))
    assert made["models_dead_letters"].configs["max.message.bytes"] == str(5_000_000 + 64 * 1024)


def test_policies_in_another_order_are_the_same() -> None:
    status = state("models_status", 1, cleanup_policy="delete,compact", retention_ms="86400000")
    assert plans(Settings(), status)["models_status"].action is Action.OK


def test_pattern_makes_no_data_topic() -> None:
    made = plans(Settings(topics=TopicSettings(data=("^wine-.*",))))
    assert TopicRole.DATA not in {plan.role for plan in made.values()}
    assert made["models_scores"].partitions == 4


def test_scores_follow_the_topics_that_a_pattern_matches() -> None:
    settings = Settings(topics=TopicSettings(data=("^wine-.*",)))
    made = plans(settings, state("wine-red", 12), state("beer", 40), state("models_scores", 4))
    assert (made["wine-red"].role, made["wine-red"].action) == (TopicRole.DATA, Action.OK)
    assert "beer" not in made
    assert (made["models_scores"].action, made["models_scores"].partitions) == (Action.GROW, 12)


def test_results_topic_of_a_topic_that_a_pattern_matches_has_its_partitions() -> None:
    settings = Settings(topics=TopicSettings(data=("^wine-.*",)), records=RecordSettings(results="general"))
    settings = replace(settings, record_topics={"wine-red": RecordSettings(results="red_scores")})
    made = plans(settings, state("wine-red", 7, max_message_bytes="5000000"))
    assert (made["red_scores"].action, made["red_scores"].partitions) == (Action.CREATE, 7)
    assert made["general"].partitions == 4
    assert made["models_dead_letters"].configs["max.message.bytes"] == str(5_000_000 + 64 * 1024)


def test_pattern_never_makes_our_topics_nor_kafkas_data() -> None:
    settings = Settings(topics=TopicSettings(data=("^.*",)), records=RecordSettings(results="wine_scores"))
    existing = ("models_scores", "wine_scores", "models_models", "__consumer_offsets", "wine")
    names = planned_names(settings, existing)
    assert sorted(names) == sorted({*planned_names(settings), "wine"})
    found = [state(name, 50) for name in existing]
    assert [plan.name for plan in plans(settings, *found).values() if plan.role is TopicRole.DATA] == ["wine"]


@pytest.mark.parametrize("own", ["models", "scores", "dead_letters", "status", "events"])
def test_pattern_that_matches_a_topic_of_ours_is_named_with_it(own: str) -> None:
    topics = TopicSettings(data=("^wine", f"^models_{own}.*"))
    with pytest.raises(SettingsError, match=rf"\^models_{own}\.\* in topics.data matches the topic models_{own}"):
        check_patterns(Settings(topics=topics))


def test_pattern_that_matches_a_results_topic_is_named_with_it() -> None:
    settings = Settings(topics=TopicSettings(data=("^wine",)), record_topics={"a": RecordSettings(results="wine-s")})
    with pytest.raises(SettingsError, match="wine-s"):
        check_patterns(settings)


def test_pattern_that_is_none_is_named() -> None:
    settings = Settings(topics=TopicSettings(data=("^wine(",)))
    with pytest.raises(SettingsError, match=r"\^wine\( in topics.data is no regular expression"):
        check_patterns(settings)


def test_results_topic_of_a_data_topic_has_its_partitions() -> None:
    settings = Settings(topics=TopicSettings(data=("a", "b"), partitions=3))
    settings = replace(settings, record_topics={"b": RecordSettings(results="b_scores")})
    made = plans(settings, state("b", 7))
    assert made["models_scores"].partitions == 3
    assert (made["b_scores"].role, made["b_scores"].partitions) == (TopicRole.SCORES, 7)
