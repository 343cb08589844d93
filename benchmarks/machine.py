"""What figures were measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

from streamscore_cli import __version__


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
