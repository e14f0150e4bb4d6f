"""The conformance test lives in a world, and finds what shows only there."""

from __future__ import annotations

import broken_worlds as broken
import pytest

from fieldcraft.envs import check_environment
from fieldcraft.envs.conformance.drawing import Drawer


def told_of(world_class):
    return "\n".join(map(str, check_environment(world_class())))


def test_a_sound_world_whose_primitives_all_need_arguments_has_no_problems():
    assert told_of(broken.Store) == ""


@pytest.mark.parametrize(
    ("world", "promise", "detail"),
    [
        (broken.SnapshotForgetsActions, "a snapshot is the whole world", "brought back something else"),
        (broken.SnapshotForgetsOneThing, "a snapshot is the whole world", "the observation's extra was"),
        (broken.SnapshotForgetsWhatIsUnseen, "a snapshot is the whole world", "after restoring one"),
        (broken.SnapshotForgetsLuck, "a snapshot is the whole world", "random state too"),
        (broken.SharesItsShelves, "two worlds share nothing", "keep all state in the object"),
        (broken.DrawsFromTheProcess, "the same seed and calls lead to the same world", "from the seed"),
        (broken.KeepsStockOverResets, "the same seed and calls lead to the same world", "reset all state"),
        (broken.OrderedByASet, "every process sees the same world", "the order of a set"),
        (broken.OrderedByAddresses, "every process sees the same world", "in another process"),
        (broken.CrashesOnArguments, "primitives answer with data", "share: ZeroDivisionError"),
        (broken.CrashesOnNames, "primitives answer with data", "KeyError: 'nothing_of_this_name'"),
        (broken.ShowsItself, "what was seen stays as it was seen", "an earlier observation changed"),
        (broken.ShowsItsList, "what was seen stays as it was seen", "comes back with the next"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_shows_only_in_a_life_is_found(world, promise, detail):
    found = told_of(world)
    assert promise in found, found
    assert detail in found, found


def test_drawn_arguments_fit_their_types_and_use_names_that_the_world_tells():
    world = broken.Store()
    world.reset(seed=0)
    drawer = Drawer(world, 0)
    drawn = [drawer.arguments(name) for name in ("take", "order", "light") * 20]
    shelves = {one["shelf"] for one in drawn if "shelf" in one}
    items = {one["item"] for one in drawn if "item" in one}
    lines = [line for one in drawn for line in one.get("lines", ())]
    assert shelves == set(broken.SHELVES)
    assert items >= {"bolt", "nut", "washer"}
    assert lines
    assert all(line["item"] in ("bolt", "nut") and 1 <= line["count"] <= 9 for line in lines)


def test_the_same_seed_draws_the_same_calls():
    world = broken.Store()
    world.reset(seed=0)
    first, second = (Drawer(world, 7) for _ in range(2))
    names = list(world.primitives)
    assert [first.call(names) for _ in range(20)] == [second.call(names) for _ in range(20)]
