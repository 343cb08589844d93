"""What can stand in a header, and what is refused without being told."""

from __future__ import annotations

import pytest

from streamscore_cli.config.credentials import check_login, check_token
from streamscore_cli.core.errors import SettingsError


def test_what_is_taken() -> None:
    for token in ("", "abc-_=~", "glsa_0123:/+"):
        check_token("influxdb.token", token)
    for login in ("", "ann", "with space", "größe \u2019"):
        check_login("influxdb.password", login)


@pytest.mark.parametrize("token", ["hun\nter", "hun ter", "hunt\u2019er", "hunter\r", "hunter\x00"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(SettingsError, match=r"influxdb\.token is not a token") as caught:
        check_token("influxdb.token", token)
    assert "hun" not in str(caught.value)


@pytest.mark.parametrize("login", ["hun\nter", "hunter\r\n", "hunter\x00", "hunter\x7f", "hunter\ud800"])
def test_what_is_no_user_or_password(login: str) -> None:
    with pytest.raises(SettingsError, match=r"influxdb\.user") as caught:
        check_login("influxdb.user", login)
    assert "hun" not in str(caught.value)
