"""An agent does the tasks of episodes with a program that it keeps."""

from __future__ import annotations

import json

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript.reading import kept_calls

GO = """Explore until the stairs are seen.
```python
def find_the_stairs(bot):
    while not any("staircase down" in thing["name"] for thing in bot.look()["things"]):
        bot.explore()
    bot.walk_to("staircase down")
```"""
WAIT = "Wait.\n```python\ndef walk_about(bot):\n    while True:\n        bot.press('north')\n```"


def test_a_run_does_one_task_an_episode(tmp_path):
    script = {
        "actor": [GO, WAIT],
        "critic": ['{"reasoning": "r", "success": false, "critique": "c"}'] * 4,
        "answerer": ["A."] * 9,
        "describer": ["Explores until the stairs are seen, and walks there."] * 4,
    }
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    settings = RunSettings(
        environment="minihack-v1",
        options={"id": "MiniHack-Room-Random-15x15-v0"},
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

    assert [event.scores["success"] for event in ended] == [1.0, 0.0]
    assert [event.success for event in finished] == [True, False]
    assert list(state.kept) == ["find-the-stairs"]
    assert not [
        word for word in ("biome", "Nearby", "cow", "oak_log", "crafting", "Inventory") if word in asked
    ]
