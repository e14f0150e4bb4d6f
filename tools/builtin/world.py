"""Tools that look up facts about the agent's world."""

from __future__ import annotations

import re

from fieldcraft.common.suggest import nearest
from fieldcraft.tools.context import WorldView, current_context
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.traits import declare


@declare(effect="reads", reads_world=False)
def reference(name: str = "") -> str:
    """Tell what programs can do in this world: its primitives, and the names they accept.

    With `name`, only what is said of that primitive, item, block or mob.
    """
    text = _world().reference()
    if not name:
        return text
    said = [part for part in (_said_of(name.lower(), part) for part in text.split("\n\n")) if part]
    if not said:
        words = set(re.findall(r"\w+", text))
        raise ToolError(f"the reference of this world says nothing of {name!r}{nearest(name, words)}")
    return "\n\n".join(said)


def _said_of(name: str, part: str) -> str:
    """The paragraphs that mention the name; for a list such as `Items: a, b` only that the name is in it."""
    kind, colon, names = part.partition(": ")
    if colon and kind.isalpha():
        return f"{name} is one of the {kind.lower()}" if name in names.split(", ") else ""
    return part if name in part.lower() else ""


@declare(effect="reads", reads_world=True)
def last_seen(name: str) -> str:
    """Tell where a block, mob or item of this exact name was last seen, and when."""
    return _world().last_seen(name) or f"{name} was not seen so far"


def _world() -> WorldView:
    world = current_context().world
    if world is None:
        raise ToolError("there is no world here; this tool answers in a run")
    return world
