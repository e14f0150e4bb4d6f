"""Pictures and arrays that a world's observations carry, kept in the run's folder by digest."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from fieldcraft.common.errors import InputError
from fieldcraft.common.files import Folder
from fieldcraft.envs import Observation

FOLDER = "seen"
"""Of a run's folder."""
MOST = 5_000
"""Files that are kept of one run."""


def keep_attached(run: Path, observation: Observation) -> None:
    """Keep what the observation carries, each once. A disk that takes no more costs the pictures only."""
    whole = [each for each in observation.attached.values() if each.content and each.is_whole()]
    if not whole:
        return
    with suppress(OSError, InputError), Folder.open(run / FOLDER, create=True) as folder:
        kept = set(folder.names("file"))
        for each in whole:
            name = f"{each.digest}.bin"
            if name not in kept and len(kept) < MOST:
                folder.write(name, each.content)
                kept.add(name)
