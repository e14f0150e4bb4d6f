"""A report as a person meets it: written by the command, opened from a file in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import PATIENCE, lacking

from fieldcraft.cli.main import main

HOSTILE = "</pre><img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
)
MEASURE = """<!doctype html><title>waiting</title>
<iframe id="page" style="width:{width}px;height:900px;border:0"></iframe>
<script>
const frame = document.getElementById("page");
frame.onload = () => {{
  const inside = frame.contentDocument;
  for (const part of inside.querySelectorAll("details")) part.open = true;
  const paper = frame.contentWindow.getComputedStyle(inside.body).backgroundColor;
  document.title = JSON.stringify([inside.documentElement.scrollWidth, paper]);
}};
frame.srcdoc = {page};
</script>"""
Browse = Callable[..., str]


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Opens a file in Chromium and returns the document as it is once loaded."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        lacking("Chromium")

    def open_page(page: Path, *flags: str) -> str:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [browser, *FLAGS, profile, *flags, "--dump-dom", page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return open_page


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a hostile model lived two iterations of the grid world."""
    program = f"def greet(bot):\n    print({HOSTILE!r})  # {HOSTILE}\n    raise ValueError({HOSTILE!r})\n"
    answers = {
        "curriculum": [json.dumps({"reasoning": HOSTILE, "task": f"Greet {HOSTILE}"})],
        "answerer": [HOSTILE] * 4,
        "actor": [f"```python\n{program}\n```"] * 2,
        "critic": [json.dumps({"reasoning": HOSTILE, "success": False, "critique": HOSTILE})] * 2,
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    (tmp_path / "fieldcraft.toml").write_text("questions = 0\n[budget]\niterations = 2\n")
    model = ["--model", "scripted:answers.json", "--critic", "model"]
    assert main(["explore", "--plain", "--name", "hostile", *model]) == 0
    assert main(["runs", "report", "hostile"]) == 0
    assert main(["runs", "compare", "hostile", "latest", "--out", "comparison.html"]) == 0
    return tmp_path


def title(document: str) -> str:
    found = re.search(r"<title>(.*?)</title>", document, flags=re.DOTALL)
    assert found
    return html.unescape(found.group(1))


def test_the_browser_would_run_what_is_not_escaped(browse: Browse, tmp_path: Path) -> None:
    """The check of the checks below."""
    page = tmp_path / "unescaped.html"
    page.write_text(f"<!doctype html><title>calm</title><pre>{HOSTILE}</pre>")
    assert title(browse(page)) == "pwned"


def test_nothing_of_a_hostile_run_acts_in_the_browser(browse: Browse, folder: Path) -> None:
    document = browse(folder / "runs" / "hostile" / "report.html")
    assert title(document) == "Run hostile"
    assert document.count("data:image/png;base64,") == 1
    assert "<img" not in document
    assert "<script" not in document
    for heading in ("Program", "Log", "Error", "Verdict"):
        assert f"<h4>{heading}</h4>" in document
    assert document.count("&lt;img src=x") > 4


@pytest.mark.parametrize("page", ["runs/hostile/report.html", "comparison.html"])
def test_pages_fit_phones_and_desktops_and_follow_the_colour_scheme(
    browse: Browse, folder: Path, page: str
) -> None:
    papers = set()
    for width, scheme in ((390, 0), (1280, 1)):
        harness = folder / "harness.html"
        text = json.dumps((folder / page).read_text()).replace("</", "<\\/")
        harness.write_text(MEASURE.format(width=width, page=text))
        taken, paper = json.loads(title(browse(harness, f"--blink-settings=preferredColorScheme={scheme}")))
        assert taken <= width
        papers.add(paper)
    assert papers == {"rgb(20, 22, 24)", "rgb(251, 250, 247)"}


@pytest.mark.parametrize("damage", [b"", b"FCGRID\x02\x00nonsense"])
def test_a_damaged_snapshot_costs_the_report_no_more_than_the_land(folder: Path, damage: bytes) -> None:
    for snapshot in (folder / "runs" / "hostile" / "snapshots").iterdir():
        snapshot.write_bytes(damage)
    assert main(["runs", "report", "hostile", "--out", "here.html"]) == 0
    page = (folder / "here.html").read_text()
    assert "The map walked" in page and "data:image" not in page


def test_says_where_the_page_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["runs", "report", "latest", "--out", "here.html", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"page": "here.html", "bytes": Path("here.html").stat().st_size}


def test_a_place_that_cannot_be_written_is_named_with_the_cure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "report", "latest", "--out", "nowhere/here.html"]) == 1
    assert "name another place with --out" in capsys.readouterr().err


def test_an_unknown_run_names_the_nearest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "compare", "hostile", "hostil"]) == 2
    assert "did you mean 'hostile'" in capsys.readouterr().err
