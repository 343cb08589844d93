"""The things in Grafana one by one: what is found, what is to be done, and the doing; the order is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from streamscore_cli import __version__
from streamscore_cli.provision.grafana_api import GrafanaApi
from streamscore_cli.provision.grafana_wanted import FOLDER_UID, DataSource
from streamscore_cli.provision.json_document import Document, differences, flag, number, part, text
from streamscore_cli.provision.plan import Action, Step

IGNORED = frozenset({"id", "version", "schemaVersion"})
"""What Grafana counts by itself in a dashboard."""

MOST_NAMED = 3
OF_A_FILE = "a file of Grafana's makes it: change it there"


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be done about a thing as it was found just now, and what does it."""

    step: Step
    act: Callable[[], None]


class Thing(Protocol):
    """Something that there should be in Grafana."""

    @property
    def name(self) -> str:
        """Return what it is, for people; unique."""
        ...

    def look(self) -> Look:
        """Read what is there, changing nothing; raises `ServiceUnreachable` and `ServiceRefused`, as acting does."""
        ...


@dataclass(frozen=True, slots=True)
class SourceThing:
    """A data source; one that a file of Grafana's made is left alone. With `renew` its secrets are sent anew."""

    api: GrafanaApi
    target: str
    source: DataSource
    renew: bool = False

    @property
    def name(self) -> str:
        """Return what it is, for people."""
        return f"data source {self.source.name}"

    def look(self) -> Look:
        """Compare it by its uid; a stranger of its name is left alone."""
        source = self.source
        found = self.api.source(source.uid)
        if found is not None:
            return self._compared(found)
        stranger = self.api.source_named(source.name)
        if stranger is not None:
            why = f"the name belongs to another (uid {text(stranger, 'uid')}): rename or delete that"
            return self._left(why)
        step = Step(self.target, self.name, Action.CREATE, "", self._words())
        return Look(step, lambda: self.api.make_source({**source.shown, "secureJsonData": dict(source.secrets)}))

    def _compared(self, found: Document) -> Look:
        source = self.source
        wrong = [f"{path} differs" for path in differences(found, source.shown)]
        kept = part(found, "secureJsonFields")
        wrong += [f"no {name}" for name in source.secrets if not flag(kept, name)]
        if self.renew and source.secrets:
            wrong.append("secrets to be sent again")
        if not wrong:
            return _nothing(Step(self.target, self.name, Action.NONE, "as wanted", self._words()))
        if flag(found, "readOnly"):
            return self._left(f"{_some(wrong)}; {OF_A_FILE}")
        version = number(found, "version")
        written = {
            **source.shown,
            "isDefault": flag(found, "isDefault"),
            "basicAuth": flag(found, "basicAuth"),
            "basicAuthUser": text(found, "basicAuthUser"),
            "jsonData": {**part(found, "jsonData"), **part(source.shown, "jsonData")},
            "secureJsonData": dict(source.secrets),
            **({} if version is None else {"version": version}),
        }
        step = Step(self.target, self.name, Action.UPDATE, _some(wrong), self._words())
        return Look(step, lambda: self.api.change_source(source.uid, written))

    def _left(self, why: str) -> Look:
        return _nothing(Step(self.target, self.name, Action.LEAVE, why, self._words()))

    def _words(self) -> str:
        login = ", with a secret" if self.source.secrets else ""
        return text(self.source.shown, "url") + login


@dataclass(frozen=True, slots=True)
class FolderThing:
    """The folder of the dashboards; one of its title is taken as it is, whatever its uid."""

    api: GrafanaApi
    target: str
    title: str

    @property
    def name(self) -> str:
        """Return what it is, for people."""
        return f"folder {self.title}"

    @property
    def uid(self) -> str:
        """Return the uid of the folder that is there, else of the one to be made."""
        return text(self._found(), "uid") or FOLDER_UID

    def look(self) -> Look:
        """Compare its title."""
        found = self._found()
        if found is None:
            step = Step(self.target, self.name, Action.CREATE, "", "there")
            return Look(step, lambda: self.api.make_folder(FOLDER_UID, self.title))
        title = text(found, "title")
        if title == self.title:
            return _nothing(Step(self.target, self.name, Action.NONE, "there", "there"))
        version = number(found, "version")
        step = Step(self.target, self.name, Action.UPDATE, f"named {title}", f"named {self.title}")
        return Look(step, lambda: self.api.change_folder(FOLDER_UID, self.title, version))

    def _found(self) -> Document | None:
        found = self.api.folder(FOLDER_UID)
        if found is not None:
            return found
        return next(
            (dict(folder) for folder in _documents(self.api.folders()) if text(folder, "title") == self.title), None
        )


@dataclass(frozen=True, slots=True)
class DashboardThing:
    """A dashboard; one that a file of Grafana's made is left alone."""

    api: GrafanaApi
    target: str
    folder: FolderThing
    dashboard: Document

    @property
    def name(self) -> str:
        """Return what it is, for people."""
        return f"dashboard {text(self.dashboard, 'title')}"

    def look(self) -> Look:
        """Compare it by its uid, and where it is."""
        found = self.api.dashboard(text(self.dashboard, "uid"))
        wanted, folder_uid = f"as in streamscore {__version__}", self.folder.uid
        if found is None:
            return Look(Step(self.target, self.name, Action.CREATE, "", wanted), self._saving(folder_uid, None))
        inside, meta = part(found, "dashboard"), part(found, "meta")
        wrong = [f"{path} differs" for path in differences(inside, self.dashboard, IGNORED)]
        if text(meta, "folderUid") != folder_uid:
            wrong.append(f"in folder {text(meta, 'folderTitle') or text(meta, 'folderUid') or 'General'}")
        if flag(meta, "provisioned"):  # its file decides where it is, too
            return self._of_a_file(wrong, wanted)
        if not wrong:
            return _nothing(Step(self.target, self.name, Action.NONE, "as wanted", wanted))
        step = Step(self.target, self.name, Action.UPDATE, _some(wrong), wanted)
        return Look(step, self._saving(folder_uid, number(inside, "version")))

    def _of_a_file(self, wrong: list[str], wanted: str) -> Look:
        content = [text for text in wrong if not text.startswith("in folder ")]
        if not content:
            return _nothing(Step(self.target, self.name, Action.NONE, "as wanted, made from a file", wanted))
        why = f"{_some(content)}; {OF_A_FILE}"
        return _nothing(Step(self.target, self.name, Action.LEAVE, why, wanted))

    def _saving(self, folder_uid: str, version: int | None) -> Callable[[], None]:
        """Return what saves it; without `overwrite`, which would take over a stranger of the same title."""
        counted = {} if version is None else {"version": version}
        command = {
            "dashboard": {**self.dashboard, "id": None, **counted},
            "folderUid": folder_uid,
            "message": f"streamscore {__version__}",
            "overwrite": False,
        }
        return lambda: self.api.save_dashboard(command)


def _nothing(step: Step) -> Look:
    return Look(step, lambda: None)


def _some(wrong: list[str]) -> str:
    more = len(wrong) - MOST_NAMED
    return ", ".join(wrong[:MOST_NAMED]) + (f", and {more} more" if more > 0 else "")


def _documents(values: Iterable[object]) -> list[Document]:
    return [value for value in values if isinstance(value, dict)]
