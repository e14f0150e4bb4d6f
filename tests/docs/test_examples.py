"""Every Python example in the README and the docs runs, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import PATIENCE

from fieldcraft.cli.options.config import load_settings

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def examples() -> Iterator[object]:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, match in enumerate(FENCE.finditer(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(match[1], id=f"{page.stem}-{number}")


@pytest.mark.parametrize("source", list(examples()))
def test_an_example_runs(source: str, tmp_path: Path) -> None:
    environment = {**os.environ, "FIELDCRAFT_CACHE": str(tmp_path / "cache")}
    script = tmp_path / "example.py"
    script.write_text(source)
    (tmp_path / "library").mkdir()
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr


TOML = re.compile(r"^```toml\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def settings_shown() -> Iterator[object]:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, match in enumerate(TOML.finditer(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(match[1], id=f"{page.stem}-{number}")


@pytest.mark.parametrize("text", list(settings_shown()))
def test_settings_that_are_shown_are_settings(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fieldcraft.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    load_settings({})
