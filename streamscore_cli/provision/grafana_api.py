"""Grafana's HTTP API through grafana-client, and how its refusals are told; what should be there is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from streamscore_cli.config.addresses import service_url
from streamscore_cli.config.credentials import check_token
from streamscore_cli.config.settings import GrafanaSettings
from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable
from streamscore_cli.core.printable import printable
from streamscore_cli.provision.json_document import Document, text

if TYPE_CHECKING:
    from grafana_client.client import GrafanaException

LONGEST_REASON = 300
ERRNO = re.compile(r"\[Errno -?\d+\] ")
LOOK_AT_ADDRESS = "Look at grafana.host and grafana.port, and whether it runs."
HINTS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Give a service account's token (grafana.token, best as STREAMSCORE_GRAFANA_TOKEN_FILE), "
    "or grafana.user and grafana.password.",
    HTTPStatus.FORBIDDEN: "The token or user needs the role Admin of its organisation: data sources, folders and "
    "dashboards are read and written.",
    HTTPStatus.CONFLICT: "Something else has that name: rename or delete it in Grafana, then run this again.",
    HTTPStatus.PRECONDITION_FAILED: "Somebody changes it at this moment, or another one has its title: rename or "
    "delete that one, then run this again.",
    HTTPStatus.TOO_MANY_REQUESTS: "Try again later.",
}


class GrafanaApi:
    """One Grafana, spoken to by one thread; to be closed. Heavy to import, so made on first use."""

    def __init__(self, settings: GrafanaSettings, timeout_s: float, also_secret: Sequence[str] = ()) -> None:
        """Open a session; connects when something is asked. Raises `SettingsError` for what is no address or token.

        What Grafana says is shown without the `also_secret` texts, and without its own token and password.
        """
        from grafana_client import GrafanaApi as Client

        self.url = service_url(settings.host, settings.port)
        self._secrets = [secret for secret in (settings.token, settings.password, *also_secret) if secret]
        parts = urlsplit(self.url)
        self._api = Client(
            _login(settings), host=parts.netloc, protocol=parts.scheme, timeout=timeout_s, user_agent="streamscore"
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._api.client.s.close()

    def version(self) -> str:
        """Return its version, empty where it does not tell; raises `ServiceUnreachable` when this is no Grafana."""
        health = self._found(self._api.health.check)
        if health is None or not ({"database", "commit", "version"} & health.keys()):
            raise self._not_grafana("its /api/health says something else")
        return text(health, "version")

    def source(self, uid: str) -> Document | None:
        """Return a data source, None where there is none."""
        return self._found(lambda: self._api.datasource.get_datasource_by_uid(uid))

    def source_named(self, name: str) -> Document | None:
        """Return the data source of a name, None where there is none."""
        return self._found(lambda: self._api.datasource.get_datasource_by_name(quote(name, safe="")))

    def make_source(self, source: Document) -> None:
        """Create a data source."""
        self._document(lambda: self._api.datasource.create_datasource(source))

    def change_source(self, uid: str, source: Document) -> None:
        """Write a data source over the one there."""
        self._document(lambda: self._api.datasource.update_datasource_by_uid(uid, source))

    def folder(self, uid: str) -> Document | None:
        """Return a folder, None where there is none."""
        return self._found(lambda: self._api.folder.get_folder(uid))

    def folders(self) -> list[object]:
        """Return the folders of the uppermost level."""
        found = self._asked(self._api.folder.get_all_folders)
        if not isinstance(found, list):
            raise self._not_grafana("its list of folders is none")
        return found

    def make_folder(self, uid: str, title: str) -> None:
        """Create a folder."""
        self._document(lambda: self._api.folder.create_folder(title, uid))

    def change_folder(self, uid: str, title: str, version: int | None) -> None:
        """Give a folder another title; `version` is the one that was read."""
        self._document(lambda: self._api.folder.update_folder(uid, title, version))

    def dashboard(self, uid: str) -> Document | None:
        """Return a dashboard with its `meta`, None where there is none."""
        return self._found(lambda: self._api.dashboard.get_dashboard(uid))

    def save_dashboard(self, command: Document) -> None:
        """Create a dashboard or write it over the one there."""
        self._document(lambda: self._api.dashboard.update_dashboard(command))

    def _found(self, ask: Callable[[], Any]) -> Document | None:
        try:
            return self._document(ask)
        except ServiceRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _document(self, ask: Callable[[], Any]) -> Document:
        found = self._asked(ask)
        if not isinstance(found, Mapping):
            raise self._not_grafana("a web page or a text, where JSON belongs")
        return found

    def _asked(self, ask: Callable[[], Any]) -> object:
        """Return what Grafana answers; raises `ServiceUnreachable` and `ServiceRefused`, without any secret."""
        from grafana_client.client import GrafanaException
        from requests import RequestException

        try:
            return ask()
        except GrafanaException as error:
            raise self._refused(error) from None
        except ValueError:  # the JSON errors of requests are RequestExceptions too
            raise self._not_grafana("an answer that is not JSON") from None
        except RequestException as error:
            why = self._reason(_why(error))
            raise ServiceUnreachable(f"Grafana at {self.url} does not answer: {why}.", LOOK_AT_ADDRESS) from None

    def _refused(self, error: GrafanaException) -> ServiceRefused | ServiceUnreachable:
        status, response = error.status_code, error.response
        if isinstance(response, Mapping):
            said = self._reason(text(response, "message")) or f"HTTP {status}"
        elif status == HTTPStatus.NOT_FOUND:
            return self._not_grafana("HTTP 404 without JSON")
        else:
            said = f"HTTP {status} with a web page" if "<" in str(response) else self._reason(str(response))
        message = f"Grafana at {self.url} says no: {said or f'HTTP {status}'} ({status})."
        return ServiceRefused(message, HINTS.get(status, ""), status=status)

    def _not_grafana(self, why: str) -> ServiceUnreachable:
        return ServiceUnreachable(f"What answers at {self.url} is not Grafana: {why}.", LOOK_AT_ADDRESS)

    def _reason(self, said: str) -> str:
        for secret in self._secrets:
            said = said.replace(secret, "***")
        line = printable(said.strip().rstrip("."))
        return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3] + "..."


def _login(settings: GrafanaSettings) -> str | tuple[str, str] | None:
    """Return the token, else user and password, else nothing; raises SettingsError for what no header can hold."""
    check_token("grafana.token", settings.token)
    if settings.token:
        return settings.token
    if not settings.password:
        return None
    # requests would write them as latin-1; Grafana reads UTF-8
    return settings.user.encode().decode("latin-1"), settings.password.encode().decode("latin-1")


def _why(error: Exception) -> str:
    """Return why there was no answer as a short text: those of requests name objects and hold whole addresses.

    It is what the system or the protocol said, at the bottom of what they made of it.
    """
    from requests import RequestException, Timeout

    if isinstance(error, Timeout):
        return "no answer in time"
    said, cause = str(error), error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, OSError | HTTPException) and not isinstance(cause, RequestException):
            said = str(cause)
        cause = cause.__cause__ or cause.__context__
    return ERRNO.sub("", said) or type(error).__name__
