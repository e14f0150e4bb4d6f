"""What the models saw, in the report and on the page."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fieldcraft.cli.main import main

PROGRAM = "```python\ndef look(bot):\n    print(bot.inventory())\n```"


@pytest.fixture
def sighted(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose actor sees the grid world."""
    monkeypatch.chdir(runs.parent)
    answers = {"actor": [PROGRAM] * 2, "critic": [json.dumps({"reasoning": "seen", "success": False})] * 2}
    Path("answers.json").write_text(json.dumps(answers))
    Path("tasks.txt").write_text("Look around\n")
    flags = ["--curriculum", "fixed", "--tasks", "tasks.txt", "--critic", "model", "--see", "actor"]
    model = ["--model", "scripted:answers.json", "--iterations", "2"]
    assert main(["explore", "--plain", "--name", "seen", *model, *flags]) == 0
    return runs / "seen"


def test_the_report_shows_what_the_author_of_a_program_saw(sighted: Path) -> None:
    assert main(["runs", "report", "seen", "--out", "seen.html"]) == 0
    page = Path("seen.html").read_text()
    shown = re.findall(r'<img class="seen" src="data:image/png;base64,([^"]+)"', page)
    assert len(shown) == 2
    assert max(Image.open(io.BytesIO(base64.b64decode(shown[0]))).size) <= 768


def test_the_page_shows_it_too(sighted: Path, client: Any) -> None:
    for path in ("r/seen/iterations/2", "r/seen/iterations/2?part=1"):
        [address] = re.findall(r'<img class="seen" src="([^"]+)"', client.get(path))
        connection = client.ask(address, absolute=True)
        assert (connection.status, connection.headers["content-type"]) == (200, "image/png")


@pytest.mark.parametrize("name", ["0" * 64, "..%2f..%2fjournal-000001.jsonl", "%00"])
def test_nothing_but_pictures_of_the_run_is_given(sighted: Path, client: Any, name: str) -> None:
    assert client.ask(f"r/seen/pictures/{name}.png").status == 404


def test_a_fork_shows_its_models_the_same_picture(sighted: Path) -> None:
    assert main(["runs", "fork", "seen", "--at", "1", "--name", "other"]) == 0
    kept = {path.name for path in (sighted / "pictures").iterdir()}
    copied = {path.name for path in (sighted.parent / "other" / "pictures").iterdir()}
    assert copied
    assert copied <= kept
