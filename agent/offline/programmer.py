"""The actor: from task, facts, skills and earlier attempts to a plan and one program."""

from __future__ import annotations

import re

from .facts import Facts
from .known_skills import known_skills
from .planner import choose
from .reading import Prompt, mentioned, subsections
from .snippets import LOOK_AROUND
from .ways import Ways
from .writer import Writer

_GOAL = re.compile(r"^Done when: (hold|place|kill) (\d+) (\S+)\s*$", re.MULTILINE)

SPARE = 6
"""Slots to empty where the task does not say how many."""

ROOM = 4
"""Kinds of items that are placed in the world when the pockets are full."""

HUNGRY = 8
"""Hunger, of 20 for a full belly, from which a program begins with a meal."""


def write_program(prompt: Prompt) -> str:
    """A short plan and one code block."""
    history = prompt.text("Earlier attempts")
    facts = Facts(prompt.data("Context"), history)
    items, blocks, mobs = prompt.names("Items"), prompt.names("Blocks"), prompt.names("Mobs")
    skills = known_skills(prompt.text("Skills"), items)
    ways = Ways(facts, prompt.observation, skills, blocks, history)
    before = _care(prompt, history, blocks)
    task = prompt.text("Task")
    verb, count, name = _aim(task, items, blocks, mobs)
    if verb == "look" and (chosen := _chosen(prompt, task)):
        verb, count, name = chosen
        before.append("bot.explore()")
    writer = Writer(ways, _lacked(history), before)
    match verb:
        case "hold":
            source = writer.obtain(name, count)
        case "place":
            source = writer.place(name, count)
        case "kill":
            source = writer.kill(name, count)
        case "mine":
            source = writer.mine(name, count, facts.tools.get(name))
        case "deposit":
            source = writer.deposit(name, _spare(prompt))
        case _:
            source = LOOK_AROUND.lstrip()
    return f"{_plan(history, verb, count, name)}\n```python\n{source}```"


def _care(prompt: Prompt, history: str, blocks: list[str]) -> list[str]:
    """Lines that every program begins with where the body or the pockets ask for it."""
    seen = prompt.observation
    lines = []
    if seen.hunger is not None and seen.hunger <= HUNGRY and "cannot eat" not in history:
        lines.append("_eat(bot)")
    if "the inventory is full" in history:
        known = prompt.text("Skills") + prompt.text("Context") + history
        spare = [item for item in seen.inventory if item in blocks and item not in known]
        spare.sort(key=lambda item: (seen.inventory[item], item))
        lines.append(f"_make_room(bot, {', '.join(repr(item) for item in spare[:ROOM])})")
    return lines


def _lacked(history: str) -> Facts:
    """What skills that earlier attempts called had not, by their errors."""
    return Facts(*re.findall(r"^> (.* of \w+: `.*)$", history, flags=re.MULTILINE))


def _aim(task: str, items: list[str], blocks: list[str], mobs: list[str]) -> tuple[str, int, str]:
    """What is to be done: by the goal where there is one, else by the task's words."""
    goal = _GOAL.search(task)
    if goal:
        return goal[1], int(goal[2]), goal[3]
    words = task.splitlines()[0] if task else ""
    number = re.search(r"\b(\d{1,4})\b", words)
    count = max(1, int(number[1])) if number else 1
    first = words.split(" ")[0].lower()
    choices = {"mine": blocks, "place": blocks, "kill": mobs, "deposit": blocks, "smelt": items}
    for name in mentioned(words, choices.get(first, items)):
        return first if first in ("mine", "place", "kill", "deposit") else "hold", count, name
    for verb, names in (("hold", items), ("kill", mobs), ("mine", blocks)):
        for name in mentioned(words, names):
            return verb, count, name
    return "look", 1, ""


def _chosen(prompt: Prompt, task: str) -> tuple[str, int, str] | None:
    """What to do for a task that leaves it open; `None` for any other."""
    for proposal in choose(prompt, task, 1):
        goal = proposal.goal or {}
        kind = str(goal.get("kind", "mine"))
        name = str(goal.get("item") or goal.get("mob") or proposal.words.split()[-1])
        return {"item": "hold"}.get(kind, kind), int(str(goal.get("count", 1))), name
    return None


def _spare(prompt: Prompt) -> list[str]:
    """What to put away: what is held in numbers before what may be a tool, the least spoken of first."""
    spoken = prompt.text("Skills") + prompt.text("Context")
    held = prompt.observation.inventory
    order = sorted(held, key=lambda item: (held[item] == 1, spoken.count(item), item))
    return order[: prompt.number("Context", r"at least (\d+) more", SPARE) + 4]


def _plan(history: str, verb: str, count: int, name: str) -> str:
    attempts = subsections(history)
    said = []
    if attempts:
        error = re.search(r"^> (.+)$", attempts[-1][1].partition("Error:")[2], flags=re.MULTILINE)
        said.append(
            f"The last attempt stopped at: {error[1][:200].replace('`', '')}"
            if error
            else "The last attempt fell short."
        )
    said.append(f"The plan is to {verb} {count} {name}".rstrip() + ", by what is known so far.")
    return " ".join(said)
