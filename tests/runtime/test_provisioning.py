from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from streamscore_cli.config.settings import GrafanaSettings, Settings
from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable, SettingsError, StreamscoreError
from streamscore_cli.provision.plan import Action, Plan, Step
from streamscore_cli.runtime.provisioning import Provisioning, add_grafana, make_as_wanted
from streamscore_cli.runtime.supervisor import Supervisor

STEP = Step("Grafana at http://g:3000", "folder f", Action.CREATE, "", "there")
LEFT = Step("Grafana at http://g:3000", "data source d", Action.LEAVE, "read-only", "there")
CHANGED = Step("Grafana at http://g:3000", "dashboard b", Action.UPDATE, "title differs", "as in streamscore 1")


@dataclass(slots=True)
class Scripted:
    """A provisioner that fails as told, and then goes well."""

    failures: list[Exception] = field(default_factory=list)
    steps: tuple[Step, ...] = (STEP, LEFT)
    refusals: dict[str, list[Exception]] = field(default_factory=dict)
    applied: list[Plan] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def plan(self) -> Plan:
        if self.failures:
            raise self.failures.pop(0)
        return Plan(self.steps)

    def apply(self, plan: Plan) -> None:
        for step in plan.changes:
            if self.refusals.get(step.thing):
                raise self.refusals[step.thing].pop(0)
        self.applied.append(plan)
        if plan.steps[-1] == [step for step in self.steps if step is not LEFT][-1]:
            self.done.set()


def supervised(work: Provisioning, until: threading.Event) -> Supervisor:
    """Run the work in a supervisor until an event, and see it end well."""
    supervisor = Supervisor()
    supervisor.add("grafana", work.run, work.wake, may_be_late_s=5.0)
    reached = threading.Event()

    def watch(stopping: Callable[[], bool]) -> None:
        if until.wait(30.0):
            reached.set()

    supervisor.add("watch", watch)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    thread.join(60.0)
    assert reached.is_set()
    assert not thread.is_alive()
    return supervisor


def test_it_is_tried_until_it_goes_well_and_each_problem_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "streamscore.grafana")
    away = [ServiceUnreachable("Grafana is away.", "Look.") for _ in range(3)]
    failures: list[StreamscoreError] = [*away, ServiceRefused("No.", status=403), *away[:1]]
    provisioner = Scripted([*failures])
    supervisor = supervised(Provisioning(lambda: provisioner, first_pause_s=0.001), provisioner.done)
    assert supervisor.ended("grafana")
    assert [plan.steps for plan in provisioner.applied] == [(STEP,)]
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "Grafana is away. Look. It is tried again.",
        "No. It is tried again.",
        "Grafana is away. Look. It is tried again.",
        "Grafana at http://g:3000: data source d: read-only; wanted: there",
        "Grafana at http://g:3000: folder f: made; found: nothing; wanted: there",
    ]


def test_what_is_left_alone_is_told_once_for_each_reason_and_what_was_changed_before_a_failure_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "streamscore.grafana")
    no = ServiceRefused("No.", status=403)
    provisioner = Scripted(steps=(STEP, LEFT, CHANGED), refusals={CHANGED.thing: [no, no, no]})
    supervised(Provisioning(lambda: provisioner, first_pause_s=0.001), provisioner.done)
    said = [record.getMessage().removeprefix("Grafana at http://g:3000: ") for record in caplog.records]
    assert said[:3] == [
        "data source d: read-only; wanted: there",
        "folder f: made; found: nothing; wanted: there",
        "No. It is tried again.",
    ]
    assert said[-1] == "dashboard b: changed; found: title differs; wanted: as in streamscore 1"
    assert sum(line.startswith("data source d") for line in said) == 1


def test_another_reason_to_leave_a_thing_alone_is_told_and_so_is_one_that_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    known: set[Step] = set()
    other = replace(LEFT, found="the name belongs to another")
    for step in (LEFT, LEFT, other, other, LEFT):
        make_as_wanted(Scripted(steps=(step,)), logging.getLogger("streamscore.grafana"), known)
    found = [record.getMessage().split(": ")[2].partition(";")[0] for record in caplog.records]
    assert found == [LEFT.found, other.found, LEFT.found]


def test_it_ends_at_once_in_the_middle_of_a_pause() -> None:
    tried = threading.Event()

    def away() -> Scripted:
        tried.set()
        return Scripted([ServiceUnreachable("away")] * 9)

    assert supervised(Provisioning(away, first_pause_s=3600.0), tried).ended("grafana")


def test_a_fault_of_this_program_ends_nothing_and_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    tried = threading.Event()
    count = iter(range(9))

    def broken() -> Scripted:
        next(count)
        tried.set()
        return Scripted([ZeroDivisionError()])

    assert supervised(Provisioning(broken, first_pause_s=0.001), tried).ended("grafana")
    assert next(count) == 1
    assert "a fault in this program" in caplog.text


def test_without_a_host_there_is_no_thread() -> None:
    supervisor = Supervisor()
    add_grafana(Settings(), supervisor)
    supervisor.add("other", lambda _stopping: None)
    supervisor.run()  # it has nothing to wait for but `other`


def test_an_address_that_is_none_is_told_at_once() -> None:
    with pytest.raises(SettingsError, match="ftp"):
        add_grafana(Settings(grafana=GrafanaSettings(host="ftp://g")), Supervisor())


def test_it_stays_when_it_went_well_because_a_worker_that_returns_ends_its_instance() -> None:
    provisioner, stop = Scripted(), threading.Event()
    work = Provisioning(lambda: provisioner)
    thread = threading.Thread(target=work.run, args=(stop.is_set,))
    thread.start()
    assert provisioner.done.wait(30.0)
    thread.join(0.2)
    assert thread.is_alive()
    stop.set()
    work.wake()
    thread.join(30.0)
    assert not thread.is_alive()
