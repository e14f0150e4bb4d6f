"""An agent reaches the targets of episodes with a program that it keeps."""

from __future__ import annotations

from episode_runs import two_episodes

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
    run = two_episodes(tmp_path, "plancraft-v1", {"split": "val.small.easy"}, [MAKE, GIVE_UP])

    assert [event.scores["success"] for event in run.ended] == [1.0, 0.0]
    assert [event.success for event in run.finished] == [True, False]
    assert list(run.state.kept) == ["make-target"]
    assert run.asks_of("biome", "Nearby", "cows", "mine(", "Health", "place a chest") == []
