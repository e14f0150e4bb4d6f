"""Every Python example in the README and the docs runs, in a folder of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented import ROOT, examples_of, run_example

from fieldcraft.cli.options.config import load_settings

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_WORLDS = ("gymnasium",)
"""Pages whose examples need the package of a world: the tests of that world, tests/envs/NAME/, run them."""


@pytest.mark.parametrize("source", list(examples_of(*(page for page in PAGES if page.stem not in OF_WORLDS))))
def test_an_example_runs(source: str, tmp_path: Path) -> None:
    run_example(source, tmp_path)


TOML = re.compile(r"^```toml\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def settings_shown() -> Iterator[object]:
    for page in PAGES:
        for number, match in enumerate(TOML.finditer(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(match[1], id=f"{page.stem}-{number}")


@pytest.mark.parametrize("text", list(settings_shown()))
def test_settings_that_are_shown_are_settings(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fieldcraft.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    load_settings({})
