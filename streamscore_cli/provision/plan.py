"""What is there, what should be, and what to do about it, as values; it talks to no server and shows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Action(StrEnum):
    """What is to be done about a thing; LEAVE: it differs, and is left alone for the reason that `found` gives."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing of a service: `target` is the service with its address, `found` is empty where there is none yet.

    Texts are for people and hold no secrets.
    """

    target: str
    thing: str
    action: Action
    found: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps for a service, in the order in which they are to be taken."""

    steps: tuple[Step, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """Return the steps that change something."""
        return tuple(step for step in self.steps if step.action in {Action.CREATE, Action.UPDATE})

    @property
    def left(self) -> tuple[Step, ...]:
        """Return the steps that would, but may not."""
        return tuple(step for step in self.steps if step.action is Action.LEAVE)

    def __add__(self, other: Plan) -> Plan:
        """Return the steps of both, these first."""
        return Plan((*self.steps, *other.steps))


class Provisioner(Protocol):
    """Makes a service match a wanted state; idempotent: after `apply`, `plan` has no changes.

    Both raise `ServiceUnreachable` when nothing answers in time, and `ServiceRefused` when the answer is no.
    """

    def plan(self) -> Plan:
        """Look at what is there and return what is to be done; changes nothing."""
        ...

    def apply(self, plan: Plan) -> None:
        """Do what `plan` says; a thing that somebody else made meanwhile is no failure."""
        ...


def changed(provisioner: Provisioner, plan: Plan) -> Iterator[Step]:
    """Do the changes of a plan one by one, yielding each that was made; raises as `Provisioner.apply`.

    So it is known what was changed where a later one fails.
    """
    for step in plan.changes:
        provisioner.apply(Plan((step,)))
        yield step
