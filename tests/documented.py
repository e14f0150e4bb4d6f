"""Running the Python examples of a page, each in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import PATIENCE

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def examples_of(*pages: Path) -> Iterator[object]:
    """The examples of pages, as parameters of a test."""
    for page in pages:
        for number, match in enumerate(FENCE.finditer(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(match[1], id=f"{page.stem}-{number}")


def run_example(source: str, folder: Path) -> None:
    """Run one example; it has to end well."""
    script = folder / "example.py"
    script.write_text(source)
    (folder / "library").mkdir()
    done = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**os.environ, "FIELDCRAFT_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
