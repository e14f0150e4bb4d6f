"""The documentation site builds without a warning; its references have every command and public name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hooks() -> Iterator[Path]:
    """The folder of the site's scripts, from which they can be imported."""
    folder = ROOT / "docs" / "hooks"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_covers_every_command_and_flag(hooks: Path) -> None:
    import command_line

    text = command_line.reference()
    found = command_line.commands()
    assert {"fieldcraft explore", "fieldcraft skills merge"} <= set(found)
    for path, command in found.items():
        part = text.partition(f"# `{path}` ")[2].partition("\n## `")[0].partition("\n### `")[0]
        assert part, path
        for parameter in command.params:
            if not parameter.hidden:
                option = parameter.param_type_name == "option"
                names = parameter.opts if option else [parameter.metavar or parameter.name]
                assert all(name in part for name in names), f"{path} {names}"


def test_the_reference_is_the_same_each_time(hooks: Path) -> None:
    import command_line

    assert command_line.reference() == command_line.reference()


@pytest.mark.slow
def test_the_site_has_each_public_name(hooks: Path, site: Path) -> None:
    import python_api

    pages = "".join(page.read_text(encoding="utf-8") for page in (site / "api").glob("*.html"))
    for name, home in python_api.documented().items():
        assert f'id="{home}"' in pages, name


@pytest.mark.slow
def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="(\w+:[^"]*)"', text)
        loaded += re.findall(
            r'<link[^>]*rel="(?:stylesheet|preconnect|preload)"[^>]*href="(\w+:[^"]*)"', text
        )
        assert loaded == [], page.name
