"""Generates streamscore_cli/records/pb from protos/, or with --check says what is stale; it changes nothing else."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGE = "streamscore_cli/records/pb"
GENERATED = ("*_pb2.py", "*_pb2.pyi")


class GenerationFailed(Exception):
    """The protocol compiler refused a file; it has said why on standard error."""


def type_stub_plugin() -> Path:
    """Return the program of mypy-protobuf that belongs to this interpreter, whatever PATH says."""
    program = Path(sys.executable).parent / "protoc-gen-mypy"
    if not program.exists():
        message = f"{program} is not there: install mypy-protobuf {distribution('mypy-protobuf').version} again"
        raise GenerationFailed(message)
    return program


def generate(target: Path) -> dict[str, bytes]:
    """Compile all of protos/ below `target` and return the files by name.

    The files get the package's path as their name (`-I virtual=real`): imports between generated modules then work, and
    no other program's file of the same name clashes with ours in the descriptor pool.
    """
    arguments = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--proto_path={PACKAGE}={PROTOS}",
        f"--plugin=protoc-gen-mypy={type_stub_plugin()}",
        f"--python_out={target}",
        f"--mypy_out=quiet:{target}",
        *(str(path) for path in sorted(PROTOS.glob("*.proto"))),
    ]
    if subprocess.run(arguments, check=False).returncode != 0:
        message = f"protoc failed on {PROTOS.name}/"
        raise GenerationFailed(message)
    return read(target / PACKAGE)


def read(folder: Path) -> dict[str, bytes]:
    """Return the generated files in `folder` by name."""
    return {path.name: path.read_bytes() for pattern in GENERATED for path in sorted(folder.glob(pattern))}


def stale(committed: dict[str, bytes], fresh: dict[str, bytes]) -> list[str]:
    """Return the names of files that are missing, different or no longer generated."""
    names = sorted(committed.keys() | fresh.keys())
    return [f"{PACKAGE}/{name}" for name in names if committed.get(name) != fresh.get(name)]


def main() -> int:
    """Write the files, or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 and name the files that are stale")
    check = parser.parse_args().check
    folder = ROOT / PACKAGE
    with tempfile.TemporaryDirectory() as temporary:
        fresh = generate(Path(temporary))
    names = stale(read(folder), fresh)
    if check:
        for name in names:
            print(f"{name} is stale: run scripts/make_protos.py", file=sys.stderr)
        return 1 if names else 0
    for name in names:
        target = ROOT / name
        content = fresh.get(target.name)
        if content is None:
            target.unlink()
        else:
            target.write_bytes(content)
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
