"""Where the shipped sample data is, installed or in a checkout; it reads none of it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from streamscore_cli.core.errors import MissingDependency

PACKAGE = "streamscore_cli"
IN_WHEEL = "sample_data"
IN_CHECKOUT = "data"


def sample_data_dir() -> Path:
    """Return the directory with the sample records and models: the wheel's, else the checkout's `data/`.

    Raises `MissingDependency` where neither is there.
    """
    package = Path(str(files(PACKAGE)))
    for candidate in (package / IN_WHEEL, package.parent / IN_CHECKOUT):
        if candidate.is_dir():
            return candidate
    raise MissingDependency(
        f"The sample data is neither in {package / IN_WHEEL} nor in {package.parent / IN_CHECKOUT}.",
        "Install streamscore again, or name a directory of your own with --data-dir or DATA_DIRECTORY.",
    )
