"""Every command where Python lacks what only POSIX systems have, as it does on Windows.

This is NOT a test on Windows, on which nothing of this project is tested: it runs here, in a process without
the modules and calls that Python has on POSIX systems only (`without_posix.py`). What needs no sandbox works
there, and the rest refuses in one line.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
from cli_workshop import CHOP, SAW, Finished, keep

from fieldcraft.cli.main import app
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.formats.voyager import import_voyager

HERE = Path(__file__).parent
RUNS_OF_0_1_0 = HERE.parent / "fixtures" / "v0_1_0"
JAVASCRIPT = "async function mineWood(bot) {\n  await mineBlock(bot, 'oak_log', 3);\n}\n"
ANSWERS = {
    "answerer": ["Wood."],
    "curriculum": [{"task": "Chop 1 wood", "goal": None}],
    "actor": ["```python\ndef chop(bot):\n    bot.chop()\n```", "No tools."],
}
REFUSAL = (
    "error: programs need Linux or macOS: this system has no os.fork; on Windows, run fieldcraft in WSL "
    "(the Windows Subsystem for Linux)\n"
)


@dataclass
class Server:
    """A process that runs one command after another in one folder."""

    folder: Path
    process: subprocess.Popen[str]

    def run(self, *arguments: str) -> Finished:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        return Finished(*json.loads(self.process.stdout.readline()))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("elsewhere")
    _furnish(folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIELDCRAFT_")}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "without_posix.py")],
        cwd=folder,
        env={**clean, "COLUMNS": "120", "FIELDCRAFT_CACHE": str(folder / "cache")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    yield Server(folder, process)
    process.communicate()


def _furnish(folder: Path) -> None:
    """A world and a tool of one's own, libraries (one is Voyager's), and two runs of an earlier version."""
    shutil.copy(HERE / "clearing.py", folder)
    (folder / "word_tools.py").write_text(
        'def shout(text: str) -> str:\n    """Say it loud."""\n    return text.upper()\n'
    )
    (folder / "fieldcraft.toml").write_text(
        'environment = "clearing:Clearing"\ntools = ["word_tools:shout"]\n'
    )
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    library = SkillLibrary(folder / "library", environment="clearing-v1")
    chop = keep(library, "chop_wood", CHOP, "Chops wood from the tree.", item="wood")
    for source in (SAW, SAW.replace("count=2", "count=3")):
        needed = {"chop_wood": chop.digest}
        keep(library, "saw_planks", source, "Saws planks.", item="plank", dependencies=needed)
    library.close()
    shutil.copytree(folder / "library", folder / "other")
    (folder / "runs").mkdir()
    for name, run in (("grid", "grid/paused"), ("wood-lot", "wood-lot/finished")):
        shutil.copytree(RUNS_OF_0_1_0 / run / "runs" / "life", folder / "runs" / name)
    foreign = folder / "trial" / "skill"
    for part, content in (("code", JAVASCRIPT), ("description", "Mines wood.")):
        suffix = "js" if part == "code" else "txt"
        (foreign / part).mkdir(parents=True)
        (foreign / part / f"mineWood.{suffix}").write_text(content)
    vectors = {"mineWood": {"code": JAVASCRIPT, "description": "Mines wood."}}
    (foreign / "skills.json").write_text(json.dumps(vectors))
    import_voyager(folder / "trial", SkillLibrary(folder / "javascript", environment="minecraft-v1"))


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
        return
    for name, one in inner.items():
        yield from _commands(one, (*path, name))


COMMANDS = sorted(_commands(typer.main.get_command(app)))

REFUSED = [
    "bench crafter",
    "explore",
    "explore --sandbox unsafe",
    "explore --sandbox docker",
    "explore --resume grid",
    "solve wood",
    "replay",
    "study items",
]
"""They run programs, so they need a sandbox; not even the one without isolation runs there."""

WORKING = {
    "bench list": "crafter",
    "envs list": "gridworld-v1",
    "envs show gridworld-v1": "14 mobs",
    "envs map gridworld-v1 map.png": "map.png",
    "envs permute rules.json --seed 3": "rules.json",
    "envs check clearing:Clearing": "keeps every rule of the contract",
    "skills list": "saw-planks",
    "skills show saw-planks": "chop_wood(bot, count)",
    "skills search planks": "saw-planks",
    "skills check": "are valid",
    "models check scripted:answers.json": "it can serve in every role",
    "prompts list": "actor",
    "prompts show critic": "system",
    "prompts copy copied": "copied",
    "prompts check copied": "copied",
    "skills accept chop-wood": "chop-wood",
    "skills diff saw-planks": "count=3",
    "skills merge other": "known already",
    "skills import trial --library imported": "1",
    "skills show mine-wood --library javascript": "mineBlock",
    "skills check --library javascript": "valid",
    "skills export out --library javascript": "1 skill is in",
    "skills remove saw-planks --library other": "saw-planks",
    "runs list": "wood-lot",
    "runs show grid": "gridworld-v1",
    "runs watch grid --plain": "grid",
    "runs cost grid": "curriculum",
    "runs prompts grid": "actor",
    "runs approvals grid": "no call of grid waits",
    "runs report grid": "report.html",
    "runs compare grid wood-lot": ".html",
    "runs diff grid wood-lot": "part after iteration",
    "runs fork grid --at 1 --name forked": "forked shares",
    "runs export grid --out spans.jsonl": "spans.jsonl",
    "runs say grid hello": "waits in its inbox",
    "runs task grid dig": "waits in its inbox",
    "runs pause grid": "waits in its inbox",
    "facts list grid": "no facts",
    "facts show wood --run grid": "no facts",
    "facts search wood --run grid": "no facts",
    "tools list": "calculator",
    "tools show calculator": "tools.calculator",
    "tools call calculator 400/1400": "0.2857",
    "tools call word_tools:shout text=hello": "HELLO",
    "tools add calculator": "calculator",
    "tools check": "shout",
}
"""What is run, and a few words of its output."""

OTHERWISE = {
    ("envs", "install"): "fetches packages from the network",
    **{
        ("runs", name): "needs a run that is running: test_steering.py"
        for name in ("go-on", "step", "skip", "stop")
    },
    ("runs", "approve"): "test_a_call_that_is_not_parked_cannot_be_answered",
    ("serve",): "serves until Ctrl-C; tests/serve and tests/end_to_end/test_page_in_a_browser.py",
    ("doctor",): "test_doctor_says_that_programs_cannot_run",
    ("toolformer", "annotate"): "test_toolformer_reads_its_arguments",
    ("toolformer", "decode"): "test_toolformer_reads_its_arguments",
    ("toolformer", "demo"): "takes minutes",
    ("toolformer", "evaluate"): "test_toolformer_reads_its_arguments",
    ("toolformer", "train"): "test_toolformer_reads_its_arguments",
}
"""Commands that are in neither list, and why or where they are run."""


def test_no_command_is_forgotten() -> None:
    run = {tuple(line.split()[:length]) for line in (*REFUSED, *WORKING) for length in (1, 2)}

    assert [command for command in COMMANDS if command not in run and command not in OTHERWISE] == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_shows_its_help(server: Server, command: tuple[str, ...]) -> None:
    shown = server.run(*command, "--help")

    assert (shown.code, shown.err) == (0, "")
    assert f"Usage: fieldcraft {' '.join(command)}" in shown.out


@pytest.mark.parametrize("line", REFUSED)
def test_what_runs_programs_refuses_in_one_line(server: Server, line: str) -> None:
    refused = server.run(*line.split())

    assert (refused.code, refused.out, refused.err) == (2, "", REFUSAL)
    assert sorted(path.name for path in (server.folder / "runs").iterdir() if path.is_dir()) == [
        "grid",
        "wood-lot",
    ]


@pytest.mark.parametrize(("line", "words"), WORKING.items())
def test_what_needs_no_sandbox_works(server: Server, line: str, words: str) -> None:
    ended = server.run(*line.split())

    assert (ended.code, ended.err) == (0, "")
    assert words in ended.out


def test_the_version_is_printed(server: Server) -> None:
    assert server.run("--version").out.startswith("fieldcraft ")


def test_doctor_says_that_programs_cannot_run(server: Server) -> None:
    ended = server.run("doctor", "--json")

    (sandbox,) = [found for found in ended.data if "sandbox" in found["name"]]
    assert (ended.code, sandbox["holds"]) == (1, False)
    assert sandbox["detail"].startswith("programs need Linux or macOS")
    assert "WSL" in sandbox["cure"]


def test_a_call_that_is_not_parked_cannot_be_answered(server: Server) -> None:
    ended = server.run("runs", "approve", "grid", "12345678")

    assert (ended.code, ended.out) == (2, "")
    assert "the run grid has no parked call '12345678'; no call of it waits for a person" in ended.err


@pytest.mark.parametrize(
    "command", ["annotate no.jsonl --into x", "decode text --tools calculator", "train no --into x"]
)
def test_toolformer_reads_its_arguments(server: Server, command: str) -> None:
    ended = server.run("toolformer", *command.split(), "--model", "no-such-model")

    assert ended.code in {1, 2}
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert "posix" not in ended.err


def test_a_link_in_a_library_is_not_followed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    linked = server.folder / "linked"
    shutil.copytree(server.folder / "library", linked)
    (linked / "chop-wood" / "SKILL.md").unlink()
    (linked / "chop-wood" / "SKILL.md").symlink_to(tmp_path / "secret.md")

    ended = server.run("skills", "check", "--library", "linked")

    assert ended.code == 1
    assert "symbolic link" in ended.out + ended.err
