"""The workshop of the command line's tests: a folder, scripted answers, and ways to run a command there."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from machine import eventually

from fieldcraft.cli.main import main
from fieldcraft.skills import Provenance, Skill, SkillLibrary, Verified


def code(source: str) -> str:
    return f"Plan.\n```python\n{source}\n```"


def task(words: str, item: str, count: int) -> str:
    goal = {"kind": "item", "item": item, "count": count}
    return json.dumps({"reasoning": "because", "task": words, "goal": goal})


CHOP = '''
def chop_wood(bot, count=4):
    """Chop wood until `count` fell."""
    got = 0
    for _ in range(20):
        if got >= count:
            break
        got += bot.chop()
    print("chopped", got)
'''
TOO_MANY = "def saw_planks(bot, count=1):\n    bot.saw(50)\n"
SAW = '''
def saw_planks(bot, count=2):
    """Saw planks, chopping wood first."""
    chop_wood(bot, count)
    bot.saw(count)
'''
CHOP_MORE = [CHOP.replace("chop_wood", f"chop_{number}").replace("=4", "=40") for number in range(20)]
ANSWERS = {
    "curriculum": [
        task("Chop 4 wood", "wood", 4),
        task("Saw 4 planks", "plank", 4),
        *(task(f"Chop {count} wood", "wood", count) for count in range(20, 620, 40)),
    ],
    "answerer": [f"Answer {number}." for number in range(80)],
    "actor": [code(source) for source in (CHOP, TOO_MANY, SAW, *CHOP_MORE)],
    "describer": [
        "Chops wood from the tree.",
        "Saws planks from wood.",
        *(f"Chops a lot, {n}." for n in range(20)),
    ],
}


@dataclass
class Finished:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Workshop:
    """A folder to run commands in, in this process or in one of their own."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *arguments: str) -> Finished:
        """In this process, at its front door."""
        self.capture.readouterr()
        ended = main([str(argument) for argument in arguments])
        out, err = self.capture.readouterr()
        return Finished(ended, out, err)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """In a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "fieldcraft", *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def explore(self, *arguments: str) -> Finished:
        return self.run("explore", "--plain", "--name", "first", *arguments)

    def journal(self, run: str = "first") -> list[dict[str, Any]]:
        """The events of a run; a torn last line is left out."""
        text = "".join(
            path.read_text() for path in sorted((self.folder / "runs" / run).glob("journal-*.jsonl"))
        )
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, event: str, run: str = "first", times: int = 1) -> None:
        """Wait until the journal of a run holds an event of this type."""

        def kinds() -> list[str]:
            return [found["type"] for found in self.journal(run)]

        assert eventually(lambda: kinds().count(event) >= times), f"no {event}: {kinds()}"


def keep(
    library: SkillLibrary,
    entry: str,
    source: str,
    description: str,
    *,
    item: str,
    dependencies: dict[str, str] | None = None,
) -> Skill:
    skill = Skill(
        name=entry.replace("_", "-"),
        entry=entry,
        source=source,
        description=description,
        environment="clearing-v1",
        dependencies=dependencies or {},
        verified=Verified.FULL,
        provenance=Provenance(
            run="first", iteration=1, task=description, goal={"kind": "item", "item": item}
        ),
    )
    return library.keep(skill).skill
