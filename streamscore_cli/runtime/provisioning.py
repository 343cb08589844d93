"""Services made as wanted while an instance runs: Grafana in a thread of its own, tried until it takes it.

What is wanted is in provision/; InfluxDB's turn is when its sink first writes (`runtime.sinks`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import SystemRandom
from threading import Event

from streamscore_cli.config.addresses import service_url
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import StreamscoreError
from streamscore_cli.core.log_events import event
from streamscore_cli.provision.grafana import GrafanaProvisioner
from streamscore_cli.provision.plan import Action, Provisioner, Step, changed
from streamscore_cli.runtime.supervisor import Supervisor

log = logging.getLogger("streamscore.grafana")

GRACE_S = 0.2
"""What the end waits for a request to Grafana that is under way."""

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
CHANCE = SystemRandom()


def add_grafana(settings: Settings, supervisor: Supervisor) -> None:
    """Have Grafana made as wanted, where there is one; raises `SettingsError` for an address that is none."""
    grafana = settings.grafana
    if not grafana.host:
        return
    service_url(grafana.host, grafana.port)
    work = Provisioning(lambda: GrafanaProvisioner(settings))
    supervisor.add("grafana", work.run, work.wake, may_be_late_s=GRACE_S)


def make_as_wanted(provisioner: Provisioner, told: logging.Logger, known: set[Step]) -> None:
    """Plan, apply, and log what was changed and what was left alone; raises as the provisioner does.

    `known` is what was left alone the last time, and is kept up to date: that is not logged again.
    """
    plan = provisioner.plan()
    news = [step for step in plan.left if step not in known]
    known.clear()
    known.update(plan.left)
    for step in news:
        extra = event("provisioning-left", target=step.target, thing=step.thing, found=step.found)
        told.warning("%s: %s: %s; wanted: %s", step.target, step.thing, step.found, step.wanted, extra=extra)
    for step in changed(provisioner, plan):
        extra = event("provisioned", target=step.target, thing=step.thing, action=step.action.value, wanted=step.wanted)
        made = "made" if step.action is Action.CREATE else "changed"
        was = step.found or "nothing"
        told.info("%s: %s: %s; found: %s; wanted: %s", step.target, step.thing, made, was, step.wanted, extra=extra)


class Provisioning:
    """A worker that makes one service as wanted, as often as it takes; it never fails."""

    def __init__(self, provisioner: Callable[[], Provisioner], first_pause_s: float = FIRST_PAUSE_S) -> None:
        """Take what makes the provisioner, which is called by the worker's thread, and the pause that doubles."""
        self._provisioner = provisioner
        self._first_pause_s = first_pause_s
        self._woken = Event()
        self._left: set[Step] = set()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Try until it went well, then only wait for the end: a worker that returns ends its instance."""
        pause_s, problem = self._first_pause_s, ""
        while not stopping() and (said := self._attempt()):
            if said != problem:
                log.warning("%s It is tried again.", said, extra=event("provisioning-failed", cause=said))
            problem = said
            self._woken.wait(pause_s * CHANCE.uniform(0.5, 1.0))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        while not stopping():
            self._woken.wait()

    def wake(self) -> None:
        """End its wait, when it is told to stop."""
        self._woken.set()

    def _attempt(self) -> str:
        """Return why it did not go well, empty when it did."""
        try:
            make_as_wanted(self._provisioner(), log, self._left)
        except StreamscoreError as error:
            return str(error)
        except Exception:
            log.exception("a fault in this program: Grafana is left as it is")
        return ""
