"""Which sinks an instance has, and what waits for what: nothing waits for a sink for long."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from streamscore_cli.config.settings import InfluxSettings, Settings
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.kafka.health import ClientHealth
from streamscore_cli.runtime.sinks import MAKING_GRACE_S, WRITING_GRACE_S, add_sinks
from streamscore_cli.runtime.supervisor import Supervisor
from streamscore_cli.runtime.view import View
from streamscore_cli.sinks.influx_writer import FLUSH_S
from streamscore_cli.state.board import ModelsBoard
from streamscore_cli.state.recorder import Recorder
from tests.integration.servers import wait_until
from tests.servers.hostile import Answer, Hang, HttpServer, as_json
from tests.sinks.scores import part


def a_view() -> View:
    clock = SystemClock()
    return View(Recorder(clock), ModelsBoard(), ClientHealth(clock))


def with_influx(port: int, host: str = "127.0.0.1") -> Settings:
    return replace(Settings(), influxdb=replace(InfluxSettings(), host=host, port=port))


def test_without_a_host_there_is_none() -> None:
    view, supervisor = a_view(), Supervisor()
    assert add_sinks(Settings(), supervisor, view, SystemClock()) == ()
    assert view.sinks() == ()


def test_an_address_that_is_none_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match="not a host"):
        add_sinks(with_influx(8086, "not a host"), Supervisor(), a_view(), SystemClock())


def test_the_end_waits_less_than_five_seconds() -> None:
    assert MAKING_GRACE_S + WRITING_GRACE_S < 5
    assert FLUSH_S < WRITING_GRACE_S


@pytest.mark.parametrize("provision", [True, False])
def test_the_threads_do_their_work_and_end_with_the_others(provision: bool) -> None:
    with HttpServer(Answer(204, headers={"X-Influxdb-Version": "1.6.7"})) as influx:
        influx.on("POST", "/query", as_json({"results": [{}]}))
        view, supervisor, clock = a_view(), Supervisor(), SystemClock()
        (observer,) = add_sinks(with_influx(influx.port), supervisor, view, clock, provision=provision)
        running = threading.Thread(target=supervisor.run)
        running.start()
        observer.scored([part([1.0, 2.0], times_ms=[clock.epoch_ms()] * 2)])
        wait_until(lambda: view.sinks()[0].written == 2, "two scores")
        supervisor.stop()
        running.join(30)
        assert not running.is_alive()
        assert supervisor.ended("points")
        assert supervisor.ended("influxdb")
        statements = [request.text for request in influx.asked("POST", "/query")]
        assert any("CREATE+DATABASE" in statement for statement in statements) is provision


def test_one_that_hangs_is_not_waited_for_at_the_end() -> None:
    """Its request may take ten minutes: the supervisor goes on after the grace, and what is left behind is a daemon."""
    with HttpServer(Hang()) as influx:
        settings = with_influx(influx.port)
        patient = replace(settings, influxdb=replace(settings.influxdb, timeout_s=600.0))
        view, supervisor = a_view(), Supervisor()
        add_sinks(patient, supervisor, view, SystemClock())
        running = threading.Thread(target=supervisor.run)
        running.start()
        influx.await_requests(1)
        supervisor.stop()
        running.join(30)
        assert not running.is_alive()
        assert not supervisor.ended("influxdb")
