"""InfluxDB made to match: planned, applied, and left alone at the second run; 2.x is a stand-in here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.provision.influx import InfluxProvisioner
from streamscore_cli.provision.influx_wanted import Wanted, in_words, kept_long_enough, parse_duration_s
from streamscore_cli.provision.plan import Action, Plan, Step
from tests.influx.fake_v2 import ORG_ID, FakeInflux2
from tests.influx.settings import TOKEN, influx_settings
from tests.servers.hostile import Answer, HttpServer, as_json

DAY_S = 86_400


@pytest.fixture
def two() -> Iterator[FakeInflux2]:
    with FakeInflux2() as server:
        yield server


@pytest.fixture
def provisioner(two: FakeInflux2) -> InfluxProvisioner:
    return InfluxProvisioner(influx_settings(two.port, token=TOKEN))


def actions(plan: Plan) -> list[Action]:
    return [step.action for step in plan.steps]


def bucket(retention_s: int) -> dict[str, object]:
    rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
    return {"id": "1", "orgID": ORG_ID, "name": "serving/default", "retentionRules": rules}


def mapping(*, default: bool, virtual: bool = False, bucket_id: str = "1") -> dict[str, object]:
    return {
        "id": "7",
        "orgID": ORG_ID,
        "bucketID": bucket_id,
        "database": "serving",
        "retention_policy": "default",
        "default": default,
        "virtual": virtual,
    }


def test_all_is_made_and_the_second_run_changes_nothing(two: FakeInflux2, provisioner: InfluxProvisioner) -> None:
    plan = provisioner.plan()
    assert plan.steps == (
        Step(f"InfluxDB 2.7.12 at {two.url}", "bucket serving/default", Action.CREATE, "", "keeps points 1 d"),
        Step(f"InfluxDB 2.7.12 at {two.url}", "InfluxQL mapping serving.default", Action.CREATE, "", "default"),
    )
    assert not two.state.buckets
    provisioner.apply(plan)
    (made,) = two.state.buckets
    rule = {"type": "expire", "everySeconds": DAY_S, "shardGroupDurationSeconds": 3600}
    assert (made["name"], made["orgID"], made["retentionRules"]) == ("serving/default", ORG_ID, [rule])
    (mapped,) = two.state.mappings
    assert mapped | {"default": True, "bucketID": made["id"], "retention_policy": "default"} == mapped
    before = len(two.requests)
    again = provisioner.plan()
    assert actions(again) == [Action.NONE, Action.NONE]
    provisioner.apply(again)
    assert {request.method for request in two.requests[before:]} == {"GET"}


@pytest.mark.parametrize(
    ("kept_s", "action"), [(3600, Action.UPDATE), (DAY_S, Action.NONE), (7 * DAY_S, Action.LEAVE), (0, Action.LEAVE)]
)
def test_a_bucket_may_keep_points_longer_and_not_shorter(
    two: FakeInflux2, provisioner: InfluxProvisioner, kept_s: int, action: Action
) -> None:
    two.state.buckets.append(bucket(kept_s))
    two.state.mappings.append(mapping(default=True))
    plan = provisioner.plan()
    assert actions(plan) == [action, Action.NONE]
    provisioner.apply(plan)
    rules = two.state.buckets[0]["retentionRules"]
    assert [rule["everySeconds"] for rule in rules] == [DAY_S if action is Action.UPDATE else kept_s] * bool(rules)
    assert provisioner.plan().changes == ()


@pytest.mark.parametrize(
    ("found", "action"),
    [
        (mapping(default=True, virtual=True), Action.NONE),
        (mapping(default=False, virtual=True), Action.CREATE),
        (mapping(default=False), Action.UPDATE),
        (mapping(default=True, bucket_id="another"), Action.CREATE),
    ],
)
def test_the_mapping_is_the_default(
    two: FakeInflux2, provisioner: InfluxProvisioner, found: dict[str, object], action: Action
) -> None:
    two.state.buckets.append(bucket(DAY_S))
    two.state.mappings.append(found)
    plan = provisioner.plan()
    assert actions(plan) == [Action.NONE, action]
    provisioner.apply(plan)
    assert provisioner.plan().changes == ()


def test_3x_is_left_to_its_operator() -> None:
    with HttpServer(Answer(204, headers={"X-Influxdb-Version": "3.1.0"})) as server:
        provisioner = InfluxProvisioner(influx_settings(server.port))
        plan = provisioner.plan()
        provisioner.apply(plan)
        assert actions(plan) == [Action.LEAVE]
        assert "documentation only" in plan.left[0].found
        assert {request.path for request in server.requests} == {"/ping"}


def one(server: HttpServer, *results: dict[str, object]) -> InfluxProvisioner:
    server.on("GET", "/ping", Answer(204, headers={"X-Influxdb-Version": "1.8.10"}))
    server.on("POST", "/query", *(as_json({"results": [result]}) for result in results))
    return InfluxProvisioner(influx_settings(server.port))


def rows(columns: list[str], *values: list[object]) -> dict[str, object]:
    return {"series": [{"columns": columns, "values": list(values)}]}


def test_an_error_inside_a_good_answer_is_an_error() -> None:
    with HttpServer() as server:
        provisioner = one(server, {}, {"statement_id": 0, "error": "not implemented"})
        plan = provisioner.plan()
        assert actions(plan) == [Action.CREATE, Action.CREATE]
        with pytest.raises(ServiceRefused, match="not implemented"):
            provisioner.apply(plan)


def test_what_somebody_else_made_meanwhile_is_no_failure() -> None:
    with HttpServer() as server:
        provisioner = one(server, {}, {}, {"error": "retention policy already exists"})
        provisioner.apply(provisioner.plan())
        statements = [request.text for request in server.asked("POST", "/query")]
        assert len(statements) == 3
        assert "CREATE+RETENTION+POLICY+%22default%22" in statements[2]


@pytest.mark.parametrize(
    ("kept", "altered"), [("1h0m0s", "DURATION+86400s+SHARD+DURATION+3600s+DEFAULT"), ("168h0m0s", "%22+DEFAULT")]
)
def test_a_policy_that_is_altered_is_never_shortened(kept: str, altered: str) -> None:
    policies = rows(["name", "duration", "default"], ["autogen", "0s", True], ["default", kept, False])
    with HttpServer() as server:
        provisioner = one(server, rows(["name"], ["serving"]), policies, policies, {})
        plan = provisioner.plan()
        assert actions(plan) == [Action.NONE, Action.UPDATE]
        provisioner.apply(plan)
        last = server.requests[-1].text
        assert "ALTER+RETENTION+POLICY" in last
        assert altered in last
        assert kept == "1h0m0s" or "DURATION" not in last


@pytest.mark.parametrize(("text", "seconds"), [("24h0m0s", 86_400), ("0s", 0), ("1h30m0s", 5400), ("2w", 1_209_600)])
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(("seconds", "words"), [(0, "for ever"), (86_400, "1 d"), (129_600, "36 h"), (90, "90 s")])
def test_durations_are_said(seconds: int, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("found_s", "wanted_s", "enough"), [(10, 10, True), (9, 10, False), (0, 10, True), (10, 0, False), (0, 0, True)]
)
def test_long_enough(found_s: int, wanted_s: int, enough: bool) -> None:
    assert kept_long_enough(found_s, wanted_s) is enough


@pytest.mark.parametrize(
    ("retention_s", "shard_s"),
    [(3600, 3600), (2 * DAY_S, 3600), (3 * DAY_S, DAY_S), (400 * DAY_S, 7 * DAY_S), (0, 7 * DAY_S)],
)
def test_shards(retention_s: int, shard_s: int) -> None:
    assert Wanted("", "", "", retention_s).shard_s == shard_s
