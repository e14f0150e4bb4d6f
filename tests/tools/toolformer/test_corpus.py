"""Corpora are read as they come, and annotated so that a killed process loses a batch at most."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from machine import PATIENCE

from fieldcraft.tools.toolformer.annotation.annotated import (
    AnnotatedCall,
    AnnotatedDocument,
    as_dataset,
    read_annotated,
    whole_rows,
)
from fieldcraft.tools.toolformer.annotation.documents import Document, fitted, read_corpus, write_corpus
from fieldcraft.tools.toolformer.demo.corpus import story
from fieldcraft.tools.toolformer.errors import ToolformerError

PROCESS = Path(__file__).with_name("annotating_process.py")


def test_lines_and_objects_are_documents_and_empty_lines_are_none(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_bytes(b"\xef\xbb\xbfone\r\n\r\n  \r\ntwo\xc2\xbd\r\n")
    (tmp_path / "wide.txt").write_text("ünö\n\ndue\n", encoding="utf-16")
    (tmp_path / "rows.jsonl").write_text(
        '{"text": "a\\u2028b", "day": "Friday"}\n\n{"text": " "}\n{"text": "c"}'
    )

    assert [one.text for one in read_corpus(tmp_path / "plain.txt")] == ["one", "two½"]
    assert [one.text for one in read_corpus(tmp_path / "wide.txt")] == ["ünö", "due"]
    assert read_corpus(tmp_path / "rows.jsonl") == [Document(0, "a\u2028b", "Friday"), Document(1, "c")]
    write_corpus(tmp_path / "again.jsonl", read_corpus(tmp_path / "rows.jsonl"))
    assert read_corpus(tmp_path / "again.jsonl") == read_corpus(tmp_path / "rows.jsonl")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("latin.txt", "gut\nschön\n".encode("latin-1"), r"latin.txt, line 2: not UTF-8; convert it: iconv"),
        ("empty.txt", b"\n \n", "holds no text"),
        ("rows.jsonl", b'{"text": "a"}\n{"text"\n', "line 2: no JSON"),
        ("rows.jsonl", b'{"words": "a"}\n', 'line 1: no "text"'),
        ("rows.jsonl", b"[1]\n", 'line 1: no "text"'),
        ("missing.txt", None, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_cure(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ToolformerError, match=message) as caught:
        read_corpus(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_document_longer_than_the_context_is_used_in_pieces(
    make_model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = make_model("gpt2", "bytes")
    long = " ".join(f"word{number}" for number in range(200))
    pieces = fitted(
        [Document(0, "short", "Friday"), Document(1, long, "Monday"), Document(2, "x" * 150)],
        lambda text: model.encode(text).ends,
        64,
    )

    assert pieces[0] == Document(0, "short", "Friday")
    assert " ".join(piece.text for piece in pieces if piece.day == "Monday") == long
    assert "".join(piece.text for piece in pieces if piece.day is None) == "x" * 150
    assert all(len(model.encode(piece.text).ids) <= 64 for piece in pieces)
    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    assert "2 of 3 documents are longer than the 64 tokens" in caplog.text


@pytest.fixture
def prepared(make_model: Any, tmp_path: Path) -> Path:
    chosen = random.Random(4)
    make_model("gpt2", "words").save(tmp_path / "model")
    write_corpus(
        tmp_path / "corpus.jsonl",
        [Document(number, one.text, one.day) for number, one in enumerate(story(chosen) for _ in range(40))],
    )
    return tmp_path


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, PROCESS, folder], stdout=subprocess.PIPE, text=True)


def finish(folder: Path) -> None:
    with start(folder) as process:
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_killed_annotation_goes_on_and_ends_the_same(prepared: Path) -> None:
    path = prepared / "annotation" / "annotated.jsonl"
    finish(prepared)
    whole = path.read_text()
    shutil.rmtree(prepared / "annotation")
    with start(prepared) as killed:
        assert killed.stdout is not None
        next(line for line in killed.stdout if int(line) >= 12)
        killed.send_signal(signal.SIGKILL)
    done = len(whole_rows(path))
    assert done >= 12
    with path.open("a") as file:
        file.write('{"document": 99, "te')

    with start(prepared) as again:
        assert again.stdout is not None
        first = int(again.stdout.readline() or 40)
        assert again.wait(timeout=PATIENCE) == 0

    assert first <= done + 4
    assert path.read_text() == whole
    assert len(read_annotated(path)) == 40


def test_another_corpus_in_the_same_folder_is_refused(prepared: Path) -> None:
    finish(prepared)
    with (prepared / "corpus.jsonl").open("a") as file:
        file.write('{"text": "one more"}\n')

    ended = subprocess.run([sys.executable, PROCESS, prepared], capture_output=True, text=True)

    assert ended.returncode == 1
    assert "holds another annotation (differing: corpus); take another folder" in ended.stderr


def annotated() -> AnnotatedDocument:
    def call(place: int, result: str, gain: float) -> AnnotatedCall:
        return AnnotatedCall(
            name="calculator", arguments=f"{place}", result=result, place=place, probability=0.5,
            loss=1.0, loss_nothing=1.0 + gain, loss_call=2.0 + gain,
        )  # fmt: skip

    return AnnotatedDocument(
        document=0, text="it has 5 and 6", calls=(call(6, "5", 2.0), call(6, "4", 1.0), call(12, "6", 0.7))
    )


def test_the_best_call_of_each_place_is_kept_and_spliced_in_with_its_result() -> None:
    one = annotated()
    assert (
        one.with_calls(one.kept({"calculator": 0.5}))
        == "it has [calculator(6) -> 5] 5 and [calculator(12) -> 6] 6"
    )
    assert one.with_calls(one.kept({"calculator": 0.5}, most=1)) == "it has [calculator(6) -> 5] 5 and 6"
    assert one.with_calls(one.kept({"calculator": 3.0})) == one.with_calls(one.kept({})) == one.text


def test_a_hugging_face_data_set_has_texts_calls_and_scores() -> None:
    (row,) = as_dataset([annotated()], {"calculator": 1.0})
    assert row["annotated"] == "it has [calculator(6) -> 5] 5 and 6"
    assert [call["gain"] for call in json.loads(row["calls"])] == pytest.approx([2.0, 1.0, 0.7])


def test_a_damaged_annotation_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "annotated.jsonl"
    path.write_text(annotated().model_dump_json() + "\nrubbish\n")
    with pytest.raises(ToolformerError, match="line 2, is damaged"):
        read_annotated(path)
    with pytest.raises(ToolformerError, match="fieldcraft toolformer annotate"):
        read_annotated(tmp_path / "none.jsonl")
