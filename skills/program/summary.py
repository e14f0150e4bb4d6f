"""A skill in two lines: how it is called and what for, and what it used up and gained when it was kept."""

from __future__ import annotations

import re
from functools import lru_cache

from fieldcraft.common.text import cut_text
from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.program import reading
from fieldcraft.skills.program.source import ProgramError

DEFAULT = 40
"""Characters of a parameter's default that are shown."""
PURPOSE = 300
"""Characters of what a skill is for."""
ITEMS_NAMED = 6
"""Kinds of items that are named on each side of what a skill did."""

RAISED = " When it was kept it raised "
"""How the remark on the error of a skill that is kept as partial begins, at the end of its description."""

_SENTENCE = re.compile(r"[.!?](?=\s|$)")
_REMEMBERED = 8_192


def signature(skill: Skill) -> str:
    """`mine_stone(bot, count=1)`; a long default is left out, as in `sort(bot, names=...)`."""
    return _signature(skill.entry, skill.source, skill.language)


def purpose(skill: Skill) -> str:
    """What a skill is for in one line: the first line of its docstring, else of its description.

    A skill that raised an error when it was kept says so here too.
    """
    said = _purpose(skill.entry, skill.source, skill.language, skill.description)
    _, raised, what = skill.description.rpartition(RAISED)
    return f"{said}{raised}{what}" if raised and raised not in said else said


def raised_remark(error: str) -> str:
    """How the description of a skill ends that did its task and then raised this error."""
    return f"{RAISED}{error}."


def needs_and_effects(skill: Skill) -> str:
    """What it used up and gained when it was kept, and which skills and tools it calls; may be empty."""
    origin = skill.provenance
    parts = [
        f"used {_counted(origin.used)}" if origin.used else "",
        f"gave {_counted(origin.gave)}" if origin.gave else "",
        f"calls {_listed(sorted(skill.dependencies))}" if skill.dependencies else "",
        f"needs the tools {_listed(skill.tools)}" if skill.tools else "",
    ]
    return "; ".join(part for part in parts if part)


@lru_cache(_REMEMBERED)
def _signature(entry: str, source: str, language: str) -> str:
    return reading.signature(_known(entry, source, language), longest=DEFAULT)


@lru_cache(_REMEMBERED)
def _purpose(entry: str, source: str, language: str, description: str) -> str:
    try:
        first = reading.program_of(_known(entry, source, language)).docstring.strip().split("\n")[0]
    except ProgramError:
        first = ""
    if not first:
        line = next((line for line in description.split("\n") if line.strip()), "")
        end = _SENTENCE.search(line)
        first = line[: end.end()] if end else line
    return cut_text(first.strip(), PURPOSE)


def _known(entry: str, source: str, language: str) -> Skill:
    return Skill.model_construct(name="", description="", source=source, entry=entry, language=language)  # type: ignore[arg-type]


def _counted(items: dict[str, int]) -> str:
    ranked = sorted(items.items(), key=lambda held: (-held[1], held[0]))
    return _listed([f"{count} {name}" for name, count in ranked])


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - ITEMS_NAMED
    return ", ".join(names[:ITEMS_NAMED]) + (f" and {more} more" if more > 0 else "")
