"""Passages of a person's own texts are found by words, in folders, JSONL files and ZIM archives."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from libzim.writer import Creator, Hint, Item, StringProvider
from machine import PATIENCE

from fieldcraft.tools import ToolContext, ToolError, ToolExecutor, load_tools
from fieldcraft.tools.builtin.corpus import Corpora


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "texts"
    (root / "deep").mkdir(parents=True)
    (root / "mining.md").write_text(
        "# How to mine\n\nA stone pickaxe mines iron ore.\n\nBedrock is never mined.\n"
    )
    (root / "deep" / "fish.txt").write_text("Fishing reels wind the line.\n")
    (root / "page.html").write_text(
        "<html><head><title>Smelting</title><script>var iron = 'ignored';</script></head>"
        "<body><p>A furnace smelts raw copper.</p><p>It burns coal.</p></body></html>"
    )
    (root / ".hidden.md").write_text("A secret recipe for zeppelins.\n")
    (root / "photo.png").write_bytes(b"\x89PNG zeppelins")
    return root


def sources(corpora: Corpora, query: str, count: int = 3) -> list[str]:
    return [passage.source for passage in corpora.search(query, count)]


def test_passages_of_a_folder_are_found_by_words(folder: Path) -> None:
    corpora = Corpora([folder])

    (best, *_) = corpora.search("which pickaxes mine iron?", 3)
    assert (best.source, best.title) == ("mining.md", "How to mine")
    assert "stone pickaxe mines iron ore" in best.text
    (page,) = corpora.search("copper furnaces", 3)
    assert (page.source, page.title) == ("page.html", "Smelting")
    assert page.text == "A furnace smelts raw copper.\nIt burns coal."
    assert sources(corpora, "reel") == ["deep/fish.txt"]
    assert sources(corpora, "zeppelins") == []
    assert sources(corpora, "?!") == []


def test_an_index_follows_files_that_change_come_and_go(folder: Path) -> None:
    assert sources(Corpora([folder]), "obsidian") == []
    corpora = Corpora([folder])
    (folder / "mining.md").write_text("Obsidian wants a diamond pickaxe.\n")
    (folder / "new.rst").write_text("Nether portals are made of obsidian.\n")

    assert sources(corpora, "obsidian") == ["mining.md", "new.rst"]
    (folder / "new.rst").unlink()
    assert sources(corpora, "obsidian") == ["mining.md"]
    assert sources(corpora, "bedrock") == []


def test_an_unchanged_folder_is_not_read_again(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    Corpora([folder]).prepare()
    assert "3 files changed" in caplog.text
    caplog.clear()

    assert sources(Corpora([folder]), "reel") == ["deep/fish.txt"]
    assert "indexing" not in caplog.text


def test_a_damaged_index_is_built_anew(folder: Path, tmp_path: Path) -> None:
    Corpora([folder]).prepare()
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file() and path.name != "lock":
            path.write_bytes(b"junk")

    assert sources(Corpora([folder]), "reel") == ["deep/fish.txt"]


def test_a_corpus_in_json_lines_tells_which_lines_it_cannot_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "facts.jsonl"
    lines = [
        json.dumps({"id": "q1", "title": "Otters", "text": "Otters hold hands while asleep."}),
        "not JSON",
        "[" * 100_000,
        json.dumps({"contents": "Herons stand on one leg."}),
        json.dumps({"title": "no text"}),
    ]
    path.write_text("\n".join(lines))
    corpora = Corpora([path])

    assert [(p.source, p.title) for p in corpora.search("otter", 3)] == [("q1", "Otters")]
    assert sources(corpora, "heron") == ["facts.jsonl:4"]
    assert "3 lines (the first is line 2)" in caplog.text


class Article(Item):  # type: ignore[misc]
    def __init__(self, path: str, title: str, text: str) -> None:
        super().__init__()
        self._said = (
            path,
            title,
            f"<html><head><title>{title}</title></head><body><p>{text}</p></body></html>",
        )

    def get_path(self) -> str:
        return self._said[0]

    def get_title(self) -> str:
        return self._said[1]

    def get_mimetype(self) -> str:
        return "text/html"

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self._said[2])

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: 1}


@pytest.mark.parametrize("indexed", [True, False])
def test_a_zim_archive_is_searched_with_its_own_index_or_ours(tmp_path: Path, indexed: bool) -> None:
    path = tmp_path / "wiki.zim"
    with Creator(path).config_indexing(indexed, "eng") as creator:
        creator.set_mainpath("Otter")
        creator.add_item(Article("Otter", "Otter", "Otters are carnivorous mammals that float on water."))
        creator.add_item(Article("Heron", "Heron", "Herons are long-legged birds."))

    (best, *_) = Corpora([path]).search("floating mammals", 2)
    assert (best.source, best.title) == ("Otter", "Otter")
    assert "carnivorous" in best.text


@pytest.mark.parametrize("indexed", [True, False])
def test_a_question_finds_articles_that_have_only_some_of_its_words(tmp_path: Path, indexed: bool) -> None:
    path = tmp_path / "wiki.zim"
    with Creator(path).config_indexing(indexed, "eng") as creator:
        creator.set_mainpath("Owl")
        creator.add_item(Article("Owl", "Owl", "Owls hunt at night in silence."))
        creator.add_item(Article("Fox", "Fox", "Foxes live in dens and hunt voles at night."))
        creator.add_item(Article("Elk", "Elk", "Elks eat leaves by day."))

    corpora = Corpora([path])
    assert sources(corpora, "Which animal is it that hunts voles?")[:1] == ["Fox"]
    assert sorted(sources(corpora, "who hunts after sunset or at night?", 2)) == ["Fox", "Owl"]
    assert sources(corpora, "zeppelins") == []
    for query in ("AND OR NOT", "title:[a TO b] -owl^2 ~", '"' * 99, "a " * 50_000, "\0", "?"):
        assert isinstance(corpora.search(query, 3), list)


def test_several_corpora_take_turns(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Iron rusts.\n")

    assert sources(Corpora([folder, other]), "iron", 2) == ["mining.md", "other.txt"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no corpus"),
        (os.mkfifo, "neither a folder nor a plain file"),
        (lambda path: path.write_bytes(b"junk" * 100), "cannot be read as a ZIM archive"),
    ],
)
def test_what_cannot_be_searched_is_named(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "wiki.zim"
    make(path)  # type: ignore[operator]

    with pytest.raises(ToolError, match=rf"{message}|wiki\.zim.*{message}"):
        Corpora([path]).search("anything", 1)


def test_hostile_files_neither_hang_nor_end_an_indexing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(folder / "pipe.md")
    (folder / "loop").symlink_to(folder)
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 50)
    (folder / "one-line.txt").write_text("walrus " * 200_000)
    (folder / "bad.html").write_bytes(b"<div>" * 20_000 + b"<p>pelican\xff\xfe")

    corpora = Corpora([folder])
    assert set(sources(corpora, "walrus", 50)) == {"one-line.txt"}
    assert all(len(passage.text) <= 1_200 for passage in corpora.search("walrus", 5))
    assert sources(corpora, "pelican") == ["bad.html"]
    assert "binary.txt is left out" in caplog.text


@pytest.mark.parametrize("query", ["AND OR NOT", "text:[a TO b] -mine^2 ~", '"' * 99, "a" * 100_000, "\0"])
def test_a_query_has_no_syntax(folder: Path, query: str) -> None:
    assert isinstance(Corpora([folder]).search(query, 3), list)


def test_processes_may_share_an_index(folder: Path) -> None:
    script = (
        "from fieldcraft.tools.builtin.corpus import Corpora\n"
        f"print(Corpora([{str(folder)!r}]).search('iron', 1)[0].source)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]

    assert [process.communicate(timeout=PATIENCE)[0] for process in processes] == ["mining.md\n"] * 3


def test_the_tool_gives_passages_as_data(folder: Path) -> None:
    executor = ToolExecutor(load_tools(["search"]), context=ToolContext(corpus=Corpora([folder])))
    try:
        assert executor.call("search", {"query": "reels", "count": 1}) == [
            {"source": "deep/fish.txt", "title": "fish", "text": "Fishing reels wind the line."}
        ]
    finally:
        executor.close()
    bare = ToolExecutor(load_tools(["search"]))
    with pytest.raises(ToolError, match="nothing to search in: give a folder"):
        bare.call("search", {"query": "reels"})
    bare.close()


def test_without_the_extra_the_cure_is_named(folder: Path) -> None:
    script = (
        "import sys; sys.modules['tantivy'] = None\n"
        "from fieldcraft.tools.builtin.corpus import Corpora\n"
        f"Corpora([{str(folder)!r}]).search('a', 1)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "searching needs tantivy: pip install 'fieldcraft[search]'" in done.stderr
