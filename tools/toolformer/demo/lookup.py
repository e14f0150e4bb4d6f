"""The demo's small corpus to look things up in: who is the captain of which ship."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from fieldcraft.tools.toolformer.demo.corpus import SHIPS, captain


def write_ships(path: Path, ships: Iterable[int] = SHIPS) -> Path:
    """A JSONL corpus as the registry's search reads it: a passage a ship, the captain's name its text."""
    with path.open("w", encoding="utf-8") as file:
        for ship in ships:
            file.write(
                json.dumps({"id": f"ship-{ship}", "title": f"ship {ship}", "text": captain(ship)}) + "\n"
            )
    return path
