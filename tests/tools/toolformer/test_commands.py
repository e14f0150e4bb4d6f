"""The commands, in processes of their own where they may be stopped; what is wrong is one line."""

from __future__ import annotations

import io
import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from machine import PATIENCE

from fieldcraft.cli.main import main
from fieldcraft.tools.toolformer.annotation.documents import Document, write_corpus
from fieldcraft.tools.toolformer.annotation.record import made_folder
from fieldcraft.tools.toolformer.demo.corpus import story
from fieldcraft.tools.toolformer.errors import ToolformerError

FAST = ["--positions", "2", "--samples", "2", "--tau-s", "0", "--tau-f", "-100"]


@pytest.fixture
def folder(make_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    chosen = random.Random(6)
    make_model("gpt2", "words", context=1000).save(tmp_path / "model")
    make_model("gpt2", "words", context=60).save(tmp_path / "small")
    (tmp_path / "list.yaml").write_text("- calculator")
    (tmp_path / "other.jsonl").write_text('[{"kind": "sums", "prompt": "1 + 1 is"}]')
    (tmp_path / "odd.yaml").write_text("tools: {calculator: {postions: 3}}")
    (tmp_path / "latin.txt").write_bytes(b"a caf\xe9 has 3 cups")
    (tmp_path / "wide.txt").write_bytes("the inn".encode("utf-16-le"))
    stories = [story(chosen) for _ in range(12)]
    write_corpus(tmp_path / "texts.jsonl", [Document(n, one.text, one.day) for n, one in enumerate(stories)])
    (tmp_path / "tasks.jsonl").write_text(
        "".join(
            json.dumps({"kind": one.kind, "prompt": one.before, "answers": [one.answer]}) + "\n"
            for one in stories
        )
    )
    (tmp_path / "propose.py").write_text(
        "from langchain_core.language_models import FakeListChatModel\n"
        "class Chat(FakeListChatModel):\n"
        "    responses: list[str] = ['nothing']\n"
        "    def _call(self, messages, *rest, **more):\n"
        "        text = messages[0].text.rsplit('Text:', 1)[1].split('Text with')[0].strip()\n"
        "        place = text.rfind(' ')\n"
        "        return text[:place] + ' [calculator(6 * 7)]' + text[place:]\n"
    )
    return tmp_path


def run(*arguments: str) -> int:
    return main(["toolformer", *arguments])


@pytest.fixture
def annotated(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `annotate --json` says of the corpus in the folder `made`, a chat model proposing."""
    (folder / "every.yaml").write_text("tools: {calculator: {only: null}}")
    annotate = "annotate texts.jsonl --model model --tools calculator --into made --json"
    asked = [*FAST, "--settings", "every.yaml", "--proposer", "propose:Chat", "--seed", "1"]
    assert run(*annotate.split(), *asked) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_a_corpus_is_annotated_with_what_a_chat_model_proposes(annotated: dict[str, Any]) -> None:
    assert (annotated["done"], annotated["with_calls"]) == (12, 12)
    (tool,) = annotated["tools"]
    assert (tool["name"], tool["sampled"], tool["failed"]) == ("calculator", 12, 0)
    assert tool["kept"]["-100.0"] == 12
    assert "[calculator(6 * 7) -> 42]" in annotated["samples"][0]


@pytest.mark.usefixtures("annotated")
def test_a_model_is_trained_whole_or_with_lora_and_writes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tune = "train made --model model --steps 3 --batch-size 4 --held-out texts.jsonl --learning-rate 1e-3"
    assert run(*tune.split(), "--into", "tuned", "--plain", "--plain-share", "0") == 0
    assert "perplexity of held-out text" in capsys.readouterr().out
    assert run(*tune.split(), "--into", "lora", "--json", "--method", "lora") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["documents_with_calls"] == 12
    assert told["perplexity"] < told["perplexity_before"]

    for trained in ("tuned", "lora"):
        written = ["decode", "--tools", "calculator", "--tokens", "8", "--json", "--model"]
        assert run(*written, str(folder / trained / "model"), "the mill has 12") == 0
        assert json.loads(capsys.readouterr().out)["written"]
    assert run(*tune.split(), "--into", "lora") == 1
    assert "lora holds another training (differing: settings)" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.usefixtures("folder")
def test_writing_streams_and_makes_no_call_where_calls_are_disabled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    decode = ["decode", "the mill has 12", "--model", "model", "--tools", "calculator", "--tokens", "8"]
    assert run(*decode) == 0
    streamed = capsys.readouterr().out
    assert run(*decode, "--json") == 0
    assert json.loads(capsys.readouterr().out)["written"].split() == streamed.split()
    assert run(*decode, "--disabled", "--json") == 0
    assert json.loads(capsys.readouterr().out)["calls"] == []


def test_models_are_compared_in_a_table_and_a_picture(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate = (
        "evaluate --tasks tasks:tasks.jsonl --validation tasks:tasks.jsonl --model model --base model "
        "--control model --tools calculator --held-out texts.jsonl -k 0,1 --tokens 10 --picture table.png"
    )
    assert run(*evaluate.split(), "--plain") == 0
    shown = capsys.readouterr().out
    assert "calls enabled" in shown
    assert "+ plain text" in shown
    assert (folder / "table.png").stat().st_size > 1000


def test_a_settings_file_and_flags_reach_the_sampling(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "settings.yaml").write_text(
        "seed: 3\ntools:\n  calculator: {only: null, prompt: '{{ text }}'}\n"
    )
    command = ["annotate", "texts.jsonl", "--model", "model", "--tools", "calculator", "--into", "made"]
    assert run(*command, "--settings", "settings.yaml", *FAST, "--plain") == 0
    settings = json.loads((folder / "made" / "annotation.json").read_text())["settings"]
    assert settings["seed"] == 3
    calculator = settings["tools"]["calculator"]
    assert (calculator["positions"], calculator["samples"], calculator["tau_f"]) == (2, 2, -100.0)
    assert (calculator["prompt"], calculator["only"]) == ("{{ text }}", None)


def test_texts_without_a_place_for_a_call_are_told_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "words.txt").write_text("\n\njust words\n\nand more words\n")
    command = [
        "annotate",
        "words.txt",
        "--model",
        "model",
        "--tools",
        "calculator",
        "--into",
        "made",
        "--plain",
    ]
    assert run(*command) == 0
    shown = capsys.readouterr()
    assert "0 of 2 documents keep a call" in shown.out
    assert "no place for a call was found; lower tau_s" in shown.err
    assert run("train", "made", "--model", "model", "--into", "tuned") == 1
    assert "no document keeps a call; lower the thresholds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("annotate none.txt --model model --tools calculator --into a", 2, "none.txt cannot be read"),
        (
            "annotate texts.jsonl --model nowhere --tools calculator --into a",
            1,
            "no causal language model 'nowhere'",
        ),
        ("annotate texts.jsonl --model texts.jsonl --tools calculator --into a", 1, "save_pretrained"),
        ("annotate texts.jsonl --model model --tools calculator --into texts.jsonl", 1, "name another"),
        (
            "annotate texts.jsonl --model model --tools calculator --into a --device odd",
            1,
            "take --device cpu",
        ),
        ("annotate texts.jsonl --model small --tools calculator --into a", 1, "the prompt of calculator ("),
        ("annotate latin.txt --model model --tools calculator --into a", 1, "line 1: not UTF-8; convert it"),
        ("annotate wide.txt --model model --tools calculator --into a", 1, "iconv -f utf-16le"),
        ("annotate texts.jsonl --model model --tools calculater --into a", 2, "did you mean 'calculator'"),
        ("annotate texts.jsonl --model model --into a", 2, "name one with --tools"),
        ("annotate texts.jsonl --model model --tools calculator --into a --tau-s 3", 2, "tau_s"),
        (
            "annotate texts.jsonl --model model --tools calculator --into a --settings no.yaml",
            2,
            "no.yaml cannot",
        ),
        (
            "annotate texts.jsonl --model model --tools calculator --into a --settings odd.yaml",
            2,
            "odd.yaml: no setting 'tools.calculator.postions'; did you mean 'positions'",
        ),
        (
            "annotate texts.jsonl --model model --tools calculator --into a --settings tasks.jsonl",
            2,
            "tasks.jsonl cannot be read",
        ),
        (
            "annotate texts.jsonl --model model --tools calculator --into a --settings list.yaml",
            2,
            "list.yaml holds no settings",
        ),
        (
            "annotate texts.jsonl --model model --tools search --into a --corpus none",
            2,
            "there is no corpus none; correct --corpus",
        ),
        (
            "annotate texts.jsonl --model model --tools calculator --into small",
            1,
            "small holds something else; name another with --into",
        ),
        (
            "evaluate --tasks tasks:other.jsonl --model model --tools calculator",
            1,
            "a task in it has no 'answers'",
        ),
        ("train nowhere --model model --into a", 2, "nowhere holds no annotation; make one"),
        ("train made --model model --into a --learning-rate -1", 2, "learning_rate: must be more than"),
        ("decode --model model --tools calculator", 2, "there is no text to continue"),
        ("evaluate --tasks tasks.jsonl --model model --tools calculator", 2, "write it as svamp:tasks.jsonl"),
        ("evaluate --tasks odd:tasks.jsonl --model model --tools calculator", 1, "there are asdiv, svamp"),
        (
            "evaluate --tasks svamp:tasks.jsonl --model model --tools calculator",
            1,
            "no file in the form svamp",
        ),
        ("evaluate --tasks tasks:tasks.jsonl --model model --tools calculator -k a,b", 2, "such as 0,1,3,10"),
        (
            "evaluate --tasks tasks:tasks.jsonl --model model --tools calculator --picture none/a.png",
            2,
            "there is no folder none",
        ),
        (
            "evaluate --tasks tasks:tasks.jsonl --validation tasks:tasks.jsonl --model model "
            "--tools calculator -k 0",
            2,
            "leaves no k for the validation",
        ),
        ("demo --into texts.jsonl", 2, "is not a folder; name another"),
        ("demo --into .", 2, "holds files that are not a demo"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_cure(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    code: int,
    message: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run(*arguments.split()) == code
    error = capsys.readouterr().err.strip()
    assert message in error.replace("\n", " ")
    assert "Traceback" not in error


def test_a_folder_of_something_else_is_refused_and_one_that_was_begun_is_not(tmp_path: Path) -> None:
    record = tmp_path / "training.json"
    for name in ("lock", "training.tmp"):
        (tmp_path / name).touch()
    assert made_folder(tmp_path, record) == tmp_path
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ToolformerError, match="holds something else; name another with --into"):
        made_folder(tmp_path, record)
    record.touch()
    assert made_folder(tmp_path, record) == tmp_path


def test_the_demo_stops_at_ctrl_c_and_goes_on_to_its_table(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "fieldcraft",
        "toolformer",
        "demo",
        "--quick",
        "--into",
        "demo",
        "--plain",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as stopped:
        assert stopped.stdout is not None
        next(line for line in stopped.stdout if "base model: " in line)
        stopped.send_signal(signal.SIGINT)
        _, errors = stopped.communicate(timeout=PATIENCE)
    assert stopped.returncode == 130, errors
    assert "The same command resumes" in errors
    assert list((folder / "demo" / "base-model").glob("checkpoint-*"))

    ended = subprocess.run(command, capture_output=True, text=True, timeout=900)

    assert ended.returncode == 0, ended.stderr
    for part in (
        "calls enabled",
        "calls disabled",
        "+ plain text",
        "kept calls have the correct result",
        "calendar",
    ):
        assert part in ended.stdout
    results = json.loads((folder / "demo" / "results.json").read_text())
    assert results["kept"] >= 20
    assert results["truly_right"] >= 0.9 * results["kept"]
    enabled = next(row for row in results["comparison"]["rows"] if row["model"] == "enabled")
    assert enabled["cells"]["date"]["accuracy"] >= 0.8
    assert (folder / "demo" / "comparison.png").stat().st_size > 1000
