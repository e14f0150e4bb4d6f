"""The tests of docker-compose.yml borrow servers from the rooms that they are made for."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
for folder in (TESTS / "skills", TESTS / "envs" / "minecraft", TESTS / "compose"):
    sys.path.insert(0, str(folder))
