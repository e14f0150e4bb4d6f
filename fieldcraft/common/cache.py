"""Where derived data lies: whatever can be thrown away and made again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """`FIELDCRAFT_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("FIELDCRAFT_CACHE") or platformdirs.user_cache_path("fieldcraft"))
