"""Fixtures for all tests: where the data is; the broker's fixtures are in tests/integration."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("the same every time", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("the same every time")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the directory with the wine records and the sample models."""
    return ROOT / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the directory with the original's models and data, or skip where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir() and os.environ.get("CI"):
        pytest.fail("CI needs ../shared beside the project")
    if not folder.is_dir():
        pytest.skip("no ../shared beside the project: the original application's models are not at hand")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs TensorFlow where there is none: it has no wheel for every Python."""
    if find_spec("tensorflow") is not None:
        return
    for item in items:
        if "tensorflow" in item.keywords and item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.skip(reason="TensorFlow is not installed: no wheel for this Python?"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Make a skipped test a failure in CI, where everything has to be at hand."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
