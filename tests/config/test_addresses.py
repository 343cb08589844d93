"""Hosts with and without http://."""

from __future__ import annotations

import pytest

from streamscore_cli.config.addresses import checked_url, normalise_host, service_url
from streamscore_cli.config.loader import load
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
    "given",
    [
        "localhost:8086",
        "http://localhost:8086",
        "[::1]:80",
        "ftp://host",
        "a b",
        "host/path",
        "user@host",
        "my..host",
        "x" * 64,
        ".".join(["x" * 60] * 5),
        ":::",
        "a::b::c",
        ":",
    ],
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


@pytest.mark.parametrize(
    "url", ["", "http://influx:8086", "https://influx", "http://influx:8086/a/b", "http://[::1]:9090/", "HTTP://x"]
)
def test_addresses_that_are_taken_as_they_are(url: str) -> None:
    assert checked_url("grafana.influxdb_url", f" {url} ") == url


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("influx:8086", "is not an address"),
        ("not a url", "is not an address"),
        ("ftp://hunter2", "is not an address"),
        ("http://", "is not an address"),
        ("http://:80", "is not an address"),
        ("http://host:hunter2", "is not an address"),
        ("http://host:99999", "is not an address"),
        ("http://[hunter2", "is not an address"),
        ("http://a b", "is not an address"),
        ("http://admin:hunter2@influx:8086", "holds a user or password"),
        ("http://hunter2@influx:8086", "holds a user or password"),
        ("http://@influx", "holds a user or password"),
    ],
)
def test_addresses_are_refused_without_telling_them(url: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_url("traces.endpoint", url)
    assert f"traces.endpoint {text}" in caught.value.message
    assert "hunter2" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("path", ["grafana.influxdb_url", "grafana.prometheus_url", "traces.endpoint"])
def test_settings_with_a_password_in_an_address_are_not_loaded(path: str) -> None:
    assert load(None, {}, {path: "http://collector:4318"})
    with pytest.raises(SettingsError, match=path) as caught:
        load(None, {}, {path: "http://admin:hunter2@influx:8086"})
    assert "hunter2" not in str(caught.value)
