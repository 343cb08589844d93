"""A directory of compiled models that survives restarts, bounded in bytes; what is in them is not known here.

Any number of processes may use one directory: entries are written beside and renamed, never changed. The directory and
its entries must belong to this user and be writable by nobody else; what is not so is not read.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamscore_cli.core.log_events import event

log = logging.getLogger("streamscore.models")

_KEY = re.compile("[0-9a-f]{64}")
SUFFIX = ".model"
LEFT_OVER_S = 3600.0
"""The age at which a half-written entry is one whose writer is gone."""

_MAGIC = b"\x93SCMC\r\n\x1a"
_HEAD = 64
"""Bytes before what is kept: the magic number and the entry's key, so that a renamed entry is none."""

_FOREIGN = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    size_bytes: int
    used_s: float


class CompiledCache:
    """Keeps bytes by key (64 hexadecimal digits); where it cannot, it says so once and keeps nothing."""

    def __init__(self, directory: Path, most_bytes: int, user: Callable[[], int] = os.geteuid) -> None:
        """Take the directory, which the first writing makes, how many bytes it may hold, and whose it has to be."""
        self._directory = directory
        self._most_bytes = most_bytes
        self._user = user
        self._said = False

    def get(self, key: str) -> memoryview | None:
        """Return what was kept under a key, as it is on the disk; None where there is nothing, or nothing to trust."""
        try:
            with self._opened() as folder:
                return _read(folder, key, self._user())
        except FileNotFoundError:
            return None
        except OSError as problem:
            self._say(problem)
            return None

    def put(self, key: str, data: memoryview) -> None:
        """Keep bytes under a key, and remove what was not used for longest beyond the bound."""
        if _HEAD + len(data) > self._most_bytes:
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as folder:
                _write(folder, key, data)
                _shrink(folder, self._most_bytes)
        except OSError as problem:
            self._say(problem)

    def drop(self, key: str, reason: str) -> None:
        """Remove an entry that turned out to be broken."""
        extra = event("compiled-model-broken", file=str(self._directory / (key + SUFFIX)), cause=reason)
        log.warning("a stored compiled model is broken, compiling anew: %s", reason, extra=extra)
        with suppress(OSError), self._opened() as folder:
            _remove(folder, key + SUFFIX)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the directory, so that it stays the one that was looked at; raises `OSError` where others may write."""
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _check_own(os.fstat(folder), str(self._directory), self._user())
            yield folder
        finally:
            os.close(folder)

    def _say(self, problem: OSError) -> None:
        if not self._said:
            self._said = True
            extra = event("compiled-models-not-kept", directory=str(self._directory), cause=str(problem))
            log.warning("compiled models are not kept in %s: %s", self._directory, problem, extra=extra)


def _check_own(found: os.stat_result, name: str, user: int) -> None:
    if found.st_uid != user or found.st_mode & _FOREIGN:
        raise PermissionError(f"{name} belongs to another user, or others may write to it")


def _read(folder: int, key: str, user: int) -> memoryview | None:
    name = key + SUFFIX
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise PermissionError(f"{name} is no file")
        _check_own(found, name, user)
        whole = np.empty(found.st_size, dtype=np.uint8).data
        filled = 0
        while count := os.readv(file, [whole[filled:]]) if filled < len(whole) else 0:
            filled += count
    finally:
        os.close(file)
    with suppress(OSError):
        os.utime(name, dir_fd=folder)
    if bytes(whole[:_HEAD]) != _head(key):
        return whole[:0]
    return whole[_HEAD:filled]


def _write(folder: int, key: str, data: memoryview) -> None:
    beside = f".{key}.{os.getpid()}.{secrets.token_hex(4)}"
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        try:
            for part in (memoryview(_head(key)), data):
                rest = part
                while rest:
                    rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)
        os.rename(beside, key + SUFFIX, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        _remove(folder, beside)
        raise


def _shrink(folder: int, most_bytes: int) -> None:
    """Remove entries, the longest unused first, until the rest fits; and what writers that are gone left behind."""
    entries = sorted(_entries(folder), key=lambda entry: entry.used_s, reverse=True)
    room = most_bytes
    for entry in entries:
        room -= entry.size_bytes
        if room < 0:
            _remove(folder, entry.name)


def _entries(folder: int) -> Iterator[_Entry]:
    """Yield the entries; removes half-written ones on the way."""
    with os.scandir(folder) as found:
        for one in found:
            with suppress(FileNotFoundError):
                state = one.stat(follow_symlinks=False)
                if _is_key(one.name.removesuffix(SUFFIX)) and one.name.endswith(SUFFIX):
                    yield _Entry(one.name, state.st_size, state.st_mtime)
                elif _is_key(one.name[1:65]) and one.name[:1] == "." and state.st_mtime < time.time() - LEFT_OVER_S:
                    _remove(folder, one.name)


def _is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def _head(key: str) -> bytes:
    return (_MAGIC + bytes.fromhex(key)).ljust(_HEAD, b"\0")


def _remove(folder: int, name: str) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)
