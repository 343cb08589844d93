"""What topics would be made and what differs, as people and programs see it; making them is in tests/integration."""

from __future__ import annotations

import pytest

from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.commands.topics import plan_as_json, raise_differences
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import TopicMismatch
from streamscore_cli.kafka.topic_plan import TopicState, plan_topics
from tests.commands.conftest import CommandLine

FOUND = {"models_models": TopicState("models_models", 3, 1, {"cleanup.policy": "compact", "retention.ms": "-1"})}


def test_the_plan_as_json_says_what_was_done_and_what_differs() -> None:
    plans = {plan.name: plan for plan in plan_topics(Settings(), FOUND)}
    made = plan_as_json(plans["models_data"], {"models_data"})
    assert (made["action"], made["done"], made["partitions"]) == ("create", True, 4)
    differing = plan_as_json(plans["models_models"], set())
    assert (differing["action"], differing["done"]) == ("differs", False)
    assert "partitions is 3, must be 1" in str(differing["differences"])


def test_differences_are_an_error_that_names_topic_and_difference() -> None:
    with pytest.raises(TopicMismatch, match=r"models_models: partitions is 3, must be 1.*cleanup\.policy is compact"):
        raise_differences(plan_topics(Settings(), FOUND))


def test_topics_as_they_should_be_are_no_error() -> None:
    raise_differences(plan_topics(Settings(), {}))


def test_a_broker_that_is_not_there_is_named(streamscore: CommandLine) -> None:
    done = streamscore("topics", "list", "--brokers", "127.0.0.1:1")
    assert done.code == ExitCode.BROKER_UNREACHABLE
    assert "127.0.0.1:1" in done.err
