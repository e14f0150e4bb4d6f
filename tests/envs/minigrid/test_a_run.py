"""An agent does the missions of episodes with a program that it keeps."""

from __future__ import annotations

import json

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript.reading import kept_calls

GO = """Find the thing, then go to it.
```python
def find_and_go_to(bot):
    words = bot.look()["mission"].split()
    kind, colour = words[-1], words[-2]
    while not any(one["kind"] == kind and one["colour"] == colour for one in bot.look()["things"]):
        bot.explore()
    bot.go_to(kind, colour)
```"""
TURN = "Turn.\n```python\ndef turn_round(bot):\n    while True:\n        bot.left()\n```"


def test_a_run_does_one_mission_an_episode(tmp_path):
    script = {
        "actor": [GO, TURN],
        "critic": ['{"reasoning": "r", "success": false, "critique": "c"}'] * 4,
        "answerer": ["A."] * 9,
        "describer": ["Goes to the thing of the mission."] * 4,
    }
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    settings = RunSettings(
        environment="minigrid-v1",
        options={"id": "BabyAI-GoToObj-v0"},
        model=f"scripted:{path}",
        curriculum="episodes",
        questions=0,
        attempts=1,
        seed=3,
        library=str(tmp_path / "library"),
        budget=BudgetLimits(episodes=2),
    )
    with new_session(settings, runs=tmp_path / "runs", name="one") as session:
        state = session.explorer.explore()
    events = Journal(tmp_path / "runs" / "one").read()
    ended = [event for event in events if isinstance(event, e.EpisodeEnded)]
    finished = [event for event in events if isinstance(event, e.TaskFinished)]
    asked = "\n".join(call.text for call in kept_calls(tmp_path / "runs" / "one"))

    assert [event.end.outcome for event in ended] == ["terminated", "truncated"]
    assert [event.scores["success"] for event in ended] == [1.0, 0.0]
    assert [event.success for event in finished] == [True, False]
    assert list(state.kept) == ["find-and-go-to"]
    assert state.episodes.best["success"] == 1.0
    assert not [word for word in ("chest", "cow", "oak_log", "crafting", "Inventory") if word in asked]
