"""How many notes of people wait in a run's inbox."""

from __future__ import annotations

from pathlib import Path

from fieldcraft.agent.journal.folders import inside
from fieldcraft.agent.steering.inbox import FOLDER


def waiting_notes(run: Path) -> int:
    """How many notes the run in this folder has not heard yet; nothing of them is read or changed."""
    try:
        with inside(run, FOLDER) as folder:
            return sum(name.endswith(".json") and not name.startswith(".") for name in folder.names("file"))
    except OSError:
        return 0
