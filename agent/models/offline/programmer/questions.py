"""What to ask before a task is chosen, and when it pays to find things out."""

from __future__ import annotations

import json

from .lacks import depth
from .reading import Prompt, mentioned
from .situation import Situation

ANSWERED = ("Questions answered before", "Questions and answers", "Answered since then")
"""Sections with questions that were asked."""

HARD = 4
"""From which depth on a material was hard to come by."""


def ask_questions(prompt: Prompt) -> str:
    """Questions as JSON."""
    limit = prompt.number("How to ask", r"at most (\d+) questions", 3)
    return json.dumps({"questions": questions(Situation(prompt), limit)})


def questions(now: Situation, limit: int) -> list[str]:
    """On what failed, latest first, on whatever that needs, and on what is held is for."""
    names: list[str] = []
    for task in reversed(now.failed):
        names += [name for name in mentioned(task, [*now.items, *now.blocks])[:1] if name not in names]
    latest = names[:1]
    for name in names:
        needs = [other for alternatives in now.wants(name) for other in alternatives]
        needs += [thing for _, thing in now.facts.sources.get(name, [])]
        names += [other for other in needs if other not in names]
    asked = "".join(now.prompt.text(heading) for heading in ANSWERED)
    fresh = [name for name in names if f"craft {name} and" not in asked]
    order = dict.fromkeys([*latest, *fresh])
    on_needs = [f"What does it take to craft {name} and its parts?" for name in order]
    uses = [question for name in _opening(now) if (question := f"What needs {name}?") not in asked]
    return [*on_needs[: limit - 1], *uses][:limit]


def _opening(now: Situation) -> list[str]:
    """What was ever held, that first which may open the most: no product, and hard to come by."""
    return sorted(now.held, key=lambda name: (name in now.facts.recipes, -depth(now, name), now.chance(name)))


def puzzling(now: Situation) -> bool:
    """Whether a material is at hand that was hard to come by and has no known use."""
    used = now.facts.used()
    return any(
        name in now.facts.sources and name not in used and depth(now, name) >= HARD
        for name in now.seen.inventory
    )
