"""Answers to questions, and descriptions of skills."""

from __future__ import annotations

import re

from .facts import Facts
from .reading import Prompt, code_block, mentioned

SENTENCES = 4
UNKNOWN = "Unknown."

_USES = re.compile(r"\b(?:needs|made (?:of|from)|used? (?:for|of))\b")
"""In a question on what a thing is for."""


def answer_question(prompt: Prompt) -> str:
    """What the world said on the question, what it asks about first, then what that needs."""
    said = prompt.data("What the world said")
    facts = Facts(said)
    subjects = [*facts.recipes, *facts.sources, *facts.tools]
    asked = mentioned(prompt.text("Question"), list(dict.fromkeys([*subjects, *_things(facts)])))
    order = _users(facts, asked) if _USES.search(prompt.text("Question")) else []
    for name in [*asked, *(maker for thing in asked for maker in _makers(facts, thing))]:
        _follow(facts, name, order)
    sentences: list[str] = []
    for name in order:
        text = sentence(facts, name)
        sentences += [text] if text and not any(text[1:-1] in other for other in sentences) else []
    return "\n".join(sentences[:SENTENCES]) or UNKNOWN


def _users(facts: Facts, asked: list[str]) -> list[str]:
    """What needs any of these things."""
    subjects = dict.fromkeys([*facts.recipes, *facts.sources, *facts.tools])
    return [
        name
        for name in subjects
        if facts.tools.get(name) in asked
        or any(thing in names for names in facts.needs_of(name) for thing in asked)
    ]


def _follow(facts: Facts, name: str, order: list[str]) -> None:
    """Append a name and what it needs; of alternatives the one that most is known of goes first."""
    if name in order:
        return
    order.append(name)
    rest: list[str] = []
    for alternatives in facts.needs_of(name):
        known = sorted(alternatives, key=lambda other: -facts.known(other) - _depth(facts, other))
        _follow(facts, known[0], order)
        rest += known[1:]
    for way, thing in facts.sources.get(name, []):
        if way == "mining":
            _follow(facts, thing, order)
    order += [other for other in rest if other not in order]


def _depth(facts: Facts, name: str) -> int:
    """How many of a name's needs are known in turn."""
    return sum(any(facts.known(other) for other in names) for names in facts.needs_of(name))


def sentence(facts: Facts, name: str) -> str:
    """What is known of a name, in the form that `Facts` reads; empty where nothing is."""
    clauses = []
    recipe = facts.recipes.get(name)
    if recipe:
        needs = ", ".join(f"{count} {' or '.join(names)}" for count, names in recipe.wants())
        parts = [f"need {needs}"] if needs else []
        parts += [f"need a {station} within 4 blocks" for station in recipe.stations]
        clauses.append(f"to craft {name}: {'; '.join(parts)}")
    things = [thing for _, thing in facts.sources.get(name, [])]
    if things:
        ways = " or ".join(f"{way} {thing}{_with(facts, name, thing)}" for way, thing in facts.sources[name])
        clauses.append(f"to craft {name}: it comes from {ways}")
        if facts.sources[name][0][0] == "smelting":
            clauses += _smelting(facts, things[0])
    tools = [thing for thing in [name, *things] if thing in facts.tools]
    clauses += [f"to mine {thing}: need {facts.tools[thing]} or better" for thing in dict.fromkeys(tools)]
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _with(facts: Facts, item: str, thing: str) -> str:
    tool = facts.special.get((item, thing))
    return f" with {tool}" if tool else ""


def _smelting(facts: Facts, thing: str) -> list[str]:
    parts = [f"need a {station} within 4 blocks" for station in facts.smelting]
    parts += [f"need fuel: {' or '.join(facts.fuels)}"] if facts.fuels else []
    return [f"to smelt {thing}: {'; '.join(parts)}"] if parts else []


def describe(prompt: Prompt) -> str:
    """What a function achieves, needs and leaves, by exact names and then in plain words."""
    source = code_block(prompt.text("Function"))
    task = prompt.text("Task it did").splitlines()[0].strip() if prompt.text("Task it did") else ""
    purposes = re.findall(r'"""([^"]+)"""', source)
    purpose = purposes[-1].strip() if purposes else task
    used = list(
        dict.fromkeys(re.findall(r"bot\.(?:mine|kill|smelt|craft|place)(?:\(|, )\"([^\"]+)\"", source))
    )
    calls = list(dict.fromkeys(re.findall(r"^[ \t]+([a-z]\w+)\(bot", source, flags=re.MULTILINE)))
    parts = [purpose.replace("`count` ", "a given number of ")]
    if used:
        parts.append(f"On the way it may mine, make or hunt {', '.join(used[:12])}.")
    if calls:
        parts.append(f"It gets materials by {', '.join(calls[:8])}.")
    parts.append(f"In plain words: {_plain(task)}.")
    return " ".join(parts)[:1000]


def _plain(task: str) -> str:
    return re.sub(r"[_\s]+", " ", task).strip(" .").lower() or "do the task"


def _things(facts: Facts) -> list[str]:
    things = [thing for sources in facts.sources.values() for _, thing in sources]
    return things + [name for item in facts.recipes for names in facts.needs_of(item) for name in names]


def _makers(facts: Facts, thing: str) -> list[str]:
    """Items that come from a thing."""
    return [item for item, sources in facts.sources.items() if any(name == thing for _, name in sources)]
