"""The keys that a program may press."""

from __future__ import annotations

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.types import PrimitiveError

KEYS = (
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "Backspace",
    "Delete",
    "End",
    "Enter",
    "Escape",
    "Home",
    "PageDown",
    "PageUp",
    "Space",
    "Tab",
)
"""The keys with names, sorted."""
MODIFIERS = ("C-", "S-")
"""Ctrl and Shift; the others belong to the browser."""


def named_key(key: str) -> str:
    """A key by the package's name for it.

    Raises:
        PrimitiveError: there is none of this name.
    """
    modifiers, rest = "", key
    while rest[:2] in MODIFIERS and len(rest) > 2:
        modifiers, rest = modifiers + rest[:2], rest[2:]
    plain = rest[1:-1] if len(rest) > 2 and rest[0] == "<" and rest[-1] == ">" else rest
    if plain in KEYS:
        return f"{modifiers}<{plain}>"
    if len(plain) == 1 and plain.isprintable():
        return f"{modifiers}{plain}"
    hint = nearest(plain[:40], KEYS) or f" (there are {', '.join(KEYS)}, and single characters)"
    raise PrimitiveError(f"there is no key {key!r:.60}{hint}")
