"""Where programs of the system are: one answer for looking for them and for starting them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def find_program(name: str) -> str | None:
    """The absolute path of an installed program, by `PATH` (where that is not set, by the system's default).

    Relative entries of `PATH` are passed over: the current folder may be a stranger's.
    """
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which(name, path=os.pathsep.join(entry for entry in entries if Path(entry).is_absolute()))
