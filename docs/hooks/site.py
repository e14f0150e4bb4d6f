"""What the documentation site has beyond docs/: front page, changelog, contributing, two references."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import command_line
import python_api
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
SOURCE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Source"]
FROM_ROOT = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Link to the source. `repo_url` would make each page ask the host of the repository for figures."""
    config.extra["social"] = [{"icon": "fontawesome/brands/git-alt", "link": SOURCE, "name": "Source"}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not kept in docs/."""
    for name, page in FROM_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        _add(files, config, page, LINK.sub(lambda link: link[1] + _from_docs(link[2], config, ROOT), text))
    _add(files, config, "command-line-reference.md", command_line.reference())
    for page, text in python_api.pages().items():
        _add(files, config, page, text)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Lead links that leave docs/ to the site's page of that file, else to the source repository."""
    if page.file.generated_by:
        return markdown
    folder = Path(config.docs_dir) / Path(page.file.src_uri).parent
    return LINK.sub(lambda link: link[1] + _from_docs(link[2], config, folder), markdown)


def _add(files: Files, config: MkDocsConfig, page: str, text: str) -> None:
    files.append(File.generated(config, page, content=text))


def _from_docs(target: str, config: MkDocsConfig, folder: Path) -> str:
    """A link of a file in `folder`, as a page at the top of the site has to write it."""
    path = (folder / target).resolve()
    docs = Path(config.docs_dir).resolve()
    if path.is_relative_to(docs):
        return path.relative_to(docs).as_posix()
    inside = path.relative_to(ROOT.resolve()).as_posix()
    return FROM_ROOT.get(inside) or f"{SOURCE}/blob/HEAD/{inside}"
