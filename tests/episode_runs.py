"""A run that does the tasks of two episodes, by a program for each; for the tests of worlds with episodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript.reading import kept_calls


@dataclass(frozen=True)
class TwoEpisodes:
    """What became of the run: its state, the episodes and tasks that ended, and what models were asked."""

    state: RunState
    ended: list[e.EpisodeEnded]
    finished: list[e.TaskFinished]
    asked: str

    def asks_of(self, *words: str) -> list[str]:
        """The words, of other worlds, that a model was asked with all the same; capitals count."""
        return [word for word in words if word in self.asked]


def two_episodes(folder: Path, world: str, options: Mapping[str, Any], programs: list[str]) -> TwoEpisodes:
    """Run a scripted model through two episodes of a world that gives a task in each, seed 3."""
    script = {
        "actor": programs,
        "critic": ['{"reasoning": "r", "success": false, "critique": "c"}'] * 4,
        "answerer": ["A."] * 9,
        "describer": ["Does what the episode asks for."] * 4,
    }
    (folder / "script.json").write_text(json.dumps(script))
    settings = RunSettings(
        environment=world,
        options=dict(options),
        model=f"scripted:{folder / 'script.json'}",
        curriculum="episodes",
        questions=0,
        attempts=1,
        seed=3,
        library=str(folder / "library"),
        budget=BudgetLimits(episodes=2),
    )
    with new_session(settings, runs=folder / "runs", name="one") as session:
        state = session.explorer.explore()
    events = Journal(folder / "runs" / "one").read()
    return TwoEpisodes(
        state=state,
        ended=[event for event in events if isinstance(event, e.EpisodeEnded)],
        finished=[event for event in events if isinstance(event, e.TaskFinished)],
        asked="\n".join(call.text for call in kept_calls(folder / "runs" / "one")),
    )
