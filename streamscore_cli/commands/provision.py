"""`streamscore provision`: InfluxDB and Grafana made as wanted; what is wanted, found and done is in `provision/`."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import typer

from streamscore_cli.commands.environment import Environment, environment_of
from streamscore_cli.commands.options import DryRunOption, JsonOption, duration_s, plain_option, setting_option
from streamscore_cli.core.printable import printable

if TYPE_CHECKING:
    from streamscore_cli.config.settings import Settings
    from streamscore_cli.provision.plan import Plan, Provisioner, Step

POLL_S = 0.5
STARTING = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}

WaitOption = Annotated[
    str,
    plain_option(
        "--wait",
        "How long to wait for a server that is starting, such as '1 minute'.",
        env="STREAMSCORE_PROVISION_WAIT",
        metavar="TIME",
    ),
]
RenewOption = Annotated[
    bool,
    plain_option(
        "--renew-secrets",
        "Give Grafana InfluxDB's password or token again: it never shows whether its own is old.",
        env="STREAMSCORE_RENEW_SECRETS",
    ),
]
InfluxUrlOption = Annotated[
    str | None,
    setting_option(
        "--influxdb-url", "InfluxDB as Grafana sees it.", env="STREAMSCORE_GRAFANA_INFLUXDB_URL", metavar="URL"
    ),
]
PrometheusUrlOption = Annotated[
    str | None,
    setting_option(
        "--prometheus-url", "Prometheus as Grafana sees it.", env="STREAMSCORE_GRAFANA_PROMETHEUS_URL", metavar="URL"
    ),
]

app = typer.Typer(
    help="Make InfluxDB and Grafana as they should be.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def group() -> None:
    """Make InfluxDB and Grafana as they should be."""


@app.command()
def influxdb(
    ctx: typer.Context,
    *,
    host: Annotated[
        str | None, setting_option("--host", "InfluxDB's host.", env="INFLUXDB_HOST", metavar="HOST")
    ] = None,
    port: Annotated[
        int | None, setting_option("--port", "InfluxDB's port; default 8086.", env="INFLUXDB_PORT", metavar="PORT")
    ] = None,
    wait: WaitOption = "0",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Make InfluxDB's database and retention policy.

    In 2.x the bucket and its mapping. Shows what is found and wanted, then changes it. A second run changes nothing.
    What keeps points longer than wanted is left as it is.
    """
    environment = environment_of(ctx)
    settings = environment.settings({"influxdb.host": host, "influxdb.port": port})
    _demand(settings.influxdb.host, "InfluxDB", "influxdb.host", "INFLUXDB_HOST")
    _provision(environment, [_influxdb(settings)], wait=wait, dry_run=dry_run, json=json)


@app.command()
def grafana(
    ctx: typer.Context,
    *,
    host: Annotated[str | None, setting_option("--host", "Grafana's host.", env="GRAFANA_HOST", metavar="HOST")] = None,
    port: Annotated[
        int | None, setting_option("--port", "Grafana's port; default 3000.", env="GRAFANA_PORT", metavar="PORT")
    ] = None,
    influxdb_url: InfluxUrlOption = None,
    prometheus_url: PrometheusUrlOption = None,
    renew_secrets: RenewOption = False,
    wait: WaitOption = "0",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Make Grafana's data sources, folder and dashboards.

    Shows what is found and wanted, then changes it. A second run changes nothing. What a file of Grafana's own
    provisioning makes is left as it is.
    """
    environment = environment_of(ctx)
    settings = environment.settings(
        {
            "grafana.host": host,
            "grafana.port": port,
            "grafana.influxdb_url": influxdb_url,
            "grafana.prometheus_url": prometheus_url,
        }
    )
    _demand(settings.grafana.host, "Grafana", "grafana.host", "GRAFANA_HOST")
    _say_absent_sources(environment, settings)
    provisioners = [_grafana(settings, renew_secrets=renew_secrets)]
    _provision(environment, provisioners, wait=wait, dry_run=dry_run, json=json)


@app.command(name="all")
def everything(
    ctx: typer.Context,
    *,
    influxdb_host: Annotated[
        str | None, setting_option("--influxdb-host", "InfluxDB's host.", env="INFLUXDB_HOST", metavar="HOST")
    ] = None,
    grafana_host: Annotated[
        str | None, setting_option("--grafana-host", "Grafana's host.", env="GRAFANA_HOST", metavar="HOST")
    ] = None,
    influxdb_url: InfluxUrlOption = None,
    prometheus_url: PrometheusUrlOption = None,
    renew_secrets: RenewOption = False,
    wait: WaitOption = "0",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Make both, as far as the settings name them.

    Looks at both before it changes either.
    """
    environment = environment_of(ctx)
    settings = environment.settings(
        {
            "influxdb.host": influxdb_host,
            "grafana.host": grafana_host,
            "grafana.influxdb_url": influxdb_url,
            "grafana.prometheus_url": prometheus_url,
        }
    )
    both = settings.influxdb.host + settings.grafana.host
    _demand(both, "InfluxDB and no Grafana", "influxdb.host or grafana.host", "INFLUXDB_HOST or GRAFANA_HOST")
    provisioners: list[Provisioner] = []
    if settings.influxdb.host:
        provisioners.append(_influxdb(settings))
    else:
        environment.say("note: no InfluxDB: influxdb.host (INFLUXDB_HOST) is empty.")
    if settings.grafana.host:
        _say_absent_sources(environment, settings)
        provisioners.append(_grafana(settings, renew_secrets=renew_secrets))
    else:
        environment.say("note: no Grafana: grafana.host (GRAFANA_HOST) is empty.")
    _provision(environment, provisioners, wait=wait, dry_run=dry_run, json=json)


def step_as_json(step: Step, *, done: bool) -> dict[str, object]:
    """Return what is to be done about a thing, and whether it was, as JSON."""
    return {
        "target": step.target,
        "thing": step.thing,
        "action": step.action.value,
        "done": done,
        "found": step.found,
        "wanted": step.wanted,
    }


def _influxdb(settings: Settings) -> Provisioner:
    from streamscore_cli.provision.influx import InfluxProvisioner

    return InfluxProvisioner(settings.influxdb)


def _grafana(settings: Settings, *, renew_secrets: bool) -> Provisioner:
    from streamscore_cli.provision.grafana import GrafanaProvisioner

    return GrafanaProvisioner(settings, renew_secrets)


def _demand(host: str, service: str, setting: str, variable: str) -> None:
    from streamscore_cli.core.errors import SettingsError

    if not host:
        hint = f"Set {variable}, write it into streamscore.toml, or see --help for the option."
        raise SettingsError(f"There is no {service}: nothing is set as {setting}.", hint)


def _say_absent_sources(environment: Environment, settings: Settings) -> None:
    if not (settings.influxdb.host or settings.grafana.influxdb_url):
        environment.say("note: no data source for InfluxDB: influxdb.host and grafana.influxdb_url are empty.")
    if not settings.grafana.prometheus_url:
        environment.say("note: no data source for Prometheus: grafana.prometheus_url is empty.")


def _provision(
    environment: Environment, provisioners: Sequence[Provisioner], *, wait: str, dry_run: bool, json: bool
) -> None:
    """Plan all, show it, apply it; what was changed is said where a later change fails, too."""
    from streamscore_cli.provision.plan import Plan, changed

    deadline_s = environment.clock.monotonic_s() + duration_s("--wait (STREAMSCORE_PROVISION_WAIT)", wait)
    plans = [(provisioner, _planned(environment, provisioner, deadline_s)) for provisioner in provisioners]
    if not json:
        for _, plan in plans:
            _show(environment, plan)
    done: set[Step] = set()
    try:
        for provisioner, plan in () if dry_run else plans:
            for step in changed(provisioner, plan):
                done.add(step)
    finally:
        whole = sum((plan for _, plan in plans), Plan())
        if json:
            environment.print_json([step_as_json(step, done=step in done) for step in whole.steps])
        else:
            environment.say(_summary(whole, done, dry_run=dry_run))


def _summary(plan: Plan, done: Collection[Step], *, dry_run: bool) -> str:
    changes, left = len(plan.changes), len(plan.left)
    if not changes:
        said = "Nothing to change."
    elif dry_run:
        said = f"{changes} to change; nothing was changed."
    elif len(done) == changes:
        said = f"{changes} changed."
    else:
        names = ", ".join(printable(step.thing) for step in plan.changes if step in done)
        said = f"{len(done)} of {changes} changed: {names}." if done else f"None of {changes} changed."
    return f"{said} {left} left alone, see FOUND." if left else said


def _planned(environment: Environment, provisioner: Provisioner, deadline_s: float) -> Plan:
    """Return the plan, waiting until the deadline for a server that is starting."""
    from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable

    waiting = False
    while True:
        try:
            return provisioner.plan()
        except (ServiceUnreachable, ServiceRefused) as error:
            final = isinstance(error, ServiceRefused) and error.status not in STARTING
            if final or environment.clock.monotonic_s() >= deadline_s:
                raise
            if not waiting:
                environment.say(f"Waiting: {printable(error.message)}")
            waiting = True
        time.sleep(POLL_S)


def _show(environment: Environment, plan: Plan) -> None:
    from streamscore_cli.ui.console import make_table

    console = environment.out()
    for target in dict.fromkeys(step.target for step in plan.steps):
        console.print(printable(target), markup=False, highlight=False)
        rows = [(step.thing, step.action, step.wanted, step.found) for step in plan.steps if step.target == target]
        console.print(make_table(("THING", "ACTION", "WANTED", "FOUND"), rows))
