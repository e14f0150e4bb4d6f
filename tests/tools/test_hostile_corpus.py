"""Corpora from others: nothing outside is read, nothing is opened that waits, and what is read is bounded."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from fieldcraft.tools import ToolError
from fieldcraft.tools.builtin.corpus import Corpora
from fieldcraft.tools.builtin.corpus.html import html_text
from fieldcraft.tools.builtin.corpus.passages import cut

leads_out = pytest.mark.attack("a corpus whose links lead out of it")
hangs = pytest.mark.attack("a corpus that hangs or fills: pipes, long lines, deep pages")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of one file, with a cache of its own beside it."""
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "inside.md").write_text("walrus inside")
    return corpus


@leads_out
def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("walrus secret")
    (folder / "file.md").symlink_to(outside / "secret.md")
    (folder / "sub").symlink_to(outside)
    (folder / "loop").symlink_to(folder)

    found = Corpora([folder]).search("walrus", 10)

    assert [passage.source for passage in found] == ["inside.md"]


@leads_out
def test_a_file_that_becomes_a_link_is_left_out(folder: Path, tmp_path: Path) -> None:
    from fieldcraft.tools.builtin.corpus.reading import read

    (tmp_path / "secret.md").write_text("walrus secret")
    (folder / "inside.md").unlink()
    (folder / "inside.md").symlink_to(tmp_path / "secret.md")

    assert list(read(folder, "inside.md")) == []


@hangs
def test_pipes_long_lines_and_deep_folders_do_not_hang(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    deep = folder
    for _ in range(60):
        deep = deep / "d"
        deep.mkdir()
    (deep / "deep.md").write_text("walrus deep")
    lines = [
        json.dumps({"text": "walrus " * 1_000_000}),
        json.dumps({"text": "walrus fine", "title": "t" * 100_000, "id": "i\u2028\x1b[2J"}),
        '{"text": "walrus half \\ud83d"}',
        '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"id": ' + "9" * 100_000 + ', "text": "walrus digits"}',
    ]
    (folder / "lines.jsonl").write_text("\n".join(lines))

    found = Corpora([folder]).search("walrus", 50)

    assert {passage.source for passage in found} == {"inside.md", "lines.jsonl:3", "i [2J"}
    assert all(len(passage.title) <= 300 for passage in found)
    assert all(passage.text.encode() for passage in found)


@hangs
@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 1_000_000,
        b"<p>x" * 1_000_000,
        b"<a " + b"".join(b"a%d=b " % number for number in range(300_000)) + b">",
        b"<a x='>' " + b"".join(b"a%d " % number for number in range(300_000)) + b">",
        b"x" * 16_000_000,
        b"<!--" * 1_000_000,
        b'<a b="' * 300_000,
    ],
    ids=["deep", "many", "attributes", "attributes after a quote", "one line", "comments", "quotes"],
)
def test_a_page_takes_bounded_time(page: bytes) -> None:
    began = time.process_time()

    _, text = html_text(page + b"</a>-->walrus")
    count = sum(1 for _ in cut(text.splitlines()))

    assert count >= 0
    assert time.process_time() - began < 30


def test_a_quoted_bracket_is_no_end_of_a_tag() -> None:
    assert html_text(b'<title>T</title><p title="a > b">words</p>') == ("T", "\n\nwords")


@pytest.mark.attack("links in folders of ours that lead out of them")
def test_an_index_is_not_made_through_a_link(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "corpora").symlink_to(outside)

    with pytest.raises(ToolError, match="cannot be kept: .* is a symbolic link"):
        Corpora([folder]).search("walrus", 3)

    assert list(outside.iterdir()) == []


@hangs
def test_a_broken_archive_is_an_error(folder: Path) -> None:
    for content in (b"", b"ZIM\x04", b"ZIM\x04" + b"\xff" * 1_000):
        (folder / "a.zim").write_bytes(content)
        with pytest.raises(ToolError, match="cannot be read as a ZIM archive"):
            Corpora([folder / "a.zim"]).search("walrus", 3)
