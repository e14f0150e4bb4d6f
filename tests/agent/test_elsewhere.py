"""A run that finds nothing new any more goes on in another world of those that its settings name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.retrieval import Question, relevant
from fieldcraft.agent.memory.store import Memory
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.cli.main import main
from fieldcraft.cli.options.config import load_settings
from fieldcraft.cli.options.study_flags import make_plan
from fieldcraft.envs import Observation

STAND = "```python\ndef stand(bot):\n    bot.wait(20)\n    print('nothing')\n```"
ELSEWHERE = ({"variant": "desert"}, {"variant": "no such land"}, {"variant": "winter", "mob_density": 0})


def wanted(tmp_path: Path, programs: int, **more: Any) -> RunSettings:
    tasks = [json.dumps({"task": f"Stand {number} times", "goal": None}) for number in range(1, programs + 1)]
    script = {"curriculum": tasks, "actor": [STAND] * programs}
    (tmp_path / "script.json").write_text(json.dumps(script))
    return RunSettings(
        model=f"scripted:{tmp_path / 'script.json'}",
        library=str(tmp_path / "library"),
        options={"size": 96},
        critic="none",
        facts="none",
        keep_skills=False,
        questions=0,
        stall_after=1,
        elsewhere=ELSEWHERE,
        budget=BudgetLimits(iterations=programs),
        **more,
    )


def explored(tmp_path: Path, programs: int) -> tuple[RunState, list[e.Event]]:
    with new_session(wanted(tmp_path, programs), runs=tmp_path / "runs", name="one") as session:
        state = session.explorer.explore()
    return state, Journal(tmp_path / "runs" / "one").read()


def test_after_two_stalls_the_run_moves_on_and_an_impossible_world_is_passed_over(tmp_path: Path) -> None:
    state, events = explored(tmp_path, 12)
    moves = [event for event in events if isinstance(event, e.EpisodeBegan)]
    tries = [event.tries for event in events if isinstance(event, e.StallNoticed)]
    ends = [str(event.end) for event in events if isinstance(event, e.EpisodeEnded)]

    assert [(move.elsewhere, move.refused) for move in moves] == [(1, 0), (1, 2), (3, 0)]
    assert moves[0].observation.biome == "desert"
    assert moves[2].observation.biome in ("snowy_plains", "taiga")
    assert tries.count("another world") == 3
    assert ends[0] == "left (nothing new came in 3 iterations)"
    (warning,) = [event.text for event in events if isinstance(event, e.Warned)]
    assert "the world cannot begin with `elsewhere` number 2" in warning
    assert "no such land" in warning
    assert (state.episodes.elsewhere, state.episodes.tried) == (3, 3)


@pytest.mark.parametrize("kind", ["stall_noticed", "episode_ended", "episode_began"])
def test_a_run_cut_while_it_moves_goes_on_in_the_same_world(kind: str, tmp_path: Path) -> None:
    explored(tmp_path, 8)
    runs = tmp_path / "runs"
    whole = history(runs / "one")
    lines = (runs / "one" / "journal-000001.jsonl").read_bytes().splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if f'"type":"{kind}"'.encode() in line]
    for end in (places[-1], places[-1] + 1):
        folder = runs / f"cut-{end}"
        shutil.copytree(runs / "one", folder)
        (folder / "journal-000001.jsonl").write_bytes(b"".join(lines[:end]))
        with resumed_session(folder.name, runs=runs) as session:
            session.explorer.explore()
        assert history(folder) == whole


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("variant", "--elsewhere 'variant': write it as key=value"),
        ("varian=desert", "has no option 'varian'; did you mean 'variant'?"),
    ],
)
def test_a_change_of_no_option_is_refused_before_the_run(
    change: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--runs", str(tmp_path / "runs"), "--library", str(tmp_path / "library")]
    assert main(["explore", "--plain", "--iterations", "1", "--elsewhere", change, *folders]) == 2
    assert problem in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/*"))


def test_a_place_of_another_episode_is_not_told() -> None:
    facts = [
        Fact(
            key=f"place coal_ore {place}",
            kind="place",
            subject="coal_ore",
            text=f"coal_ore was seen in the {place}",
            latest=latest,
        )
        for place, latest in (("east", 4), ("west", 9))
    ]
    facts.append(Fact(key="drop", kind="drop", subject="coal_ore", text="coal_ore gives coal", latest=4))
    memory = Memory()
    memory.take(facts, {}, 9)
    asked = Question("where is coal_ore?", now=Observation())
    assert len(relevant(memory, asked)) == 3
    assert {fact.text for fact in relevant(memory, asked.changed(since=5))} == {
        "coal_ore was seen in the west",
        "coal_ore gives coal",
    }


def test_a_study_stays_in_its_worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fieldcraft.toml").write_text('elsewhere = [{ variant = "desert" }]\n')
    settings = load_settings({})
    assert settings.elsewhere == ({"variant": "desert"},)
    assert make_plan("items", settings, {"seeds": (1,)}).settings.elsewhere == ()
