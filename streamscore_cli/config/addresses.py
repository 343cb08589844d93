"""Hosts and addresses of services as people write them; it resolves no name and connects to nothing."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from streamscore_cli.core.errors import SettingsError

SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[\w.-]+)?|\*")
LONGEST_NAME = 253
LONGEST_LABEL = 63
BLANK = re.compile(r"[\x00-\x20\x7f]")


def normalise_host(value: str) -> str:
    """Return the host of `value`: no http://, no trailing slash, no brackets of IPv6; https:// is kept.

    Empty stays empty. Raises SettingsError for a port or a path in it, for another scheme, and for what is no host.
    """
    text = value.strip()
    scheme = SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    rest = rest.rstrip("/")
    if scheme and scheme["scheme"].lower() not in {"http", "https"}:
        raise SettingsError(f"{value!r} is not a host: {scheme['scheme']}:// is not understood.", "Use http or https.")
    if re.fullmatch(r"[^:\[\]]+:\d+|\[.*\]:\d+", rest):
        raise SettingsError(f"{value!r} holds a port.", "Write the host alone, and the port as the setting 'port'.")
    host = rest[1:-1] if rest.startswith("[") and rest.endswith("]") else rest
    if host and not (HOST.fullmatch(host) and _can_be_asked_for(host)):
        raise SettingsError(f"{value!r} is not a host.", "Write a name or an address, such as 'localhost'.")
    return f"https://{host}" if scheme and scheme["scheme"].lower() == "https" else host


def service_url(host: str, port: int) -> str:
    """Return the address of an HTTP service from its settings, https where the host says so; no slash at the end.

    Raises as `normalise_host`.
    """
    name = normalise_host(host)
    scheme, _, bare = name.rpartition("://")
    return f"{scheme or 'http'}://{f'[{bare}]' if ':' in bare else bare}:{port}"


def checked_url(setting: str, value: str) -> str:
    """Return an address with http or https and a host, as it is; empty stays empty.

    Raises SettingsError for anything else, and for a user or password in it; the value is not told, as it may hold one.
    """
    text = value.strip()
    parts = _parts(text)
    if text and (parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or BLANK.search(text)):
        raise SettingsError(f"{setting} is not an address.", "Write it as http://host:port or https://host:port.")
    if parts is not None and "@" in parts.netloc:
        raise SettingsError(f"{setting} holds a user or password.", "Such addresses are shown: leave them out.")
    return text


def _parts(text: str) -> SplitResult | None:
    with suppress(ValueError):
        parts = urlsplit(text)
        _ = parts.port  # may raise
        return parts
    return None


def _can_be_asked_for(host: str) -> bool:
    """Tell whether a resolver takes this: labels of 1 to 63 characters, or an address of IPv6 that is one."""
    if ":" in host:
        with suppress(ValueError):
            return bool(str(IPv6Address(host)))
        return False
    name = host.removesuffix(".")
    return len(name) <= LONGEST_NAME and all(0 < len(label) <= LONGEST_LABEL for label in name.split("."))
