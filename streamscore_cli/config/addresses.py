"""Host names as people write them, with or without http://; it resolves no name and connects to nothing."""

from __future__ import annotations

import re

from streamscore_cli.core.errors import SettingsError

SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[\w.-]+)?|\*")


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
    if host and not HOST.fullmatch(host):
        raise SettingsError(f"{value!r} is not a host.", "Write a name or an address, such as 'localhost'.")
    return f"https://{host}" if scheme and scheme["scheme"].lower() == "https" else host


def service_url(host: str, port: int) -> str:
    """Return the address of an HTTP service from its settings, https where the host says so; no slash at the end.

    Raises as `normalise_host`.
    """
    name = normalise_host(host)
    scheme, _, bare = name.rpartition("://")
    return f"{scheme or 'http'}://{f'[{bare}]' if ':' in bare else bare}:{port}"
