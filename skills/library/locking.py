"""One holder at a time, threads of this process included: a lock on a file of a library's folder."""

from __future__ import annotations

from fieldcraft.common.files import Folder
from fieldcraft.common.locks import FileLock, LockTimeout


class LockTaken(Exception):
    """Another process or thread has the lock."""


class FolderLock:
    """The lock; it can be acquired once."""

    def __init__(self) -> None:
        self._lock: FileLock | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object has it."""
        return self._lock is not None

    def acquire(self, folder: Folder, name: str, timeout: float) -> None:
        """Acquire the lock on the file `name` of `folder`; the file is created if missing.

        Raises:
            LockTaken: it was not free within `timeout` seconds.
            UnsafeFile: `name` is not a regular file, or has hard links.
            OSError: the folder cannot be written, or its file system has no locks.
        """
        lock = FileLock(name)
        try:
            lock.acquire(folder, timeout=timeout)
        except LockTimeout as error:
            raise LockTaken(str(folder.path / name)) from error
        self._lock = lock

    def release(self) -> None:
        """Release the lock. Safe to call twice."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
