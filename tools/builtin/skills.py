"""The agent's own skills, as a tool."""

from __future__ import annotations

from fieldcraft.tools.context import current_context
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.traits import declare


@declare(effect="reads", reads_world=False)
def find_skills(query: str, count: int = 3) -> list[str]:
    """Find skills that help with what `query` says, best first: name and description of each."""
    library = current_context().library
    if library is None:
        raise ToolError(
            "there is no skill library here; this tool answers in a run, or name one with --library"
        )
    return list(library.describe(query, max(1, min(count, 20))))
