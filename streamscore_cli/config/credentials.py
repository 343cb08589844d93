"""Which texts can stand in an HTTP header as a token, or as a user and password; it sends nothing."""

from __future__ import annotations

import re

from streamscore_cli.core.errors import SettingsError

TOKEN = re.compile(r"[\x21-\x7e]+")
LOGIN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*")


def check_token(setting: str, value: str) -> None:
    """Raise SettingsError, without the value, for what no header can hold as a token; empty is none, and good."""
    if value and not TOKEN.fullmatch(value):
        raise SettingsError(f"{setting} is not a token: it has spaces or other characters that no token has.")


def check_login(setting: str, value: str) -> None:
    """Raise SettingsError, without the value, for a user or password with control characters, as line breaks."""
    if not LOGIN.fullmatch(value):
        raise SettingsError(f"{setting} has line breaks or other control characters.", "Look at where it is set.")
