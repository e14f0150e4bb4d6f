"""A lock on a file of a folder that others may have made: no link is followed, no byte of it is lost.

It excludes, and is excluded by, `filelock.FileLock` on the same file, which earlier versions used.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from fieldcraft.common.errors import Unavailable
from fieldcraft.common.files import Folder

if TYPE_CHECKING:
    import filelock

fcntl: Any = None
with suppress(ImportError):  # Windows has none
    fcntl = importlib.import_module("fcntl")

POLL_SECONDS = 0.02


class LockTimeout(Unavailable, TimeoutError):
    """Another process has the lock, and still had it after the time given."""


class FileLock:
    """One lock file. It nests: it is free again after as many `release` as `acquire`, from whichever thread.

    Attributes:
        name: of the file in its folder; it is made where it is missing, and never removed.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._count = 0
        self._descriptor = -1
        self._elsewhere: filelock.BaseFileLock | None = None
        self._mutex = threading.Lock()

    @property
    def is_locked(self) -> bool:
        """Whether this object has the lock."""
        return self._count > 0

    def acquire(self, folder: Folder, *, timeout: float = -1) -> None:
        """Take the lock, or count one more where this object has it already.

        Args:
            folder: where the file is; it may be closed once this returns.
            timeout: seconds to wait for it; 0 not at all, negative for ever.

        Raises:
            LockTimeout: another process has it.
            UnsafeFile: the file is a link, a pipe, a device, or has a second name elsewhere.
            OSError: the file cannot be opened for writing.
        """
        deadline = time.monotonic() + timeout
        while True:
            with self._mutex:
                if self._count or self._try(folder):
                    self._count += 1
                    return
            if timeout >= 0 and time.monotonic() >= deadline:
                raise LockTimeout(f"{folder.path / self.name} is held by another process")
            time.sleep(POLL_SECONDS)

    def release(self) -> None:
        """Give up one `acquire`. Does nothing where the lock is not held."""
        with self._mutex:
            if not self._count:
                return
            self._count -= 1
            if self._count:
                return
            if self._elsewhere is not None:
                self._elsewhere.release()
                self._elsewhere = None
            elif fcntl is not None:
                self._let_go()

    @contextmanager
    def held(self, folder: Folder, *, timeout: float = -1) -> Iterator[None]:
        """Hold the lock for a block; arguments and errors are those of `acquire`."""
        self.acquire(folder, timeout=timeout)
        try:
            yield
        finally:
            self.release()

    def _try(self, folder: Folder) -> bool:
        if fcntl is None:
            return self._try_elsewhere(folder)
        self._descriptor = folder.open_file(self.name, os.O_RDWR | os.O_CREAT, mode=0o644, own=True)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_still(folder):
                return True
        except BlockingIOError:
            pass
        except BaseException:
            self._let_go()
            raise
        self._let_go()
        return False

    def _is_still(self, folder: Folder) -> bool:
        """Whether the name still stands for the file that was locked: somebody may have replaced it."""
        status = folder.status(self.name)
        return status is not None and os.path.samestat(status, os.fstat(self._descriptor))

    def _let_go(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = -1

    def _try_elsewhere(self, folder: Folder) -> bool:
        """Where the system has no `flock`."""
        import filelock

        if folder.kind(self.name) not in {"file", None}:
            folder.open_file(self.name)
        lock = filelock.FileLock(folder.path / self.name, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        self._elsewhere = lock
        return True


def is_held(folder: Folder, name: str) -> bool:
    """Whether some process has the lock just now. Nothing is made or changed.

    Raises:
        UnsafeFile: the file is a link, a pipe or a device.
        OSError: it cannot be read.
    """
    if fcntl is None or folder.kind(name) is None:
        return False
    with folder.opened(name) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
