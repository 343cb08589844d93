"""What `streamscore serve` says when it cannot start, in both forms of the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from streamscore_cli.commands.exit_codes import ExitCode


def ended(directory: Path, log_format: str) -> subprocess.CompletedProcess[str]:
    """Return a server that ended at once, because its records are of a message type that nobody knows."""
    return subprocess.run(
        [sys.executable, "-m", "streamscore_cli", "serve", "--port", "0", "--log-format", log_format],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=directory,
        env={**os.environ, "STREAMSCORE_RECORDS_MESSAGE": "no.Such"},
    )


def test_a_failure_is_a_line_of_json_like_all_others(tmp_path: Path) -> None:
    done = ended(tmp_path, "json")
    *_, last = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == ExitCode.SETTINGS
    assert (last["event"], last["level"]) == ("failed", "error")
    assert "no.Such" in last["reason"]


def test_people_are_told_as_by_every_other_command(tmp_path: Path) -> None:
    done = ended(tmp_path, "text")
    assert done.returncode == ExitCode.SETTINGS
    assert "error: " in done.stderr
    assert "no.Such" in done.stderr
    assert done.stderr.count("no.Such") == 1
