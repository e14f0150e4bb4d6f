"""One holder at a time, threads of this process included: a lock on a file of a library's folder."""

from __future__ import annotations

from fieldcraft.common.files import Folder
from fieldcraft.common.locks import FileLock, LockTimeout


class LockTaken(Exception):
    """Another process or thread has the lock."""


class FolderLock:
    """The lock itself; it can be taken once."""

    def __init__(self) -> None:
        self._lock: FileLock | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object has it."""
        return self._lock is not None

    def acquire(self, folder: Folder, name: str, timeout: float) -> None:
        """Take the lock that the file `name` of `folder` stands for; it is made where it is missing.

        Raises:
            LockTaken: it was not free within `timeout` seconds.
            UnsafeFile: `name` is no plain file, or has a second name elsewhere.
            OSError: the folder cannot be written, or its file system has no locks.
        """
        lock = FileLock(name)
        try:
            lock.acquire(folder, timeout=timeout)
        except LockTimeout as error:
            raise LockTaken(str(folder.path / name)) from error
        self._lock = lock

    def release(self) -> None:
        """Let go of it. Safe to call twice."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
