"""Which source code lived a trial."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

ROOMS = ("agent", "skills", "tools", "envs")
KINDS = {".py", ".md", ".json", ".yaml"}


@cache
def fingerprint() -> str:
    """Changes with any source, prompt or data file of the package that a life may depend on."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((package / room).rglob("*")):
            place = path.relative_to(package)
            if path.suffix in KINDS and not {"study", "report"} & set(place.parts):
                digest.update(str(place).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
