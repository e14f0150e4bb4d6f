"""The pictures of a run: those that models are shown and those that observations carry, kept by digest."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.envs import Environment, Observation
from fieldcraft.envs.faults import told
from fieldcraft.envs.pictures import scaled_picture

PNG = "image/png"
FOLDER = "pictures"
EARLIER = "seen"
"""Where 0.2.0, before it was released, kept what observations carry."""
LONGEST_SIDE = 768
"""Pixels; providers scale larger pictures down themselves, and bill more for them."""
LARGEST = 40_000_000
"""Bytes and pixels of a picture as its world draws it."""
KEPT_LIMIT = 4_000_000
"""Bytes of a picture that is kept: one of noise, at the longest side, has 1.8 million."""
PICTURES_KEPT, BYTES_KEPT = 1_000, 1_000_000_000
"""How many of a run's pictures and arrays are kept, its newest, and their bytes: 30 MB in the grid world."""
_OURS = re.compile(r"[0-9a-f]{64}\.(png|bin)")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def carried_picture(seen: Observation) -> bytes | None:
    """The first picture that an observation carries; `None` where it has none, or only its digest."""
    pictures = (each.content for each in seen.attached.values() if each.media == PNG)
    return next(filter(None, pictures), None)


def taken_picture(environment: Environment, seen: Observation) -> bytes:
    """A picture of what the agent sees now, as models are shown it: drawn, or else what `seen` carries.

    Raises:
        ValueError: there is none, the world cannot draw it, or draws something else; the message says what.
    """
    try:
        drawn = environment.render() if environment.spec.can_render else carried_picture(seen)
    except Exception as error:
        raise ValueError(told(error)) from error
    if drawn is None:
        raise ValueError("the observation carries no picture")
    if not isinstance(drawn, bytes | bytearray):
        raise ValueError(f"render() returned {type(drawn).__name__}, not the bytes of a PNG file")
    return scaled_picture(bytes(drawn), longest=LONGEST_SIDE, largest=LARGEST)


class RunPictures:
    """The pictures and arrays in the run folder `run`: files named after the SHA-256 of their content."""

    def __init__(self, run: Path) -> None:
        self._run = run

    def keep(self, png: bytes) -> str:
        """Write a picture and return its digest. Idempotent, and not synced: no event depends on its file.

        Raises:
            JournalError: it cannot be written.
        """
        digest = hashlib.sha256(png).hexdigest()
        try:
            with inside(self._run, FOLDER, create=True) as folder:
                if folder.kind(_name(digest)) is None:
                    folder.write(_name(digest), png, sync=False)
        except OSError as error:
            raise JournalError(
                f"{self._run / FOLDER} cannot be written ({why(error)}); nothing acknowledged is lost. "
                "Free space or fix the permissions, then resume the run, or resume it with --see none."
            ) from error
        return digest

    def keep_carried(self, seen: Observation) -> None:
        """Keep what an observation carries. A disk that takes no more costs these files only."""
        whole = [each for each in seen.attached.values() if each.content and each.is_whole()]
        if not whole:
            return
        with suppress(OSError), inside(self._run, FOLDER, create=True) as folder:
            for each in whole:
                name = _name(each.digest, each.media)
                if folder.kind(name) is None:
                    folder.write(name, each.content, sync=False)

    def thin(self) -> None:
        """Delete all but the newest, as far as that is possible."""
        with suppress(OSError), inside(self._run, FOLDER) as folder:
            names = [name for name in folder.names("file") if _OURS.fullmatch(name)]
            files = [(found, name) for name in names if (found := folder.status(name)) is not None]
            left = BYTES_KEPT
            for place, (found, name) in enumerate(sorted(files, key=_age)):
                left -= found.st_size
                if place >= PICTURES_KEPT or (place and left < 0):
                    folder.remove(name)

    def read(self, digest: str) -> bytes | None:
        """The picture of this digest; `None` where it is missing, changed or no name of a picture."""
        if not _DIGEST.fullmatch(digest):
            return None
        for place, name in ((FOLDER, _name(digest)), (EARLIER, _name(digest, ""))):
            with suppress(OSError), inside(self._run, place) as folder:
                content = folder.read(name, limit=KEPT_LIMIT)
                if hashlib.sha256(content).hexdigest() == digest:
                    return content
        return None


def _name(digest: str, media: str = PNG) -> str:
    return f"{digest}.png" if media == PNG else f"{digest}.bin"


def _age(file: tuple[os.stat_result, str]) -> int:
    return -file[0].st_mtime_ns
