"""Marks that distinguish runs made by this user on this machine from all others.

A mark is a file in the run's folder: a keyed digest over the folder's inode and the first line of its
journal, which holds when and with which settings the run began. The key is in the user's own state folder,
so no other user can make a mark, and a copy of a marked run, or one that was restored, is not marked.
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import stat
from pathlib import Path

import platformdirs

from fieldcraft.agent.journal.folders import inside
from fieldcraft.agent.journal.stored.segments import first_line
from fieldcraft.common.files import Folder

NAME = "made-here"
"""The mark's file in a run's folder."""
KEY = "run.key"
_KEY_BYTES = 32
_FIRST_LINE = 1_000_000

logger = logging.getLogger(__name__)


def state_folder() -> Path:
    """The state folder of this installation; it is inside `FIELDCRAFT_CACHE` if that is set."""
    cache = os.environ.get("FIELDCRAFT_CACHE")
    return Path(cache) / "state" if cache else platformdirs.user_state_path("fieldcraft")


def mark_run(run: Path) -> None:
    """Mark a run as made by this user here. If the mark cannot be written, the run stays unmarked."""
    try:
        key = _key(create=True)
        with inside(run) as folder:
            folder.write(NAME, _mark(folder, key).encode(), sync=False)
    except OSError as error:
        logger.info("%s is not marked as made here: %s", run, error)


def is_marked(run: Path) -> bool:
    """Whether this user made the run here, or has trusted it since."""
    try:
        key = _key(create=False)
        with inside(run) as folder:
            return hmac.compare_digest(folder.read(NAME, limit=200), _mark(folder, key).encode())
    except OSError:
        return False


def secret_word(purpose: str) -> str:
    """A word that only this user's processes can know, the same each time for the same purpose.

    Raises:
        OSError: the user's key cannot be kept, or others could read it.
    """
    return hmac.new(_key(create=True), f"word {purpose}".encode("utf-8", "replace"), "sha256").hexdigest()[
        :40
    ]


def _mark(folder: Folder, key: bytes) -> str:
    line = first_line(folder, _FIRST_LINE)
    if not line:
        raise FileNotFoundError(f"{folder.path} holds no journal")
    return hmac.new(key, f"{folder.inode}\n".encode() + line, "sha256").hexdigest()


def _key(*, create: bool) -> bytes:
    """The user's key.

    Raises:
        OSError: it is missing and may not be created, cannot be created, or others could read or write it.
    """
    place = state_folder()
    if create and not place.is_dir():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Folder.open(place) as folder:
        if create and folder.kind(KEY) is None:
            _make_key(folder)
        with folder.opened(KEY) as descriptor:
            status, key = os.fstat(descriptor), os.read(descriptor, _KEY_BYTES)
    shared = hasattr(os, "getuid") and (  # elsewhere the mode says nothing, and the user's folder is private
        status.st_uid != os.getuid() or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )
    if shared or len(key) != _KEY_BYTES:
        raise PermissionError(f"{place / KEY} is not this user's alone")
    return key


def _make_key(folder: Folder) -> None:
    """Create the key atomically, so that two processes that start together use one key."""
    part = f".{KEY}.{secrets.token_hex(4)}"
    descriptor = folder.open_file(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
    if folder.kind(KEY) is None:
        folder.rename(part, KEY)
    else:
        folder.remove(part)
