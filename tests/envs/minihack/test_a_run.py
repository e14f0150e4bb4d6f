"""An agent does the tasks of episodes with a program that it keeps."""

from __future__ import annotations

from episode_runs import two_episodes

GO = """Explore until the stairs are seen.
```python
def find_the_stairs(bot):
    while not any("staircase down" in thing["name"] for thing in bot.look()["things"]):
        bot.explore()
    bot.walk_to("staircase down")
```"""
WAIT = "Wait.\n```python\ndef walk_about(bot):\n    while True:\n        bot.press('north')\n```"


def test_a_run_does_one_task_an_episode(tmp_path):
    run = two_episodes(tmp_path, "minihack-v1", {"id": "MiniHack-Room-Random-15x15-v0"}, [GO, WAIT])

    assert [event.scores["success"] for event in run.ended] == [1.0, 0.0]
    assert [event.success for event in run.finished] == [True, False]
    assert list(run.state.kept) == ["find-the-stairs"]
    assert run.asks_of("biome", "Nearby", "cow", "oak_log", "crafting", "Inventory") == []
