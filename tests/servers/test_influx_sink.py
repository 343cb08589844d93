"""The sink writes to real InfluxDBs, and what was written is what InfluxQL finds."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from streamscore_cli.core.choices import Points
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.influx.exchange import Exchange
from streamscore_cli.influx.server import Dialect, identify
from streamscore_cli.influx.writes import open_writer
from streamscore_cli.provision.influx import InfluxProvisioner
from streamscore_cli.provision.plan import Action
from streamscore_cli.sinks.naming import Named
from streamscore_cli.sinks.raw_points import raw_lines
from tests.influx.settings import PASSWORD, influx_settings
from tests.integration.servers import wait_until
from tests.sinks.scores import part
from tests.sinks.test_influx import Running

if TYPE_CHECKING:
    from streamscore_cli.config.settings import InfluxSettings
    from tests.servers.influx import Influx

pytestmark = pytest.mark.servers

ALL = pytest.mark.parametrize("name", ["influx18", "influx18_auth", "influx16"])
NASTY = [
    "plain",
    "a b,c=d",
    'say "no"',
    "back\\slash, and at the end\\",
    "line\nfeed\r\tand tab",
    "größe 尺寸 \N{GRINNING FACE}",
    "'; DROP DATABASE serving; --",
    "  around  ",
    "#",
    "x" * 3000,
]


@pytest.fixture
def server(request: pytest.FixtureRequest, name: str) -> Influx:
    found: Influx = request.getfixturevalue(name)
    return found


def settings_of(server: Influx, **others: Any) -> InfluxSettings:
    return influx_settings(server.port, user=server.user, password=server.password, **others)


def connected(server: Influx, **settings: Any) -> Running:
    """Return a sink, not yet running, that makes its database itself."""
    logins = {"user": server.user, "password": server.password, "retention_s": 86_400.0, "timeout_s": 5.0}
    running = Running(server.port, **{**logins, **settings})
    provisioner = InfluxProvisioner(settings_of(server))
    running.prepare = lambda: provisioner.apply(provisioner.plan())
    return running


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def score(running: Running, results: list[Any], **others: Any) -> None:
    answers = part(results, times_ms=[now_ms()] * len(results), **others)
    running.sink.intake.scored([answers])


@ALL
def test_scores_are_found_again(server: Influx) -> None:
    with connected(server) as running:
        score(running, ["5", "good", None], first_offset=7)
        running.await_counts(written=3, waiting=0)
        running.end()
        found = server.rows('SELECT calculated, "duration", label, model, partition FROM serving', "serving")
        assert [(row["calculated"], row["duration"], row["label"]) for row in found] == [
            (5, 0.002, "5"),
            (None, 0.002, "good"),
            (None, 0.002, None),
        ]
        assert {(row["model"], row["partition"]) for row in found} == {("tree", "3")}
        (second,) = server.rows("SELECT * FROM serving_seconds", "serving")
        assert (second["count"], second["calculated_mean"], second["instance"]) == (3, 5, "one")
        labels = server.rows('SELECT "count", label FROM serving_labels', "serving")
        assert sorted((row["label"], row["count"]) for row in labels) == [("5", 1), ("good", 1)]


@ALL
def test_the_database_and_its_policy_are_made_once(server: Influx) -> None:
    provisioner = InfluxProvisioner(settings_of(server))
    plan = provisioner.plan()
    assert [step.action for step in plan.steps] == [Action.CREATE, Action.CREATE]
    assert [step.action for step in provisioner.plan().steps] == [Action.CREATE, Action.CREATE]
    provisioner.apply(plan)
    provisioner.apply(plan)
    assert [step.action for step in provisioner.plan().steps] == [Action.NONE, Action.NONE]
    policies = {row["name"]: row for row in server.rows("SHOW RETENTION POLICIES", "serving")}
    made = policies["default"]
    assert (made["duration"], made["shardGroupDuration"], made["default"]) == ("24h0m0s", "1h0m0s", True)


@ALL
@pytest.mark.parametrize(
    ("duration", "default", "found", "after"),
    [
        ("1h", "", Action.UPDATE, ("24h0m0s", True)),
        ("2h", "DEFAULT", Action.UPDATE, ("24h0m0s", True)),
        ("7d", "DEFAULT", Action.LEAVE, ("168h0m0s", True)),
        ("7d", "", Action.UPDATE, ("168h0m0s", True)),
        ("INF", "DEFAULT", Action.LEAVE, ("0s", True)),
    ],
)
def test_a_policy_is_made_longer_and_never_shorter(
    server: Influx, duration: str, default: str, found: Action, after: tuple[str, bool]
) -> None:
    server.query("CREATE DATABASE serving")
    server.query(f'CREATE RETENTION POLICY "default" ON serving DURATION {duration} REPLICATION 1 {default}')
    provisioner = InfluxProvisioner(settings_of(server))
    plan = provisioner.plan()
    assert [step.action for step in plan.steps] == [Action.NONE, found]
    provisioner.apply(plan)
    assert provisioner.plan().changes == ()
    policies = {row["name"]: row for row in server.rows("SHOW RETENTION POLICIES", "serving")}
    assert (policies["default"]["duration"], policies["default"]["default"]) == after


@ALL
def test_it_is_known_by_its_version(server: Influx, name: str) -> None:
    dialect = Dialect.LINES if name == "influx16" else Dialect.V1
    assert identify(Exchange(settings_of(server))).dialect is dialect


@ALL
def test_whatever_a_model_is_called_its_points_come_back(server: Influx) -> None:
    provisioner = InfluxProvisioner(settings_of(server))
    provisioner.apply(provisioner.plan())
    at_ms = now_ms()
    lines = []
    for number, text in enumerate(NASTY):
        model = ModelIdentity(text, number, "")
        answers = part([text], model=model, data_type=text, times_ms=[at_ms], first_offset=number)
        lines += raw_lines(answers, Named(text, "pmml", text, str(number)), at_ms, 0)[0]
    exchange = Exchange(settings_of(server))
    with closing(open_writer(exchange, identify(exchange))) as writer:
        assert writer.write(b"\n".join(line.text for line in lines), 5.0).good
    found = server.rows("SELECT label, model, data_type, version FROM serving", "serving")
    assert [row["label"] for row in found] == [text[:1000] for text in NASTY]
    named = [
        " ".join(text[:200].replace("\\", "/").translate(dict.fromkeys(b"\n\r\t", " ")).split(" ")) for text in NASTY
    ]
    assert [row["model"] for row in found] == [text.strip() for text in named]
    assert [row["data_type"] for row in found] == [text.strip() for text in named]
    assert [row["version"] for row in found] == [str(number) for number in range(len(NASTY))]


@ALL
def test_a_repeat_overwrites_itself(server: Influx) -> None:
    at_ms = now_ms()
    with connected(server) as running:
        for _ in range(2):
            running.sink.intake.scored([part([5.0, 6.0], times_ms=[at_ms, at_ms], first_offset=11)])
        running.await_counts(written=4, waiting=0)
        assert server.rows("SELECT count(calculated) FROM serving", "serving")[0]["count"] == 2


@ALL
def test_a_busy_second_is_one_point_a_model(server: Influx) -> None:
    with connected(server, points=Points.AUTO, raw_points_per_s=10) as running:
        score(running, [4.0, 6.0] * 50)
        running.await_counts(written=100, waiting=0)
        (found,) = server.rows("SELECT * FROM serving", "serving")
        assert (found["calculated"], found["duration"], found["instance"]) == (5, 0.002, "one")
        (second,) = server.rows("SELECT * FROM serving_seconds", "serving")
        assert (second["count"], second["calculated_min"], second["calculated_max"]) == (100, 4, 6)


@ALL
def test_what_is_too_old_for_it_is_counted_by_its_own_words(server: Influx) -> None:
    """The sink thinks it keeps points for ever; the server's policy of a day knows better."""
    with connected(server, retention_s=0.0) as running:
        times = [now_ms() - 3 * 86_400_000, now_ms(), now_ms()]
        running.sink.intake.scored([part([1.0, 2.0, 3.0], times_ms=times)])
        running.await_counts(written=2, waiting=0)
        assert running.sink.snapshot().dropped == {"refused": 1}


@ALL
def test_a_field_of_another_type_costs_its_points_and_no_more(server: Influx) -> None:
    provisioner = InfluxProvisioner(settings_of(server))
    provisioner.apply(provisioner.plan())
    server.write("serving,model=old calculated=5,duration=1i", "serving", "default")
    with connected(server) as running:
        score(running, [1.0, 2.0])
        running.await_counts(points=2, waiting=0)
        assert running.end().dropped == {"refused": 2}
        assert server.rows("SELECT * FROM serving_seconds", "serving")


@ALL
def test_a_database_that_is_dropped_is_made_again(server: Influx) -> None:
    with connected(server) as running:
        score(running, [1.0])
        running.await_counts(written=1, waiting=0)
        server.query("DROP DATABASE serving")
        score(running, [2.0])
        running.await_counts(written=2, waiting=0, problem="")
        assert [row["calculated"] for row in server.rows("SELECT calculated FROM serving", "serving")] == [2]


@ALL
def test_a_retention_policy_that_is_dropped_is_made_again(server: Influx) -> None:
    with connected(server) as running:
        score(running, [1.0])
        running.await_counts(written=1, waiting=0)
        server.query('DROP RETENTION POLICY "default" ON serving')
        score(running, [2.0])
        running.await_counts(written=2, waiting=0, problem="")
        assert [row["calculated"] for row in server.rows("SELECT calculated FROM serving", "serving")] == [2]


@ALL
@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_it_dies_or_hangs_and_comes_back(server: Influx, how: str) -> None:
    with connected(server, timeout_s=0.5) as running:
        score(running, [1.0])
        running.await_counts(written=1, waiting=0)
        getattr(server, how)()
        score(running, [2.0])
        wait_until(lambda: "does not answer" in running.sink.snapshot().problem, "the failure to be seen")
        score(running, [3.0], first_offset=1)
        assert running.sink.snapshot().written == 1
        if how == "kill":
            server.restart()
        else:
            server.thaw()
        running.await_counts(written=3, waiting=0, dropped={}, problem="")
        found = server.rows("SELECT calculated FROM serving", "serving")
        assert [row["calculated"] for row in found] == [1, 2, 3]


def test_a_wrong_password_is_said_without_it(influx18_auth: Influx, caplog: pytest.LogCaptureFixture) -> None:
    with connected(influx18_auth, password=influx18_auth.password[::-1]) as running:
        score(running, [1.0])
        wait_until(lambda: "not allowed" in running.sink.snapshot().problem, "the refusal")
        assert influx18_auth.password[::-1] not in caplog.text + running.sink.snapshot().problem


def test_one_who_may_only_write_writes(influx18_auth: Influx, caplog: pytest.LogCaptureFixture) -> None:
    provisioner = InfluxProvisioner(settings_of(influx18_auth))
    provisioner.apply(provisioner.plan())
    influx18_auth.query(f"CREATE USER writer WITH PASSWORD '{PASSWORD}'")
    influx18_auth.query("GRANT WRITE ON serving TO writer")
    running = connected(influx18_auth, user="writer", password=PASSWORD)
    limited = InfluxProvisioner(influx_settings(influx18_auth.port, user="writer", password=PASSWORD))
    running.prepare = lambda: limited.apply(limited.plan())
    with running:
        score(running, [1.0])
        running.await_counts(written=1, waiting=0)
    assert "could not be made ready" in caplog.text
