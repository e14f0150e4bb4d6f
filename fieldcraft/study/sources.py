"""Identify the source code that ran a trial."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

PACKAGES = ("agent", "skills", "tools", "envs")
KINDS = {".py", ".md", ".json", ".yaml"}


@cache
def fingerprint() -> str:
    """A hash of all source, prompt and data files of the package that a trial may depend on."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for part in PACKAGES:
        for path in sorted((package / part).rglob("*")):
            place = path.relative_to(package)
            if path.suffix in KINDS and not {"study", "report"} & set(place.parts):
                digest.update(str(place).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
