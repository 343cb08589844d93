"""Hosts with and without http://."""

from __future__ import annotations

import pytest

from streamscore_cli.config.addresses import normalise_host, service_url
from streamscore_cli.core.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("", ""),
        ("localhost", "localhost"),
        ("http://localhost", "localhost"),
        ("HTTP://influx.example.org/", "influx.example.org"),
        ("https://influx.example.org", "https://influx.example.org"),
        ("10.0.0.7", "10.0.0.7"),
        ("0.0.0.0", "0.0.0.0"),  # noqa: S104
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("http://[fe80::1]", "fe80::1"),
        ("my_host-1", "my_host-1"),
    ],
)
def test_hosts(given: str, host: str) -> None:
    assert normalise_host(given) == host


@pytest.mark.parametrize(
    "given", ["localhost:8086", "http://localhost:8086", "[::1]:80", "ftp://host", "a b", "host/path", "user@host"]
)
def test_what_is_no_host_is_named(given: str) -> None:
    with pytest.raises(SettingsError) as caught:
        normalise_host(given)
    assert repr(given) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("influx", "http://influx:8086"),
        ("http://influx/", "http://influx:8086"),
        ("https://influx", "https://influx:8086"),
        ("::1", "http://[::1]:8086"),
        ("https://[fe80::1]", "https://[fe80::1]:8086"),
    ],
)
def test_addresses_of_services(host: str, url: str) -> None:
    assert service_url(host, 8086) == url
