"""Links between pages lead somewhere, and so do paths of the source tree that pages name."""

from __future__ import annotations

import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown.extensions.toc import slugify

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: *\{#([\w-]+)\})?$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What links into a page may name, on the site and in the repository alike."""
    return {
        own or slugify(re.sub(r"[`*_]|\]\([^)]*\)|\[", "", title), "-")
        for title, own in HEADING.findall(prose(page))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(prose(page)):
        linked = page.parent / target if target else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(linked), f"{page.name} links to {target}#{anchor}"


def test_the_map_for_contributors_names_what_exists() -> None:
    text = prose(ROOT / "CONTRIBUTING.md")
    named = re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|toml|yml|md))`", text)
    missing = [path for path in named if not (ROOT / path).exists() and path not in ("site/", "dist/")]
    assert len(named) > 40
    assert missing == []


def long_description(monkeypatch: pytest.MonkeyPatch) -> str:
    """The README as the package carries it."""
    given: dict[str, str] = {}
    monkeypatch.setattr("setuptools.setup", lambda **arguments: given.update(arguments))
    runpy.run_path(str(ROOT / "setup.py"))
    return given["long_description"]


def links_made(text: str, source: str) -> Iterator[str]:
    for kind, path in re.findall(rf"\]\({re.escape(source)}/(blob|raw)/HEAD/([^)#]+)", text):
        assert kind == ("raw" if Path(path).suffix in (".png", ".svg") else "blob"), path
        yield path


def test_the_packaged_description_has_no_relative_link(monkeypatch: pytest.MonkeyPatch) -> None:
    source = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Source"]
    text = long_description(monkeypatch)
    assert [target for target, _ in LINK.findall(FENCE.sub("", text)) if target] == []
    local = [target for target, _ in LINK.findall(prose(ROOT / "README.md")) if target]
    assert sorted(links_made(text, source)) == sorted(local)
    assert all((ROOT / path).exists() for path in local)


def test_every_address_of_the_project_begins_alike() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert all(url.startswith(urls["Source"]) for url in urls.values())
