"""A zipped SavedModel directory, walked member by member; it extracts the variables' files and nothing else."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from streamscore_cli.core.errors import ModelRejected

_GRAPH_FILE = "saved_model.pb"
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_CHUNK = 1 << 20
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much an archive may hold: members, bytes unpacked, bytes unpacked for one packed (after the first MiB)."""

    max_members: int = 1_000
    max_bytes: int = 1 << 30
    max_ratio: int = 100


@dataclass(frozen=True, slots=True)
class SavedModelArchive:
    """An archive whose members have been looked at; `root` is the folder in it that holds saved_model.pb."""

    archive: zipfile.ZipFile
    members: dict[str, zipfile.ZipInfo]
    root: str

    def graph(self) -> bytes:
        """Return the bytes of saved_model.pb."""
        return b"".join(self._chunks(self.members[self.root + _GRAPH_FILE]))

    def extract_variables(self, folder: Path) -> Path | None:
        """Write the files of variables/ into `folder`; return the path that TensorFlow restores from, None if none."""
        prefix = f"{self.root}variables/"
        for name, member in self.members.items():
            base = name.removeprefix(prefix)
            if name.startswith(prefix) and base.startswith("variables.") and "/" not in base:
                with (folder / base).open("xb") as file:
                    file.writelines(self._chunks(member))
        path = folder / "variables"
        return path if path.with_suffix(".index").is_file() else None

    def _chunks(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        left = member.file_size
        try:
            with self.archive.open(member) as file:
                while chunk := file.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise ModelRejected(f"The archive's member '{member.filename:.200}' is bigger than it says.")
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise ModelRejected(f"The archive's member '{member.filename:.200}' cannot be read: {error}.") from None


@contextmanager
def open_archive(data: bytes, limits: ArchiveLimits) -> Iterator[SavedModelArchive]:
    """Open a zip archive of a SavedModel directory after looking at every member; nothing is unpacked yet.

    Raises `ModelRejected` on links, devices, absolute or climbing paths, duplicates, encryption, and on more members,
    bytes or compression than allowed.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise ModelRejected(f"The SavedModel archive is no readable zip file: {error}.") from None
    with archive:
        members = _checked_members(archive, limits)
        yield SavedModelArchive(archive, members, _root(members))


def _checked_members(archive: zipfile.ZipFile, limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > limits.max_members:
        raise ModelRejected(f"The archive has {len(infos):,} members, the limit is {limits.max_members:,}.")
    total = sum(info.file_size for info in infos)
    if total > limits.max_bytes:
        raise ModelRejected(f"The archive unpacks to {total:,} bytes, the limit is {limits.max_bytes:,}.")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _check_member(info, limits)
        name = str(PurePosixPath(info.filename))
        if name in members:
            raise ModelRejected(f"The archive has the member '{name:.200}' twice.")
        members[name] = info
    return {name: info for name, info in members.items() if not info.is_dir()}


def _check_member(info: zipfile.ZipInfo, limits: ArchiveLimits) -> None:
    path = PurePosixPath(info.orig_filename)
    climbing = path.is_absolute() or ".." in path.parts or any(char in info.orig_filename for char in "\\:\0")
    kind = stat.S_IFMT(info.external_attr >> 16)
    problem = ""
    if climbing or not path.parts:
        problem = "leads out of its directory"
    elif kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        problem = "is neither a file nor a directory but a link or a device"
    elif info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        problem = "is encrypted or packed in another way than deflate"
    elif info.file_size > _SMALL + limits.max_ratio * info.compress_size:
        problem = f"unpacks to more than {limits.max_ratio} times its size"
    if problem:
        raise ModelRejected(f"The archive's member '{info.orig_filename!r:.200}' {problem}.")


def _root(members: dict[str, zipfile.ZipInfo]) -> str:
    found = [name for name in members if PurePosixPath(name).name == _GRAPH_FILE]
    if len(found) != 1:
        raise ModelRejected(
            f"The archive has {len(found)} files {_GRAPH_FILE}; a SavedModel has one.",
            "Zip the SavedModel directory itself.",
        )
    return found[0].removesuffix(_GRAPH_FILE)
