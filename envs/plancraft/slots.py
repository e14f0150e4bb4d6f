"""The slots of a crafting table and an inventory, by the names that Plancraft gives them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

OUTPUT = "0"
GRID = tuple(f"{row}{column}" for row in "ABC" for column in "123")
STORE = tuple(f"I{number}" for number in range(1, 37))
SLOTS = (OUTPUT, *GRID, *STORE)
"""In the package's order, by which it numbers them."""
NUMBERS = {name: number for number, name in enumerate(SLOTS)}


def _known(name: str) -> str:
    slot = name.strip("[]")
    if slot not in NUMBERS:
        raise ValueError("slots are 0, A1 to C3, and I1 to I36")
    return slot


Slot = Annotated[
    str,
    Field(examples=["0", "A1", "B2", "C3", "I1", "I9", "I20", "I36"]),
    AfterValidator(_known),
]
"""`0`, `A1` to `C3`, `I1` to `I36`; square brackets around it, as in Plancraft's texts, are left out."""
