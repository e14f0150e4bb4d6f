"""Corpora, tasks, records and calls of strangers are read within bounds; what is wrong is one typed error."""

from __future__ import annotations

import os
import time

import pytest

from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.toolformer.annotation.annotated import read_annotated
from fieldcraft.tools.toolformer.annotation.documents import read_corpus
from fieldcraft.tools.toolformer.annotation.record import made_folder, same_as_before
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.evaluation.tasks import FORMS, read_tasks
from fieldcraft.tools.toolformer.inference.chat import _noted, note_tools
from fieldcraft.tools.toolformer.syntax import arguments, text
from fieldcraft.tools.toolformer.syntax.arguments import Parameter

pytestmark = pytest.mark.attack("texts, tasks and annotations made to be slow to read")

DEEP = "[" * 100_000
LINES = [
    DEEP,
    '{"text": ' + DEEP,
    '{"text": "a", "day": ' + "9" * 10_000 + "}",
    '{"text": "a", "x": NaN}',
    "\0",
    "[]",
]


@pytest.mark.parametrize("line", LINES)
def test_a_hostile_line_of_a_corpus_is_named(tmp_path, line):
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "sound"}\n' + line + "\n")
    with pytest.raises(ToolformerError, match=r"corpus\.jsonl"):
        read_corpus(path)


def test_half_a_character_in_a_corpus_becomes_a_mark(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "a \\ud83d b"}\n')
    assert read_corpus(path)[0].text == "a \N{REPLACEMENT CHARACTER} b"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "content",
    [
        DEEP,
        "[" + DEEP,
        "<a>" * 50_000,
        "[1, 2]",
        '[{"kind": {}, "prompt": [], "answers": 3}]',
        "9" * 10_000,
        "{}",
    ],
)
def test_hostile_tasks_are_one_error(tmp_path, form, content):
    path = tmp_path / "tasks"
    path.write_text(content)
    with pytest.raises(ToolformerError) as problem:
        read_tasks(path, form)
    assert len(str(problem.value)) < 1000


def test_pipes_are_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for read in (
        read_corpus,
        lambda path: read_tasks(path, "tasks"),
        lambda path: same_as_before(path, {}, work="x"),
    ):
        with pytest.raises(ToolformerError):
            read(pipe)


def test_a_record_and_a_corpus_nested_too_deep_are_another_record_and_damage(tmp_path):
    (tmp_path / "record.json").write_text(DEEP)
    with pytest.raises(ToolformerError, match="holds another annotation"):
        same_as_before(tmp_path / "record.json", {"a": 1}, work="annotation")
    (tmp_path / "annotated.jsonl").write_text('{"calls": ' + DEEP)
    with pytest.raises(ToolformerError, match="damaged"):
        read_annotated(tmp_path / "annotated.jsonl")


@pytest.mark.parametrize(
    "written",
    [DEEP, "'" + DEEP + "'", "'" + "\\N{" * 10_000 + "'", "9" * 10_000, "'a' * 9", "'\\ud800'", '"\\ud800"'],
)
def test_hostile_arguments_are_values_or_a_typed_error(written):
    try:
        values = arguments.read(written, [Parameter("x", textual=False, required=True)])
    except ToolError:
        return
    str(values["x"]).encode()


@pytest.mark.parametrize(
    "part", ["[a(", "[a() -> ", '[a("', "[a('x' ", "[a([{", '[a(=" ', '"[a(', "[ ", "[a() "]
)
def test_texts_full_of_beginnings_of_calls_are_searched_in_linear_time(part):
    begin = time.process_time()
    hostile = part * (100_000 // len(part))
    assert list(text.find(hostile)) == []
    assert text.strip(hostile) == hostile
    assert time.process_time() - begin < 20


@pytest.mark.attack("links in folders of ours that lead out of them")
@pytest.mark.parametrize(
    "place", ["annotation.tmp", "annotated.jsonl", "lock", "model/config.json", "checkpoint-1"]
)
@pytest.mark.parametrize("kind", ["link", "hard link", "pipe"])
def test_a_folder_that_leads_out_of_itself_is_not_written(tmp_path, place, kind):
    victim, folder = tmp_path / "victim", tmp_path / "theirs"
    victim.write_text("years of work")
    (folder / place).parent.mkdir(parents=True)
    (folder / "annotation.json").write_text("{}")
    if kind == "link":
        (folder / place).symlink_to(victim)
    elif kind == "hard link":
        (folder / place).hardlink_to(victim)
    else:
        os.mkfifo(folder / place)
    with pytest.raises(ToolformerError, match="remove it, or name another folder"):
        made_folder(folder, folder / "annotation.json")
    assert victim.read_text() == "years of work"


@pytest.mark.attack("links in folders of ours that lead out of them")
@pytest.mark.parametrize("place", ["", "demo.json"])
def test_nor_is_the_folder_of_a_demo(tmp_path, place):
    from fieldcraft.cli.errors import UsageProblem
    from fieldcraft.cli.toolformer_work import demo_folder
    from fieldcraft.tools.toolformer.demo.settings import DemoSettings

    folder = tmp_path / "theirs"
    folder.mkdir()
    os.mkfifo(folder / (place or "results.json"))
    if not place:
        (folder / "demo.json").write_text("{}")
    with pytest.raises(UsageProblem, match="remove it, or name another folder"):
        demo_folder(folder, DemoSettings(), fresh=False)


@pytest.mark.attack("links in folders of ours that lead out of them")
def test_the_note_beside_a_model_is_not_written_through_a_link(tmp_path):
    victim, folder = tmp_path / "victim", tmp_path / "model"
    victim.write_text("years of work")
    folder.mkdir()
    (folder / "toolformer.json").symlink_to(victim)
    with pytest.raises(ToolformerError, match="symbolic link"):
        note_tools(folder, ["calculator"])
    assert victim.read_text() == "years of work"


@pytest.mark.parametrize("note", ['{"tools": ' + DEEP, '{"tools": 7}', "[]", " " * 1_000_000])
def test_a_hostile_note_beside_a_model_is_one_error(tmp_path, note):
    (tmp_path / "toolformer.json").write_text(note)
    with pytest.raises(ToolformerError, match="does not say which tools"):
        _noted(tmp_path)
