"""The database and retention policy of InfluxDB 1.x, by InfluxQL; it knows nothing of 2.x."""

from __future__ import annotations

from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.influxql import Row, quoted, run
from streamscore_cli.provision.influx_wanted import Wanted, in_words, kept_long_enough, parse_duration_s
from streamscore_cli.provision.plan import Action, Plan, Step

DATABASE = "database"
RETENTION_POLICY = "retention policy"


def plan(exchange: Exchange, wanted: Wanted) -> Plan:
    """Compare what is there with what should be; what is kept longer than wanted stays so."""
    databases = {row.text("name") for row in run(exchange, "SHOW DATABASES")}
    there = wanted.database in databases
    found = _policy(exchange, wanted) if there else None
    name = f"{DATABASE} {wanted.database}"
    action = Action.NONE if there else Action.CREATE
    database = Step(wanted.target, name, action, "there" if there else "", "there")
    return Plan((database, _policy_step(found, wanted)))


def apply(exchange: Exchange, plan: Plan, wanted: Wanted) -> None:
    """Make and change what `plan` says."""
    database, policy = quoted(wanted.database), quoted(wanted.retention_policy)
    duration = f"{wanted.retention_s}s" if wanted.retention_s else "INF"
    for step in plan.changes:
        if step.thing.startswith(DATABASE):
            run(exchange, f"CREATE DATABASE {database}")
        elif step.action is Action.CREATE:
            shard = f"REPLICATION 1 SHARD DURATION {wanted.shard_s}s DEFAULT"
            _unless_there(exchange, f"CREATE RETENTION POLICY {policy} ON {database} DURATION {duration} {shard}")
        else:
            found = _policy(exchange, wanted)
            keeps = found is not None and kept_long_enough(_kept_s(found), wanted.retention_s)
            longer = "" if keeps else f"DURATION {duration} SHARD DURATION {wanted.shard_s}s "
            run(exchange, f"ALTER RETENTION POLICY {policy} ON {database} {longer}DEFAULT")


def _policy(exchange: Exchange, wanted: Wanted) -> Row | None:
    rows = run(exchange, f"SHOW RETENTION POLICIES ON {quoted(wanted.database)}")
    return next((row for row in rows if row.text("name") == wanted.retention_policy), None)


def _kept_s(policy: Row) -> int:
    return parse_duration_s(policy.text("duration"))


def _policy_step(found: Row | None, wanted: Wanted) -> Step:
    thing = f"{RETENTION_POLICY} {wanted.retention_policy}"
    asked = _words(wanted.retention_s, default=True)
    if found is None:
        return Step(wanted.target, thing, Action.CREATE, "", asked)
    kept_s, default = _kept_s(found), found.cells.get("default") is True
    here = _words(kept_s, default=default)
    if not kept_long_enough(kept_s, wanted.retention_s) or not default:
        return Step(wanted.target, thing, Action.UPDATE, here, asked)
    if kept_s != wanted.retention_s:
        return Step(wanted.target, thing, Action.LEAVE, f"{here}; shortening it would delete points", asked)
    return Step(wanted.target, thing, Action.NONE, here, asked)


def _words(kept_s: int, *, default: bool) -> str:
    return f"keeps points {in_words(kept_s)}, {'default' if default else 'not default'}"


def _unless_there(exchange: Exchange, statement: str) -> None:
    """Run what makes something; that somebody else made it meanwhile is no failure."""
    try:
        run(exchange, statement)
    except ServiceRefused as error:
        if "already exists" not in error.message:
            raise
