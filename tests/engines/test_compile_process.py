"""Compiling in a child process: what comes back, what its limits say, and that nothing of it outlives anybody."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from benchmarks.pmml_models import forest
from streamscore_cli.core.errors import LoadAbandoned, ModelRejected, ModelUnsupported
from streamscore_cli.engines import compile_child
from streamscore_cli.engines.compile_limits import CompileLimits
from streamscore_cli.engines.compile_process import CompileProcess
from streamscore_cli.engines.compile_wire import ANSWER, MODEL, REFUSAL, REQUEST, Kind, Refusal
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.store import load, save
from streamscore_cli.engines.pmml_guard import PmmlLimits

WAIT_S = 30.0
SMALL = "winequality_linear_regression.pmml"


@cache
def large() -> bytes:
    """Return a forest of some 9 MB, which takes seconds and some 40 MB."""
    return forest(40, 12)


@pytest.fixture(scope="module")
def running() -> Iterator[CompileProcess]:
    """Give one process for several tests, as a server does for several models."""
    with CompileProcess(CompileLimits(PmmlLimits(max_nodes=100_000))) as one:
        yield one


def stub(
    code: str, limits: CompileLimits | None = None, stopping: Callable[[], bool] = lambda: False
) -> CompileProcess:
    """Return what talks to a process that runs `code` instead."""
    begin = "import os, sys, time, signal; i, o = sys.stdin.buffer, sys.stdout.buffer\n"
    return CompileProcess(limits or CompileLimits(), stopping, [sys.executable, "-S", "-c", begin + code])


def is_over(pid: int) -> bool:
    """Tell whether a process has ended; one that its next parent has not looked at yet counts."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in {"Z", "X"}


def await_over(pid: int) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not is_over(pid):
        assert time.monotonic() < deadline_s, f"process {pid} lives on"
        time.sleep(0.02)


def test_what_comes_back_is_what_compiling_here_gives_and_one_process_is_enough(
    running: CompileProcess, data_dir: Path
) -> None:
    names = (SMALL, "winequality_random_forest.pmml", SMALL)
    for data in ((data_dir / name).read_bytes() for name in names):
        found = running.compile(data)
        assert bytes(found) == save(compile_pmml(data))
        assert save(load(found)) == bytes(found)
    assert running.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, running.pid) == os.getpriority(os.PRIO_PROCESS, 0) + compile_child.NICE
    assert os.getpgid(running.pid) == running.pid
    with pytest.raises(ModelUnsupported, match="TextModel") as unsupported:
        running.compile(b'<PMML version="4.4"><Header/><DataDictionary/><TextModel functionName="x"/></PMML>')
    assert "docs/pmml.md" in unsupported.value.hint
    with pytest.raises(ModelRejected, match="DOCTYPE") as rejected:
        running.compile(b"<!DOCTYPE PMML><PMML/>")
    assert "Remove the DOCTYPE" in rejected.value.hint
    with pytest.raises(ModelRejected, match="more than 100,000 elements"):
        running.compile(b"<PMML>" + b"<a/>" * 100_001 + b"</PMML>")
    assert running.started == 1


def test_a_document_that_takes_too_much_memory_is_refused_with_the_setting_and_the_next_one_is_not(
    data_dir: Path,
) -> None:
    with CompileProcess(CompileLimits(memory_bytes=76 * 1024 * 1024)) as process:
        with pytest.raises(ModelRejected, match="takes more than 79,691,776 bytes of memory") as refused:
            process.compile(large())
        assert "models.compile_memory" in refused.value.hint
        assert process.pid is None
        assert process.compile((data_dir / SMALL).read_bytes())


def test_a_document_that_takes_too_long_is_refused_with_the_setting() -> None:
    with CompileProcess(CompileLimits(cpu_s=1.0)) as process:
        with pytest.raises(ModelRejected, match="more than 1 s of the processor") as refused:
            process.compile(forest(120, 12))  # some six seconds
        assert "models.compile_timeout" in refused.value.hint
        assert process.pid is None


def test_a_process_that_hangs_is_ended_by_the_clock() -> None:
    with stub("time.sleep(600)", CompileLimits(cpu_s=0.05)) as process:
        with pytest.raises(ModelRejected, match=r"more than 0\.25 s") as refused:
            process.compile(b"<PMML/>" * 100_000)
        assert "models.compile_timeout" in refused.value.hint


def test_a_process_that_is_killed_while_it_compiles_is_said_and_replaced(data_dir: Path) -> None:
    looks = 0

    def kill_at_the_third_look() -> bool:
        nonlocal looks
        looks += 1
        if looks == 3 and process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)
        return False

    with CompileProcess(CompileLimits(), kill_at_the_third_look) as process:
        with pytest.raises(ModelRejected, match="was killed") as refused:
            process.compile(large())
        assert "more memory" in refused.value.hint
        assert process.compile((data_dir / SMALL).read_bytes())
        assert process.started == 2


def test_a_stop_does_not_wait_for_what_is_being_compiled() -> None:
    pids = []

    def told_at_the_third_look() -> bool:
        pids.append(process.pid)
        return len(pids) == 3

    with CompileProcess(CompileLimits(), told_at_the_third_look) as process:
        with pytest.raises(LoadAbandoned):
            process.compile(large())
        assert process.pid is None
    assert pids[0] is not None
    assert is_over(pids[0])


@pytest.fixture
def adopting() -> Iterator[None]:
    """Make this process the next parent of orphans; the usual one would let a frozen orphan go on, which ends it."""
    set_child_subreaper, prctl = 36, ctypes.CDLL(None).prctl
    prctl(set_child_subreaper, 1, 0, 0, 0)
    yield
    prctl(set_child_subreaper, 0, 0, 0, 0)


@pytest.mark.usefixtures("adopting")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no signal for the death of a parent")
def test_it_ends_with_a_parent_that_is_killed_even_when_it_is_frozen() -> None:
    code = (
        "from streamscore_cli.engines.compile_process import CompileProcess\n"
        "from streamscore_cli.engines.compile_limits import CompileLimits\n"
        "def look():\n"
        "    print(process.pid, flush=True); return False\n"
        "process = CompileProcess(CompileLimits(), look)\n"
        "process.compile(open(0, 'rb').read())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(large())
        parent.stdin.close()
        pid = int(parent.stdout.readline())
        while "numpy" not in Path(f"/proc/{pid}/maps").read_text():  # which comes after all that is tested here
            assert int(parent.stdout.readline()) == pid
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
    try:
        await_over(pid)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


READ = f"h = i.read({REQUEST.size}); n = int.from_bytes(h[:8], 'little'); i.read(n)\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("o.write(b'x' * 100); o.flush(); time.sleep(600)", "what is no answer"),
        (READ + f"o.write({ANSWER.pack(MODEL, 1 << 62)!r}); o.flush(); time.sleep(600)", "what is no answer"),
        (READ + f"o.write({ANSWER.pack(MODEL, 0)!r}); o.flush(); time.sleep(600)", "what is no answer"),
        (READ + f"o.write({ANSWER.pack(REFUSAL, 4)!r} + b'null'); o.flush()", "what is no answer"),
        (READ + f"o.write({ANSWER.pack(REFUSAL, 9)!r} + b'\\xff' * 9); o.flush()", "what is no answer"),
        (f"o.write({ANSWER.pack(REFUSAL, 2)!r} + b'{{}}'); o.flush(); time.sleep(600)", "what is no answer"),
        (READ + f"o.write({ANSWER.pack(MODEL, 9)!r} + b'abc'); o.flush()", "ended with exit code 0"),
        (READ + "sys.exit('out of order')", "ended with exit code 1: out of order"),
        (READ + "os.kill(os.getpid(), signal.SIGSEGV)", f"ended with signal {int(signal.SIGSEGV)}"),
        ("o.close(); os.close(1); time.sleep(600)", "was killed"),
    ],
)
def test_whatever_the_process_does_instead_is_a_refusal(code: str, said: str) -> None:
    with stub(code) as process:
        with pytest.raises(ModelRejected, match=said):
            process.compile(b"<PMML/>" * 100_000)
        assert process.pid is None


def test_one_that_ended_because_it_was_idle_is_replaced() -> None:
    answer = Refusal(Kind.REJECTED, "no", "never").to_bytes()
    with stub(READ + f"o.write({ANSWER.pack(REFUSAL, len(answer)) + answer!r}); o.flush()") as process:
        for started in (1, 2, 3):
            with pytest.raises(ModelRejected, match="no never"):
                process.compile(b"<PMML/>")
            assert process.started == started
            assert process.pid is not None
            await_over(process.pid)


def test_the_real_one_ends_when_it_is_idle_or_its_input_ends() -> None:
    command = [sys.executable, "-m", "streamscore_cli.engines.compile_child", str(os.getpid()), "9", "9", "9"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
        assert idle.wait(WAIT_S) == 0
    done = subprocess.run(command, input=REQUEST.pack(9, 1 << 40, 9) + b"short", capture_output=True, check=True)
    assert done.stdout == b""


def test_it_gets_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMSCORE_MODEL_SERVER_TOKEN", "hidden")
    code = "sys.exit('known' if 'hidden' in str(os.environ) else 'unknown')"
    with stub(code) as process, pytest.raises(ModelRejected, match="exit code 1: unknown"):
        process.compile(b"<PMML/>")


def test_where_no_process_can_be_started_the_model_is_refused() -> None:
    with pytest.raises(ModelRejected, match="cannot be started"):
        CompileProcess(CompileLimits(), command=["/there/is/nothing"]).compile(b"<PMML/>")


def test_no_code_travels() -> None:
    folder = Path(compile_child.__file__).parent
    sources = [*folder.glob("compile*.py"), *(folder / "pmml" / "store").glob("*.py")]
    assert len(sources) > 12
    for source in sources:
        text = source.read_text()
        for name in ("import pickle", "import marshal", "import multiprocessing", "eval(", "exec("):
            assert name not in text, source
