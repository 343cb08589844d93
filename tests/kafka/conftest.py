"""Fixtures for the tests of kafka/: those of tests/integration, on the same broker."""

from __future__ import annotations

from tests.integration.conftest import broker, fresh_broker, settings

__all__ = ["broker", "fresh_broker", "settings"]
