"""The actor: from task, facts, skills and earlier attempts to a plan and one program."""

from __future__ import annotations

import re

from .facts import Facts, Need
from .known_skills import known_skills
from .reading import Prompt, mentioned, subsections
from .snippets import DEPOSIT, LOOK_AROUND
from .ways import Ways
from .writer import Writer

_GOAL = re.compile(r"^Done when: (hold|place|kill) (\d+) (\S+)\s*$", re.MULTILINE)

SPARE = 8
"""Kinds of items that are put away at once."""


def write_program(prompt: Prompt) -> str:
    """A short plan and one code block."""
    history = prompt.text("Earlier attempts")
    facts = Facts(prompt.data("Context"), history)
    items, blocks, mobs = prompt.names("Items"), prompt.names("Blocks"), prompt.names("Mobs")
    skills = known_skills(prompt.text("Skills"), items)
    writer = Writer(Ways(facts, prompt.observation, skills, blocks, history), _lacked(history))
    task = prompt.text("Task")
    verb, count, name = _aim(task, items, blocks, mobs)
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
            source = _deposit(name, prompt)
        case _:
            source = LOOK_AROUND.lstrip()
    return f"{_plan(history, verb, count, name)}\n```python\n{source}```"


def _lacked(history: str) -> list[Need]:
    """What skills that earlier attempts called had not, by their errors."""
    inside = re.findall(r"^> (.* of \w+: `.*)$", history, flags=re.MULTILINE)
    facts = Facts(*inside)
    needs = {need: None for recipe in facts.recipes.values() for need in recipe.wants()}
    return [*needs, *((1, (tool,)) for tool in dict.fromkeys(facts.tools.values()))]


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


def _deposit(block: str, prompt: Prompt) -> str:
    """Away goes what the prompt speaks of least: no skill and no need that is shown names it."""
    spoken = prompt.text("Skills") + prompt.text("Context")
    held = sorted(prompt.observation.inventory, key=lambda item: (spoken.count(item), item))
    return DEPOSIT.lstrip().format(items=tuple(held[:SPARE]), block=block)


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
