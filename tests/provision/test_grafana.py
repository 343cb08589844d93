"""What is planned and done in Grafana, against a stand-in made from its documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from streamscore_cli.config.settings import GrafanaSettings, InfluxSettings, Settings
from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable, SettingsError, StreamscoreError
from streamscore_cli.provision.grafana import ATTEMPTS, GrafanaProvisioner
from streamscore_cli.provision.grafana_wanted import dashboards_dir, shipped_dashboards
from streamscore_cli.provision.plan import Action, Plan
from tests.provision.grafana import LOGIN, TOKEN, Grafana
from tests.servers.hostile import Answer, Cut, Hang, HttpServer, Reply, Request, as_html, as_json, refusing

PASSWORD = f"wörd of influx {token_hex(4)}"
INFLUX_TOKEN = f"{token_hex(8)}=="
NOTHING = ""
TWO_LINES = "two\nlines"
BOARDS = {"streamscore-operations", "streamscore-serving"}


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with Grafana() as server:
        yield server


def settings_of(server: HttpServer, **grafana: Any) -> Settings:
    return Settings(
        grafana=replace(
            GrafanaSettings(host="127.0.0.1", port=server.port, token=TOKEN, prometheus_url="http://prometheus:9090"),
            **grafana,
        ),
        influxdb=InfluxSettings(host="influx", user="writer", password=PASSWORD),
    )


def provision(settings: Settings, **options: bool) -> Plan:
    provisioner = GrafanaProvisioner(settings, **options)
    plan = provisioner.plan()
    provisioner.apply(plan)
    return plan


def actions(plan: Plan) -> dict[str, str]:
    return {step.thing: step.action.value for step in plan.steps}


def test_an_empty_grafana_gets_all_and_a_second_run_changes_nothing(grafana: Grafana) -> None:
    plan = provision(settings_of(grafana))
    assert {step.action for step in plan.steps} == {Action.CREATE}
    assert [step.thing.partition(" ")[0] for step in plan.steps] == ["data", "data", "folder", "dashboard", "dashboard"]
    assert plan.steps[0].target == f"Grafana 11.2.0 at {grafana.url}"
    assert grafana.dashboards.keys() == BOARDS
    assert {board["meta"]["folderUid"] for board in grafana.dashboards.values()} == {"streamscore"}
    written = len(grafana.changes)
    again = provision(settings_of(grafana))
    assert {step.action for step in again.steps} == {Action.NONE}
    assert len(grafana.changes) == written == 5


def test_a_plan_alone_writes_nothing(grafana: Grafana) -> None:
    GrafanaProvisioner(settings_of(grafana)).plan()
    assert grafana.changes == []


def test_influxdb_1_is_reached_with_user_and_password_that_grafana_keeps_secret(grafana: Grafana) -> None:
    provision(settings_of(grafana))
    source = grafana.sources["streamscore-influxdb"]
    assert (source["type"], source["url"], source["database"]) == ("influxdb", "http://influx:8086", "serving")
    assert (source["user"], source["jsonData"]["dbName"]) == ("writer", "serving")
    assert grafana.secrets["streamscore-influxdb"] == {"password": PASSWORD}
    assert PASSWORD not in str(grafana.sources)


def test_influxdb_2_is_reached_with_its_token_as_a_header_and_where_grafana_sees_it(grafana: Grafana) -> None:
    settings = settings_of(grafana, influxdb_url="http://influx.inside:9999/", prometheus_url="")
    provision(replace(settings, influxdb=InfluxSettings(token=INFLUX_TOKEN)))
    source = grafana.sources["streamscore-influxdb"]
    assert source["url"] == "http://influx.inside:9999"
    assert (source["user"], source["jsonData"]["httpHeaderName1"]) == ("", "Authorization")
    assert grafana.secrets["streamscore-influxdb"] == {"httpHeaderValue1": f"Token {INFLUX_TOKEN}"}
    assert grafana.sources.keys() == {"streamscore-influxdb"}


def test_without_influxdb_there_is_no_data_source_of_it(grafana: Grafana) -> None:
    provision(replace(settings_of(grafana), influxdb=InfluxSettings()))
    assert grafana.sources.keys() == {"streamscore-prometheus"}


def test_what_differs_is_named_and_written_and_what_others_added_stays(grafana: Grafana) -> None:
    settings = settings_of(grafana)
    provision(settings)
    grafana.sources["streamscore-prometheus"] |= {"url": "http://old:1", "isDefault": True}
    grafana.sources["streamscore-prometheus"]["jsonData"] |= {"manageAlerts": False}
    grafana.dashboards["streamscore-serving"]["dashboard"] |= {"refresh": "1h", "links": ["kept?"]}
    del grafana.secrets["streamscore-influxdb"]["password"]
    plan = provision(settings)
    found = {step.thing: step.found for step in plan.changes}
    assert found == {
        "data source streamscore-influxdb": "no password",
        "data source streamscore-prometheus": "url differs",
        "dashboard streamscore: serving": "refresh differs",
    }
    changed = grafana.sources["streamscore-prometheus"]
    assert (changed["url"], changed["isDefault"]) == ("http://prometheus:9090", True)
    assert changed["jsonData"] == {"httpMethod": "POST", "timeInterval": "15s", "manageAlerts": False}
    assert provision(settings).changes == ()


def test_a_changed_password_is_sent_when_asked_for(grafana: Grafana) -> None:
    settings = settings_of(grafana)
    provision(settings)
    changed = replace(settings, influxdb=replace(settings.influxdb, password=PASSWORD[::-1]))
    assert provision(changed).changes == ()
    provision(changed, renew_secrets=True)
    assert grafana.secrets["streamscore-influxdb"] == {"password": PASSWORD[::-1]}


def test_a_newer_grafana_may_migrate_and_add_to_a_dashboard(grafana: Grafana) -> None:
    settings = settings_of(grafana)
    provision(settings)
    board = grafana.dashboards["streamscore-serving"]["dashboard"]
    board |= {"schemaVersion": 99, "weekStart": ""}
    board["panels"][0]["pluginVersion"] = "99.0"
    assert provision(settings).changes == ()


def test_a_dashboard_that_was_moved_goes_back_and_a_folder_gets_its_name(grafana: Grafana) -> None:
    settings = settings_of(grafana)
    provision(settings)
    grafana.folders["other"] = {"id": 9, "uid": "other", "title": "Other", "version": 1}
    grafana.folders["streamscore"]["title"] = "renamed"
    grafana.dashboards["streamscore-serving"]["meta"] |= {"folderUid": "other", "folderTitle": "Other"}
    found = {step.thing: step.found for step in provision(settings).changes}
    assert found == {"folder streamscore": "named renamed", "dashboard streamscore: serving": "in folder Other"}
    assert grafana.folders["streamscore"]["title"] == "streamscore"
    assert provision(settings).changes == ()


def test_a_folder_of_the_name_is_taken_whatever_its_uid(grafana: Grafana) -> None:
    grafana.folders["byhand"] = {"id": 1, "uid": "byhand", "title": "Models", "version": 1}
    plan = provision(settings_of(grafana, folder="Models"))
    assert actions(plan)["folder Models"] == "none"
    assert {board["meta"]["folderUid"] for board in grafana.dashboards.values()} == {"byhand"}
    assert provision(settings_of(grafana, folder="Models")).changes == ()


def test_a_stranger_of_the_name_of_a_data_source_is_left_alone(grafana: Grafana) -> None:
    stranger = {"uid": "x1", "name": "streamscore-influxdb", "type": "influxdb", "url": "http://mine"}
    grafana.sources["x1"] = dict(stranger)
    plan = provision(settings_of(grafana))
    (left,) = plan.left
    assert left.thing == "data source streamscore-influxdb"
    assert "uid x1" in left.found
    assert grafana.sources["x1"] == stranger


def test_what_files_made_is_left_alone_and_named(grafana: Grafana) -> None:
    settings = settings_of(grafana)
    provision(settings)
    for source in grafana.sources.values():
        source["readOnly"] = True
    for board in grafana.dashboards.values():
        board["meta"] |= {"provisioned": True, "folderUid": "elsewhere"}
    assert {step.action for step in provision(settings).steps} == {Action.NONE}
    grafana.sources["streamscore-influxdb"]["url"] = "http://by-file"
    grafana.dashboards["streamscore-serving"]["dashboard"]["refresh"] = "1h"
    written = len(grafana.changes)
    plan = provision(settings)
    assert [step.thing for step in plan.left] == ["data source streamscore-influxdb", "dashboard streamscore: serving"]
    assert all("a file of Grafana's makes it" in step.found for step in plan.left)
    assert len(grafana.changes) == written


def test_somebody_who_is_quicker_is_no_failure(grafana: Grafana) -> None:
    settings = settings_of(grafana)
    quicker = settings_of(grafana)

    def race(request: Request) -> None:
        if request.method == "POST" and request.path == "/api/datasources":
            grafana.before = lambda _request: None
            provision(quicker)

    grafana.before = race
    plan = provision(settings)
    assert len(plan.changes) == 5
    assert provision(settings).changes == ()


@pytest.mark.parametrize("what", ["dashboard", "folder", "source"])
def test_a_version_that_changed_meanwhile_is_read_again(grafana: Grafana, what: str) -> None:
    settings = settings_of(grafana)
    provision(settings)
    grafana.dashboards["streamscore-serving"]["dashboard"]["refresh"] = "1h"
    grafana.folders["streamscore"]["title"] = "renamed"
    grafana.sources["streamscore-prometheus"]["url"] = "http://old"

    def edit(request: Request) -> None:
        if request.method == "GET":
            return
        grafana.before = lambda _request: None
        match what:
            case "dashboard":
                grafana.dashboards["streamscore-serving"]["dashboard"]["version"] += 1
            case "folder":
                grafana.folders["streamscore"]["version"] += 1
            case _:
                grafana.sources["streamscore-prometheus"]["version"] += 1

    grafana.before = edit
    provision(settings)
    assert provision(settings).changes == ()


def test_a_stranger_of_a_dashboards_title_is_not_overwritten(grafana: Grafana) -> None:
    settings = settings_of(grafana)
    provision(settings)
    stranger = grafana.dashboards.pop("streamscore-serving")
    stranger["dashboard"] |= {"uid": "mine", "panels": []}
    grafana.dashboards["mine"] = stranger
    with pytest.raises(ServiceRefused, match=r"dashboard streamscore: serving: .*same name.*\(412\)") as refused:
        provision(settings)
    assert "rename or delete" in refused.value.hint
    assert grafana.dashboards["mine"]["dashboard"]["panels"] == []
    saves = grafana.asked("POST", "/api/dashboards/db")
    assert len(saves) == 2 + ATTEMPTS
    assert not any(save.json["overwrite"] for save in saves)


BAD: list[tuple[Reply, type[StreamscoreError], str]] = [
    (as_json({"message": "Invalid API key"}, 401), ServiceRefused, r"Invalid API key \(401\).*token"),
    (as_html(401), ServiceRefused, r"a web page \(401\)"),
    (as_json({"message": "Permission denied"}, 403), ServiceRefused, r"Permission denied \(403\).*role Admin"),
    (as_json({"message": "no"}, 400), ServiceRefused, r"no \(400\)"),
    (as_json({"message": "slow down"}, 429), ServiceRefused, r"slow down \(429\)"),
    (as_json({"message": "Internal"}, 500), ServiceRefused, r"Internal \(500\)"),
    (as_html(502, "Bad gateway"), ServiceRefused, r"a web page \(502\)"),
    (as_html(), ServiceUnreachable, r"not Grafana: a web page"),
    (as_html(404), ServiceUnreachable, r"not Grafana"),
    (Answer(200, b"{", {"Content-Type": "application/json"}), ServiceUnreachable, "not JSON"),
    (as_json([1, 2]), ServiceUnreachable, "not Grafana"),
    (Answer(302, headers={"Location": "/login"}), ServiceUnreachable, "not Grafana"),
    (Answer(302, headers={"Location": "/api/datasources/uid/streamscore-influxdb"}), ServiceUnreachable, "redirects"),
    (Cut(), ServiceUnreachable, r"does not answer: Remote end closed connection without response\."),
    (Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), ServiceUnreachable, "does not answer|not JSON"),
]


@pytest.mark.parametrize(("reply", "kind", "said"), BAD)
def test_bad_answers_are_told_with_the_next_step(
    grafana: Grafana, reply: Reply, kind: type[StreamscoreError], said: str
) -> None:
    grafana.on("GET", "/api/datasources/uid/streamscore-influxdb", reply)
    with pytest.raises(kind, match=said) as told:
        GrafanaProvisioner(settings_of(grafana)).plan()
    assert TOKEN not in str(told.value)
    assert told.value.__cause__ is None


def test_what_is_no_grafana_is_told_apart(grafana: Grafana) -> None:
    grafana.on("GET", "/api/health", as_json({"status": "pass", "name": "influxdb"}))
    with pytest.raises(ServiceUnreachable, match="is not Grafana"):
        GrafanaProvisioner(settings_of(grafana)).plan()


def test_silence_and_a_closed_port_are_told_apart(grafana: Grafana) -> None:
    grafana.on("GET", "/api/health", Hang())
    with pytest.raises(ServiceUnreachable, match="no answer in time"):
        GrafanaProvisioner(settings_of(grafana), timeout_s=0.2).plan()
    with refusing() as url:
        closed = Settings(grafana=GrafanaSettings(host="127.0.0.1", port=int(url.rpartition(":")[2])))
        with pytest.raises(ServiceUnreachable, match=r"does not answer: Connection refused\."):
            GrafanaProvisioner(closed).plan()


def test_no_secret_comes_back_in_what_grafana_says(grafana: Grafana) -> None:
    said = f"bad header Bearer {TOKEN} and {PASSWORD}"
    grafana.on("POST", "/api/datasources", as_json({"message": said}, 400))
    with pytest.raises(ServiceRefused) as told:
        provision(settings_of(grafana))
    assert TOKEN not in str(told.value)
    assert PASSWORD not in str(told.value)
    assert "bad header Bearer ***" in str(told.value)


def test_user_and_password_go_where_there_is_no_token(grafana: Grafana) -> None:
    assert provision(settings_of(grafana, token=NOTHING, user=LOGIN[0], password=LOGIN[1])).changes


def test_a_token_that_no_header_can_hold_is_not_shown(grafana: Grafana) -> None:
    with pytest.raises(SettingsError) as told:
        GrafanaProvisioner(settings_of(grafana, token=TWO_LINES)).plan()
    assert "two" not in str(told.value)


def test_a_refused_write_leaves_the_rest_for_the_next_run(grafana: Grafana) -> None:
    grafana.on("POST", "/api/folders", as_json({"message": "Access denied"}, 403))
    with pytest.raises(ServiceRefused, match=r"Access denied \(403\)"):
        provision(settings_of(grafana))
    assert grafana.sources.keys() == {"streamscore-influxdb", "streamscore-prometheus"}
    grafana.on("POST", "/api/folders", as_json({"message": "Access denied"}, 403))
    plan = GrafanaProvisioner(settings_of(grafana)).plan()
    assert actions(plan)["data source streamscore-influxdb"] == "none"
    assert actions(plan)["folder streamscore"] == "create"


def test_the_shipped_dashboards_have_fixed_uids_titles_and_both_data_sources_as_variables() -> None:
    boards = shipped_dashboards()
    assert {str(board["uid"]) for board in boards} == BOARDS
    assert {path.stem for path in dashboards_dir().glob("*.json")} == BOARDS
    for board in boards:
        text = (dashboards_dir() / f"{board['uid']}.json").read_text()
        assert '"uid": "${prometheus}"' in text
        assert '"id": null' not in text
        variables = {str(variable["name"]): variable for variable in board["templating"]["list"]}  # type: ignore[index]
        assert variables["prometheus"]["current"]["value"] == "streamscore-prometheus"


def test_file_provisioning_names_the_same_things() -> None:
    files = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "provisioning"
    sources = (files / "datasources" / "streamscore.yaml").read_text()
    assert "uid: streamscore-influxdb" in sources
    assert "uid: streamscore-prometheus" in sources
    assert "folderUid: streamscore" in (files / "dashboards" / "streamscore.yaml").read_text()
