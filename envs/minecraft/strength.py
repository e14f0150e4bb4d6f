"""What armour and weapons are worth in Minecraft, Java edition: armour points, and what a full blow takes."""

from __future__ import annotations

from collections.abc import Iterable

HAND_DAMAGE = 1.0

_PIECES = ("helmet", "chestplate", "leggings", "boots")
_ARMOR = {
    "leather": (1, 3, 2, 1),
    "golden": (2, 5, 3, 1),
    "chainmail": (2, 5, 4, 1),
    "iron": (2, 6, 5, 2),
    "diamond": (3, 8, 6, 3),
    "netherite": (3, 8, 6, 3),
}
ARMOR = {
    f"{material}_{piece}": points
    for material, each in _ARMOR.items()
    for piece, points in zip(_PIECES, each, strict=True)
} | {"turtle_helmet": 2}
"""Points of each piece."""

_BLOWS = {
    "wooden": (4.0, 7.0),
    "golden": (4.0, 7.0),
    "stone": (5.0, 9.0),
    "iron": (6.0, 9.0),
    "diamond": (7.0, 9.0),
    "netherite": (8.0, 10.0),
}
DAMAGE = {f"{material}_sword": sword for material, (sword, _) in _BLOWS.items()} | {
    f"{material}_axe": axe for material, (_, axe) in _BLOWS.items()
}
"""Health that a full blow takes."""


def armor_points(worn: Iterable[str]) -> int:
    """The points of all that is worn."""
    return sum(ARMOR.get(item, 0) for item in worn)


def best_weapon(held: Iterable[str]) -> tuple[str | None, float]:
    """The weapon that takes most with one blow, and how much; `None` for the bare hand."""
    weapons = sorted((item for item in held if item in DAMAGE), key=lambda item: (-DAMAGE[item], item))
    return (weapons[0], DAMAGE[weapons[0]]) if weapons else (None, HAND_DAMAGE)
