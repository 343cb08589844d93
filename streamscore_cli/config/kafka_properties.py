"""Which librdkafka properties are secret, and how their values are read from files; it knows no client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from streamscore_cli.config.sources import read_secret
from streamscore_cli.core.errors import SettingsError

SECRET = re.compile(r"password|secret|passphrase|token|jaas|\.key\.pem$|oauthbearer\.config$", re.IGNORECASE)
FROM_FILE = "_file"


def is_secret(name: str) -> bool:
    """Return whether the value of the property must not be shown."""
    return SECRET.search(name) is not None and not name.endswith((FROM_FILE, ".url", ".location"))


def with_secrets(properties: Mapping[str, str], origin: str) -> dict[str, str]:
    """Return `properties` with each `"sasl.password_file" = path` replaced by `sasl.password` and the file's content.

    Raises SettingsError when both are given, or the file cannot be read.
    """
    complete: dict[str, str] = {}
    for name, value in properties.items():
        target = name.removesuffix(FROM_FILE)
        if target != name and target in properties:
            raise SettingsError(f"The Kafka properties {target} and {name} are both set (from {origin}).", "Keep one.")
        complete[target] = read_secret(Path(value), f"the Kafka property {name}") if target != name else value
    return complete
