"""An agent follows the instructions of episodes with a program that it keeps."""

from __future__ import annotations

import json

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript.reading import kept_calls

CLICK = """Click on what is named.
```python
def click_the_named_button(bot):
    seen = bot.look()
    print(bot.click(seen["fields"]["target"]))
```"""
GUESS = "Guess.\n```python\ndef click_some(bot):\n    bot.click(bot.elements(tag='button')[-1]['ref'])\n```"
OTHERS = ("chest", "cow", "oak", "craft", "inventory", "mob", "grid", "key of its colour", "sql")


def test_a_run_follows_one_instruction_an_episode(tmp_path):
    script = {
        "actor": [CLICK, GUESS],
        "critic": ['{"reasoning": "r", "success": false, "critique": "c"}'] * 4,
        "answerer": ["A."] * 9,
        "describer": ["Clicks on what the instruction names."] * 4,
    }
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    settings = RunSettings(
        environment="miniwob-v1",
        options={"tasks": "click-test-2"},
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
    asked = "\n".join(call.text for call in kept_calls(tmp_path / "runs" / "one")).lower()

    assert [event.end.outcome for event in ended] == ["terminated", "terminated"]
    assert ended[0].scores == {"success": 1.0, "reward": 1.0}
    assert list(state.kept) == ["click-the-named-button"]
    assert "follow the instruction: click button one." in asked
    assert [word for word in OTHERS if word in asked] == []
