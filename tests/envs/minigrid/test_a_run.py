"""An agent does the missions of episodes with a program that it keeps."""

from __future__ import annotations

from episode_runs import two_episodes

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
    run = two_episodes(tmp_path, "minigrid-v1", {"id": "BabyAI-GoToObj-v0"}, [GO, TURN])

    assert [event.end.outcome for event in run.ended] == ["terminated", "truncated"]
    assert [event.scores["success"] for event in run.ended] == [1.0, 0.0]
    assert [event.success for event in run.finished] == [True, False]
    assert list(run.state.kept) == ["find-and-go-to"]
    assert run.state.episodes.best["success"] == 1.0
    assert run.asks_of("chest", "cow", "oak_log", "crafting", "Inventory") == []
