"""Shared: what the tests of environments of Gymnasium import; they take those of MiniGrid as well."""

from __future__ import annotations

import sys
from pathlib import Path

from machine import lacks_world

sys.path.insert(0, str(Path(__file__).parent))
if lacks_world("gym", "gymnasium", "minigrid"):
    collect_ignore_glob = ["test_*.py"]
