"""Builds the Java peers with Maven, outside the tree; it runs none."""

from __future__ import annotations

import shutil
import subprocess
import sys

from benchmarks.contenders import peers_directory
from benchmarks.peers.peer import HERE


def build_peers() -> None:
    """Build what has changed; says what is missing where a JDK or Maven is."""
    missing = [program for program in ("javac", "mvn") if shutil.which(program) is None]
    if missing:
        sys.exit(f"The Java peers need a JDK (17 or newer) and Maven: there is no {' and no '.join(missing)}.")
    command = ["mvn", "--quiet", "--batch-mode", "package", f"-Dpeers.directory={peers_directory()}"]
    subprocess.run(command, cwd=HERE / "java", check=True)


if __name__ == "__main__":
    build_peers()
