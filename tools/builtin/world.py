"""What the agent can look up of the world it lives in."""

from __future__ import annotations

from fieldcraft.tools.context import WorldView, current_context
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.traits import declare


@declare(effect="reads")
def reference(name: str = "") -> str:
    """Tell what programs can do in this world: its primitives, and the names they accept.

    With `name`, only what is said of that primitive, item, block or mob.
    """
    text = _world().reference()
    if not name:
        return text
    parts = [part for part in text.split("\n\n") if name.lower() in part.lower()]
    if not parts:
        raise ToolError(f"the reference of this world says nothing of {name!r}")
    return "\n\n".join(parts)


@declare(effect="reads")
def last_seen(name: str) -> str:
    """Tell where a block, mob or item of this exact name was last seen, and when."""
    return _world().last_seen(name) or f"{name} was not seen so far"


def _world() -> WorldView:
    world = current_context().world
    if world is None:
        raise ToolError("there is no world here; this tool answers in a run")
    return world
