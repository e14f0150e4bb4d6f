"""What the bridge answers: names and numbers of a server are mended, what has another shape is an error."""

from __future__ import annotations

import pytest

from fieldcraft.envs.minecraft.answers import ANSWERS, Counts, checked
from fieldcraft.envs.minecraft.errors import Lost

SEEN = {
    "position": {"x": 1, "y": 2.5, "z": -3}, "biome": "plains", "time": "day", "health": 20, "hunger": 19.5,
    "blocks": ["dirt", "oak_log"], "entities": {"cow": 2.5}, "equipment": {"hand": "stick"},
    "inventory": {"stick": 3}, "slots": 1, "chests": {"(1, 2, 3)": None, "(4, 5, 6)": {"dirt": 64}},
    "chest_slots": {"(4, 5, 6)": 26},
}  # fmt: skip


def test_what_an_honest_bridge_says_is_kept_as_it_is() -> None:
    seen = checked(ANSWERS["observe"], SEEN)
    assert seen.model_dump(mode="json") == SEEN


def test_names_and_numbers_of_a_server_are_mended() -> None:
    odd = {"a\n# b\u202e": -1, "x" * 500: 1e30, "c": None, "half \ud83d": 2.7}
    found = checked(Counts, odd)
    assert list(found.values()) == [0, 1_000_000_000, 0, 2]
    assert all(name.isprintable() and len(name) <= 100 for name in found)
    seen = checked(ANSWERS["observe"], {**SEEN, "health": None, "position": {"x": None, "y": 1e300, "z": 0}})
    assert (seen.health, seen.position.x, seen.position.y) == (0.0, 0.0, 1e9)


def test_what_is_too_much_is_cut() -> None:
    many = {f"item{number}": 1 for number in range(5000)}
    assert len(checked(Counts, many)) == 500
    assert len(checked(ANSWERS["observe"], {**SEEN, "blocks": list(many)}).blocks) == 500
    assert len(checked(ANSWERS["nearby"], {name: {"x": 1, "y": 1, "z": 1} for name in many})) == 500


@pytest.mark.parametrize("method", ANSWERS)
@pytest.mark.parametrize("value", [[[]], {"x": "y"}, "x\n\n", True, [1, 2], {"a": []}], ids=repr)
def test_another_shape_is_a_typed_error_or_mended(method: str, value: object) -> None:
    try:
        checked(ANSWERS[method], value)
    except Lost as lost:
        assert str(lost) == "the bridge does not keep to its protocol"
