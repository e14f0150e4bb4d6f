"""An agent follows the instructions of episodes with a program that it keeps."""

from __future__ import annotations

from episode_runs import two_episodes

CLICK = """Click on what is named.
```python
def click_the_named_button(bot):
    seen = bot.look()
    print(bot.click(seen["fields"]["target"]))
```"""
GUESS = "Guess.\n```python\ndef click_some(bot):\n    bot.click(bot.elements(tag='button')[-1]['ref'])\n```"
OTHERS = ("chest", "cow", "oak", "craft", "inventory", "mob", "grid", "key of its colour", "sql")


def test_a_run_follows_one_instruction_an_episode(tmp_path):
    run = two_episodes(tmp_path, "miniwob-v1", {"tasks": "click-test-2"}, [CLICK, GUESS])

    assert [event.end.outcome for event in run.ended] == ["terminated", "terminated"]
    assert run.ended[0].scores == {"success": 1.0, "reward": 1.0}
    assert list(run.state.kept) == ["click-the-named-button"]
    asked = run.asked.lower()
    assert "follow the instruction: click button one." in asked
    assert [word for word in OTHERS if word in asked] == []
