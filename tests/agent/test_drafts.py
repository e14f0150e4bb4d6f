"""Several programs for one attempt: each is run where the attempt began."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_world import ToyWorld

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.forking.fork import fork_run
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.store import Journal

SAW_TOO_MANY = "def saw_planks(bot, count=1):\n    bot.saw(50)\n"
CHOP_ONCE = "def chop_wood(bot, count=1):\n    bot.chop()\n    raise ValueError('too little')\n"
CHOP_TEN = "def chop_wood(bot, count=10):\n    for _ in range(count):\n        bot.chop()\n"

Settings = Callable[..., RunSettings]


def code(source: str) -> str:
    return f"```python\n{source}\n```"


def task(words: str, item: str, count: int) -> dict[str, object]:
    return {"task": words, "goal": {"kind": "item", "item": item, "count": count}}


@pytest.fixture
def drafting(toy_settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "drafts.json"
    answers = {
        "curriculum": [task("Chop 8 wood", "wood", 8), task("Saw 2 planks", "plank", 2)],
        "actor": [code(CHOP_ONCE), code(CHOP_ONCE), code(CHOP_TEN), *[code(SAW_TOO_MANY)] * 12],
        "describer": ["Chops wood."],
    }
    path.write_text(json.dumps(answers))
    return lambda **changes: toy_settings(model=f"scripted:{path}", questions=0, **{"drafts": 3, **changes})


def explored(settings: RunSettings, runs: Path, name: str = "one") -> Path:
    with new_session(settings, runs=runs, name=name) as session:
        session.explorer.explore()
    return runs / name


def test_a_draft_runs_where_the_attempt_began_and_one_drawn_before_does_not_run(
    drafting: Settings, tmp_path: Path
) -> None:
    run = explored(drafting(attempts=1), tmp_path / "runs")
    events = Journal(run).read()
    ran = [event.source.strip() for event in events if isinstance(event, e.ExecutionStarted)]
    (kept,) = [event for event in events if isinstance(event, e.SkillKept)]
    (done,) = [event for event in events if isinstance(event, e.TaskFinished) if event.success]

    assert ran[:2] == [CHOP_ONCE.strip(), CHOP_TEN.strip()]
    assert kept.verified == "full"
    assert done.attempts == 1


def test_the_world_is_the_one_in_which_only_the_last_draft_ran(drafting: Settings, tmp_path: Path) -> None:
    events = Journal(explored(drafting(attempts=1), tmp_path / "runs")).read()
    chopped = [event for event in events if isinstance(event, e.ExecutionFinished)][1]
    alone = ToyWorld()
    alone.reset(seed=3)
    for _ in range(10):
        alone.chop()

    assert chopped.observation == alone.observe()
    assert chopped.progress == alone.progress()


@pytest.mark.slow
def test_killed_at_any_event_the_run_is_the_same_in_the_end(drafting: Settings, tmp_path: Path) -> None:
    run = explored(drafting(attempts=2, budget={"iterations": 4}), tmp_path / "runs")
    whole = history(run)
    assert any(isinstance(event, e.DraftUndone) for event in Journal(run).read())
    lines = (run / "journal-000001.jsonl").read_bytes().splitlines(keepends=True)
    (kept,) = [event.number for event in Journal(run).read() if isinstance(event, e.SkillKept)]
    (tmp_path / "library").rename(tmp_path / "saved")
    for count in range(1, len(lines)):
        shutil.rmtree(tmp_path / "library", ignore_errors=True)
        if count >= kept:
            shutil.copytree(tmp_path / "saved", tmp_path / "library")
        folder = run.parent / f"cut-{count}"
        shutil.copytree(run, folder)
        (folder / "journal-000001.jsonl").write_bytes(b"".join(lines[:count]))
        with resumed_session(folder.name, runs=folder.parent) as session:
            session.explorer.explore()
        assert history(folder) == whole, f"killed after event {count}"


def test_damaged_snapshots_are_rebuilt_without_what_was_undone(drafting: Settings, tmp_path: Path) -> None:
    run = explored(drafting(attempts=1), tmp_path / "runs")
    whole = history(run)
    journal = run / "journal-000001.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    end = max(at for at, line in enumerate(lines) if b'"execution_finished"' in line)
    journal.write_bytes(b"".join(lines[: end + 1]))
    for snapshot in (run / "snapshots").iterdir():
        snapshot.write_bytes(b"damaged")

    with resumed_session("one", runs=tmp_path / "runs") as session:
        session.explorer.explore()

    assert history(run) == whole
    assert "rebuilt" in journal.read_text()


def test_a_fork_begins_in_the_world_without_what_was_undone(drafting: Settings, tmp_path: Path) -> None:
    run = explored(drafting(attempts=2, budget={"iterations": 4}), tmp_path / "runs")
    shutil.rmtree(run / "snapshots")
    fork = fork_run("one", at=2, runs=tmp_path / "runs", new_name="two")

    with resumed_session("two", runs=tmp_path / "runs") as session:
        session.explorer.explore()

    assert history(fork.folder) == history(run)


def test_a_world_that_cannot_go_back_has_one_draft(drafting: Settings, tmp_path: Path) -> None:
    settings = drafting(environment="toy_world:ForgetfulWorld", attempts=2)
    events = Journal(explored(settings, tmp_path / "runs")).read()

    assert not any(isinstance(event, e.DraftUndone) for event in events)
