"""What people said to a run, as its models are shown it."""

from __future__ import annotations

from collections.abc import Sequence

from fieldcraft.agent.steering.course import Words

ROOM = 6_000
"""Characters of all messages together; the latest one is always shown."""


def shown(words: Sequence[Words]) -> list[str]:
    """The latest messages, the latest last, each with its author and when it was said."""
    found: list[str] = []
    for each in reversed(words):
        text = f"{each.by} (after iteration {each.iteration}): {each.text}"
        if found and sum(map(len, found)) + len(text) > ROOM:
            break
        found.append(text)
    return found[::-1]
