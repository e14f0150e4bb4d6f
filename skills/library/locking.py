"""A lock on a regular file of a folder, which is neither followed, truncated nor written.

It excludes holders of `filelock.FileLock` on the same file, such as versions before 0.2.
"""

from __future__ import annotations

import os
import sys
import time

from fieldcraft.common.files import Folder

_PAUSE = 0.05

if sys.platform == "win32":
    from filelock import FileLock, Timeout
else:
    import fcntl


class LockTaken(Exception):
    """Another process holds the lock."""


class FolderLock:
    """The lock; it can be acquired once."""

    def __init__(self) -> None:
        self._descriptor = -1

    @property
    def is_held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor >= 0

    def acquire(self, folder: Folder, name: str, timeout: float) -> None:
        """Acquire the lock on the file `name` of `folder`; the file is created if missing.

        Raises:
            LockTaken: it was not free within `timeout` seconds.
            UnsafeFile: `name` is not a regular file, or has hard links.
            OSError: the folder cannot be written, or its file system has no locks.
        """
        deadline = time.monotonic() + timeout
        while not self._try(folder, name):
            if time.monotonic() >= deadline:
                raise LockTaken(str(folder.path / name))
            time.sleep(_PAUSE)

    def release(self) -> None:
        """Release the lock. Safe to call twice."""
        if self.is_held:
            self._let_go()
            self._descriptor = -1

    if sys.platform == "win32":

        def _try(self, folder: Folder, name: str) -> bool:
            os.close(folder.open_file(name, os.O_RDWR | os.O_CREAT, own=True))
            self._lock = FileLock(folder.path / name, thread_local=False)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return False
            self._descriptor = 0
            return True

        def _let_go(self) -> None:
            self._lock.release()

    else:

        def _try(self, folder: Folder, name: str) -> bool:
            descriptor = folder.open_file(name, os.O_RDWR | os.O_CREAT, own=True)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                status = folder.status(name)
                if status is None or not os.path.samestat(status, os.fstat(descriptor)):
                    os.close(descriptor)
                    return False
            except BlockingIOError:
                os.close(descriptor)
                return False
            except BaseException:
                os.close(descriptor)
                raise
            self._descriptor = descriptor
            return True

        def _let_go(self) -> None:
            os.close(self._descriptor)
