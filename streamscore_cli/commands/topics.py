"""`streamscore topics`: what topics there are and should be; the rules are in `kafka.topic_plan`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import BrokersOption, DryRunOption, JsonOption, setting_option

if TYPE_CHECKING:
    from streamscore_cli.config.settings import Settings
    from streamscore_cli.kafka.topic_plan import TopicPlan, TopicRole
    from streamscore_cli.kafka.topics import TopicAdmin, TopicInfo

app = typer.Typer(
    help="Create, list and describe the topics.", rich_markup_mode=None, no_args_is_help=True, add_completion=False
)


@app.callback()
def group() -> None:
    """Create, list and describe the topics."""


@app.command()
def create(
    ctx: typer.Context,
    *,
    brokers: BrokersOption = None,
    partitions: Annotated[
        int | None,
        setting_option("--partitions", "Partitions of a new data topic.", env="STREAMSCORE_TOPICS_PARTITIONS"),
    ] = None,
    replication_factor: Annotated[
        int | None,
        setting_option(
            "--replication-factor",
            "Replicas of a new topic; -1: as the broker likes.",
            env="STREAMSCORE_TOPICS_REPLICATION_FACTOR",
        ),
    ] = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Create the topics that are missing, and check those that are there.

    A second run changes nothing. A topic that differs from what is needed is named and left as it is.
    """
    environment = environment_of(ctx)
    settings = environment.settings(
        {
            "kafka.brokers": brokers,
            "topics.partitions": partitions,
            "topics.replication_factor": replication_factor,
        }
    )
    from streamscore_cli.kafka.topics import TopicAdmin

    with TopicAdmin(settings) as admin:
        plans = admin.plan()
        changed = () if dry_run else admin.apply(plans)
    if json:
        environment.print_json([plan_as_json(plan, changed) for plan in plans])
    else:
        _show_plans(environment, plans, dry_run=dry_run)
    raise_differences(plans)


@app.command(name="list")
def list_topics(ctx: typer.Context, *, brokers: BrokersOption = None, json: JsonOption = False) -> None:
    """List the topics on the broker and what they are for."""
    environment = environment_of(ctx)
    settings = environment.settings({"kafka.brokers": brokers})
    from streamscore_cli.kafka.topics import TopicAdmin

    with TopicAdmin(settings) as admin:
        roles = {plan.name: plan.role.value for plan in admin.plan()}
        states = admin.states(admin.names())
    rows = [(state.name, roles.get(state.name, ""), state.partitions, state.replicas) for state in states.values()]
    if json:
        names = ("topic", "role", "partitions", "replicas")
        environment.print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    from streamscore_cli.ui.console import make_table

    headings = ("TOPIC", "PARTITIONS", "REPLICAS", "ROLE")
    table = make_table(
        headings, [(name, parts, replicas, role) for name, role, parts, replicas in rows], numbers=headings[1:3]
    )
    environment.out().print(table)


@app.command()
def describe(
    ctx: typer.Context,
    *,
    topics: Annotated[list[str] | None, typer.Argument(help="Topics; by default those of the settings.")] = None,
    brokers: BrokersOption = None,
    json: JsonOption = False,
) -> None:
    """Describe topics: partitions, offsets, replicas and the settings that matter."""
    environment = environment_of(ctx)
    settings = environment.settings({"kafka.brokers": brokers})
    from streamscore_cli.kafka.topics import TopicAdmin

    with TopicAdmin(settings) as admin:
        described = admin.describe(tuple(topics or _existing(admin)))
    if json:
        environment.print_json([{"records": topic.records, **_fields(topic)} for topic in described])
        return
    for place, topic in enumerate(described):
        _show_topic(environment, topic, first=place == 0)


def ensure_topics(settings: Settings, environment: Environment, roles: Collection[TopicRole]) -> None:
    """Create the topics of these roles that are missing, and check the others; says on standard error what it did.

    Raises `TopicMismatch` when a topic cannot be used as it is; what can is only said.
    """
    from streamscore_cli.kafka.topics import TopicAdmin

    with TopicAdmin(settings) as admin:
        plans = [plan for plan in admin.plan() if plan.role in roles]
        missing = [plan for plan in plans if plan.action.value == "create"]
        for name in admin.apply(missing):
            environment.say(f"Created the topic {name}.")
    unusable = [plan for plan in plans if any(text.startswith("partitions ") for text in plan.differences)]
    raise_differences(unusable)
    for plan in plans:
        for difference in plan.differences:
            environment.say(f"warning: topic {plan.name}: {difference}.")


def _existing(admin: TopicAdmin) -> list[str]:
    present = set(admin.names())
    return [plan.name for plan in admin.plan() if plan.name in present]


def _fields(topic: TopicInfo) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(topic)


def plan_as_json(plan: TopicPlan, changed: Collection[str]) -> dict[str, object]:
    """Return what is to be done about a topic, and whether it was, as JSON."""
    return {
        "topic": plan.name,
        "role": plan.role.value,
        "action": plan.action.value,
        "done": plan.name in changed,
        "partitions": plan.partitions,
        "configs": dict(plan.configs),
        "differences": list(plan.differences),
    }


def _show_plans(environment: Environment, plans: Sequence[TopicPlan], *, dry_run: bool) -> None:
    from streamscore_cli.ui.console import make_table

    said = {
        "ok": "there",
        "create": "would be created" if dry_run else "created",
        "grow": "would be grown" if dry_run else "grown",
        "differs": "DIFFERS",
    }
    rows = [
        (plan.name, plan.partitions, said[plan.action.value], "; ".join(plan.differences) or plan.role.value)
        for plan in plans
    ]
    environment.out().print(make_table(("TOPIC", "PARTITIONS", "STATE", "ROLE"), rows, numbers=("PARTITIONS",)))


def _show_topic(environment: Environment, topic: TopicInfo, *, first: bool) -> None:
    from streamscore_cli.ui.console import make_table

    console = environment.out()
    configs = ", ".join(f"{name}={value}" for name, value in topic.configs.items())
    if not first:
        console.print()
    console.print(f"{topic.name}: {topic.records:,} records, {topic.replicas} replicas, {configs}")
    headings = ("PARTITION", "FIRST", "END", "LEADER", "IN SYNC")
    rows = [
        (part.partition, part.low, part.high, part.leader, ", ".join(map(str, part.in_sync)))
        for part in topic.partitions
    ]
    console.print(make_table(headings, rows, numbers=headings[:4]))


def raise_differences(plans: Sequence[TopicPlan]) -> None:
    """Raise `TopicMismatch` naming every topic that differs, and how."""
    from streamscore_cli.core.errors import TopicMismatch

    differing = [f"{plan.name}: {'; '.join(plan.differences)}" for plan in plans if plan.differences]
    if differing:
        raise TopicMismatch(
            f"Topics are not as they need to be: {'. '.join(differing)}.",
            "Change them with Kafka's own tools (kafka-configs.sh), or name other topics in the settings.",
        )
