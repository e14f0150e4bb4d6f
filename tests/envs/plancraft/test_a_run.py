"""An agent reaches the targets of episodes with a program that it keeps."""

from __future__ import annotations

import json

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript.reading import kept_calls

MAKE = """Search the target, and make it.
```python
def make_target(bot):
    held = bot.look()["held"]
    for recipe in bot.search(bot.look()["target"]):
        if recipe["kind"] == "smelting":
            for item in recipe["smelt"]:
                if held.get(item):
                    bot.smelt(item)
        elif all(any(held.get(item) for item in items) for items in recipe["grid"].values()):
            grid = recipe["grid"].items()
            bot.craft({slot: next(item for item in items if held.get(item)) for slot, items in grid})
```"""
GIVE_UP = "It cannot be made.\n```python\ndef give_up(bot):\n    bot.impossible()\n```"


def test_a_run_has_a_target_an_episode(tmp_path):
    script = {
        "actor": [MAKE, GIVE_UP],
        "critic": ['{"reasoning": "r", "success": false, "critique": "c"}'] * 4,
        "answerer": ["A."] * 9,
        "describer": ["Searches the target and makes it of what is held."] * 4,
    }
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    settings = RunSettings(
        environment="plancraft-v1",
        options={"split": "val.small.easy"},
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
    assert list(state.kept) == ["make-target"]
    assert not [
        word for word in ("biome", "Nearby", "cows", "mine(", "Health", "place a chest") if word in asked
    ]
