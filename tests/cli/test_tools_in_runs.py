"""Tools in a run from the command line: who has which, a person's word, what is shown, replay."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_workshop import CHOP, Workshop, code, task
from machine import PATIENCE

from fieldcraft.agent.journal.compare import first_difference

POSTING = CHOP.replace('print("chopped", got)', 'print(tools.post(text="hello"))')
POST = '''
from pathlib import Path

from fieldcraft.tools import declare


@declare(effect="writes")
def post(text: str) -> str:
    """Send a letter."""
    with Path("letters.txt").open("a") as letters:
        letters.write(text + "\\n")
    return "sent"
'''


@pytest.fixture
def letters(workshop: Workshop) -> Path:
    """The scripted actor reckons, then writes a program that posts a letter; the curriculum looks around."""
    (workshop.folder / "letterbox.py").write_text(POST)
    (workshop.folder / "notes").mkdir()
    (workshop.folder / "notes" / "trees.md").write_text("# Trees\n\nThe clearing has one old oak tree.\n")

    def wants(name: str, **arguments: Any) -> dict[str, Any]:
        return {"tool_calls": [{"name": name, "arguments": arguments}]}

    answers = {
        "curriculum": [wants("search", query="oak tree"), task("Chop 4 wood", "wood", 4)],
        "answerer": ["Chop."] * 9,
        "actor": [wants("calculator", expression="400/1400"), code(POSTING)],
        "describer": ["Chops wood and posts a letter."],
    }
    script = workshop.folder / "tools.json"
    script.write_text(json.dumps(answers))
    return script


def flags(script: Path, *more: str) -> list[str]:
    tools = [
        "--tools",
        "letterbox:post",
        "--tools",
        "actor=calculator",
        "--tools",
        "curriculum=search",
        "--corpus",
        "notes",
    ]
    return ["--model", f"scripted:{script}", "--iterations", "1", *tools, *more]


def test_tools_by_user_are_called_shown_and_counted(workshop: Workshop, letters: Path) -> None:
    ended = workshop.explore(*flags(letters))
    assert ended.code == 0
    assert "curriculum: search" in ended.out and "The clearing has one old oak tree." in ended.out
    assert "actor: calculator  0.285714285714" in ended.out
    assert "programs: post  sent" in ended.out
    assert (workshop.folder / "letters.txt").read_text() == "hello\n"

    shown = workshop.run("runs", "show", "first")
    assert "1 calculator, 1 post, 1 search" in shown.out
    data = workshop.run("runs", "show", "first", "--json").data
    assert data["finished_tasks"] == [
        {"task": "Chop 4 wood", "success": True, "tools": {"calculator": 1, "post": 1, "search": 1}}
    ]
    assert workshop.run("runs", "report", "first").code == 0
    page = (workshop.folder / "runs" / "first" / "report.html").read_text()
    assert "post(text=&#39;hello&#39;)" in page and "<h4>Tool calls</h4>" in page


def test_the_same_in_the_settings_file(workshop: Workshop, letters: Path) -> None:
    file = workshop.folder / "fieldcraft.toml"
    file.write_text(
        f'tools = ["letterbox:post"]\ncorpus = ["notes"]\n{file.read_text()}\n'
        '[role_tools]\nactor = ["calculator"]\ncurriculum = ["search"]\n'
        '[tool_policy]\napproval = "never"\ncalls_per_task = 2\n'
    )
    ended = workshop.explore("--model", f"scripted:{letters}", "--iterations", "1")
    assert "actor: calculator" in ended.out
    (run,) = [event for event in workshop.journal() if event["type"] == "execution_finished"]
    fault = run["execution"]["fault"]["message"]
    assert fault == "post was not called: this task has used its 2 tool calls"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("--tools", "critik=search"), "no user of tools is called 'critik'; did you mean 'critic'"),
        (("--tools", "calculater"), "no tool 'calculater'; did you mean 'calculator'"),
        (("--tools", "search", "--corpus", "nowhere"), "there is no corpus nowhere; correct --corpus"),
        (("--tools", "search", "--approve", "serch"), "no such tool; did you mean 'search'"),
        (("--approve", "never", "--approve", "x"), "--approve never covers every tool"),
    ],
)
def test_wrong_flags_are_named_with_the_cure(
    workshop: Workshop, given: tuple[str, ...], problem: str
) -> None:
    ended = workshop.explore(*given)
    assert ended.code == 2
    assert problem in ended.err
    assert ended.err.count("\n") == 1


def attended(workshop: Workshop, *arguments: str) -> subprocess.Popen[str]:
    """A run with somebody at its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fieldcraft", "explore", "--plain", *arguments],
        cwd=workshop.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    workshop.started.append(process)
    return process


def test_a_person_is_asked_before_a_call_that_changes_something(workshop: Workshop, letters: Path) -> None:
    process = attended(workshop, "--name", "first", *flags(letters, "--approve", "writes"))
    out, err = process.communicate("perhaps\ny\n", timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "Call post(text='hello')? It may change something each time it is called." in out
    assert out.count("[y]es, [n]o, [a]lways, ne[v]er:") == 2
    assert (workshop.folder / "letters.txt").read_text() == "hello\n"


def test_with_json_the_question_leaves_standard_output_alone(workshop: Workshop, letters: Path) -> None:
    process = attended(workshop, "--json", "--name", "first", *flags(letters, "--approve", "post"))
    out, err = process.communicate("n\n", timeout=PATIENCE)
    assert "Call post(text='hello')?" in err
    assert json.loads(out)["iterations"] == 1
    assert not (workshop.folder / "letters.txt").exists()


@pytest.mark.parametrize("how", ["ctrl-c", "nobody"])
def test_a_run_whose_person_goes_away_stops_and_asks_again_when_it_goes_on(
    workshop: Workshop, letters: Path, how: str
) -> None:
    process = attended(workshop, "--name", "first", *flags(letters, "--approve", "post"))
    workshop.wait_for("approval_asked")
    if how == "ctrl-c":
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
    else:
        out, err = process.communicate("", timeout=PATIENCE)
        assert "no answer: standard input ended" in out
    assert "Traceback" not in err
    assert "explore --resume first" in out
    assert [event["type"] for event in workshop.journal()][-2:] == ["approval_asked", "run_paused"]
    assert not (workshop.folder / "letters.txt").exists()

    again = attended(workshop, "--resume", "first")
    out, err = again.communicate("y\n", timeout=PATIENCE)
    assert again.returncode == 0, err
    assert "Call post(text='hello')?" in out
    assert (workshop.folder / "letters.txt").read_text() == "hello\n"
    asked = [event["call"] for event in workshop.journal() if event["type"] == "approval_asked"]
    answered = [event["call"] for event in workshop.journal() if event["type"] == "approval_answered"]
    assert (len(asked), len(answered)) == (1, 1)


def test_replay_says_which_tool_is_missing_and_uses_it_when_it_is_there(
    workshop: Workshop, letters: Path
) -> None:
    workshop.explore(*flags(letters))
    without = workshop.run("replay", "--seed", "8", "--json").data
    assert [(row["skill"], row["outcome"]) for row in without] == [("chop-wood", "skipped")]
    assert without[0]["why"] == "it needs the tool post, which this replay lacks; add --tools post"
    there = workshop.run("replay", "--seed", "8", "--json", "--tools", "letterbox:post").data
    assert [(row["skill"], row["outcome"]) for row in there] == [("chop-wood", "works")]
    assert (workshop.folder / "letters.txt").read_text() == "hello\nhello\n"


def test_a_tool_that_cannot_be_had_is_named_and_the_rest_works(workshop: Workshop, letters: Path) -> None:
    (workshop.folder / "broken.py").write_text("def silent(text: str) -> str:\n    return text\n")
    more = ("--tools", "broken:silent", "--tools", "nowhere:thing", "--tools", "letterbox:pots")
    ended = workshop.explore(*flags(letters, *more))
    assert ended.code == 0
    assert "tool broken:silent is not available: function 'silent' has no docstring" in ended.out
    assert "tool nowhere:thing is not available: no module 'nowhere' can be imported" in ended.out
    assert "tool letterbox:pots is not available: module 'letterbox' has no 'pots'" in ended.out
    assert "programs: post  sent" in ended.out


def test_a_run_killed_in_a_tool_call_goes_on_as_if_nothing_had_happened(workshop: Workshop) -> None:
    (workshop.folder / "slowly.py").write_text(
        "import time\nfrom fieldcraft.tools import declare\n\n"
        '@declare(effect="reads")\ndef weather(day: int) -> str:\n'
        '    """Tell the weather."""\n    time.sleep(0.4)\n    return f"sun on day {day}"\n'
    )
    asking = CHOP.replace('print("chopped", got)', "print([tools.weather(day=n) for n in range(4)])")
    answers = {
        "curriculum": [task("Chop 4 wood", "wood", 4)],
        "answerer": ["Chop."],
        "actor": [
            {"tool_calls": [{"name": "weather", "arguments": {"day": number}} for number in (7, 8)]},
            code(asking),
        ],
        "describer": ["Chops wood."],
    }
    (workshop.folder / "slowly.json").write_text(json.dumps(answers))
    given = ("--model", "scripted:slowly.json", "--iterations", "1", "--tools", "slowly:weather")
    assert workshop.explore(*given, "--library", "whole-library").code == 0
    whole = workshop.folder / "runs" / "first"
    for calls in (1, 3, 5):
        name = f"killed-{calls}"
        process = workshop.start("explore", "--plain", "--name", name, *given, "--library", f"library-{name}")
        workshop.wait_for("tool_called", run=name, times=calls)
        process.kill()
        process.wait()
        assert workshop.run("explore", "--plain", "--resume", name).code == 0
        assert first_difference(whole, workshop.folder / "runs" / name) is None
