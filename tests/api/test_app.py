"""The paths over real HTTP: what each answers, and what all of them refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamscore_cli.state.snapshots import InstanceView, ModelsSnapshot, Readiness
from tests.api.conftest import Running, running
from tests.views import FakeView, busy_view


def test_stats(view: FakeView, server: Running) -> None:
    view.now_models, view.now_scoring = busy_view().now_models, busy_view().now_scoring
    answer = server.request("/stats")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body["name"] == "winequality random forest"
    assert answer.body["instance"]["results"] == 5000
    assert server.request("/stats?data_type=wine").body == answer.body
    assert server.request("/state/modelStore/value").body == answer.body


def test_an_unknown_data_type_is_404_and_names_the_known(view: FakeView, server: Running) -> None:
    view.now_models = replace(view.now_models, declared=frozenset({"wine", "beer"}))
    answer = server.request("/stats?data_type=mead")
    assert answer.status == 404
    assert answer.body == {"error": "unknown data type 'mead'", "hint": "Known data types: beer, wine."}
    assert server.request("/stats?data_type=beer").body["invocations"] == 0


def test_instances_are_the_real_address(server: Running) -> None:
    expected = [{"host": "10.0.0.7", "port": 5500, "storeNames": ["modelStore"]}]
    assert server.request("/state/instances").body == expected
    assert server.request("/state/instances/modelStore").body == expected


@pytest.mark.parametrize("path", ["/state/instances/other", "/state/other/value", "/state/instances/value"])
def test_an_unknown_store_is_404(server: Running, path: str) -> None:
    answer = server.request(path)
    assert answer.status == 404
    assert answer.body["hint"] == "The store is modelStore."


def test_health_and_readiness(view: FakeView, server: Running) -> None:
    assert server.request("/healthz").body == {"status": "ok"}
    assert (server.request("/readyz").status, server.request("/readyz").body["missing"]) == (200, [])
    view.now_readiness = Readiness(ready=False, missing=("broker", "group"))
    answer = server.request("/readyz")
    assert (answer.status, answer.body) == (503, {"status": "not ready", "missing": ["broker", "group"]})
    assert server.request("/healthz").status == 200


def test_the_index_names_the_paths(server: Running) -> None:
    assert {"/stats", "/state/instances", "/healthz", "/readyz"} <= set(server.request("/").body["paths"])


@pytest.mark.parametrize("path", ["/nothing", "/stats/", "//stats"])
def test_other_paths_are_404_in_json(server: Running, path: str) -> None:
    answer = server.request(path)
    assert answer.status == 404
    assert set(answer.body) == {"error", "hint"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405_in_json(server: Running, method: str) -> None:
    answer = server.request("/stats", method)
    assert (answer.status, answer.body["hint"]) == (405, "This API is read-only: use GET.")


def test_headers_of_every_answer(server: Running) -> None:
    for path in ("/stats", "/nothing", "/healthz"):
        headers = server.request(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


TOKEN = "-".join(("s3cret", "42"))


class TestToken:
    @pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}])
    def test_without_it_401_even_for_what_is_not_there(self, view: FakeView, given: dict[str, str]) -> None:
        with running(view, token=TOKEN) as server:
            for path in ("/", "/stats", "/state/instances", "/nothing"):
                answer = server.request(path, headers=given)
                assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
                assert TOKEN not in str(answer)

    def test_with_it_all_answers(self, view: FakeView) -> None:
        with running(view, token=TOKEN) as server:
            assert server.request("/stats", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
            assert server.request("/stats", headers={"Authorization": f"bearer  {TOKEN}"}).status == 200

    def test_probes_need_none(self, view: FakeView) -> None:
        with running(view, token=TOKEN) as server:
            statuses = {path: server.request(path).status for path in ("/healthz", "/readyz", "/metrics")}
            assert statuses == {"/healthz": 200, "/readyz": 200, "/metrics": 200}


class BrokenView(FakeView):
    def models(self) -> ModelsSnapshot:
        raise RuntimeError("secret detail")


def test_a_fault_is_500_in_json_and_tells_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    broken: InstanceView = BrokenView()
    assert isinstance(broken, FakeView)
    with running(broken) as server:
        answer = server.request("/stats")
        assert server.request("/healthz").status == 200
    assert answer.status == 500
    assert "secret" not in str(answer.body)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret detail" in caplog.text
