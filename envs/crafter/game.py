"""The package `crafter`, made reproducible: ordered chunks, and pictures that draw no random numbers."""

from __future__ import annotations

import importlib
import io
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.system import installed
from fieldcraft.envs.missing import BrokenEnvironment

AREA, VIEW = (64, 64), (9, 7)
"""Cells of the land, and those that are seen around the player, across and down."""
LENGTH = 10_000
"""Steps after which an episode ends."""
PICTURE = 576
"""Pixels of a side of a picture."""


class NeedsCrafter(BrokenEnvironment, MissingRequirement):
    """Crafter is not installed; the message names the extra."""


class _Ordered(dict[Any, None]):
    """A set in the order of insertion, so far as Crafter uses sets."""

    def add(self, thing: Any) -> None:
        self[thing] = None

    def remove(self, thing: Any) -> None:
        del self[thing]


def package() -> Any:
    """The package `crafter`.

    Raises:
        NeedsCrafter: it is not installed.
    """
    found = sys.modules.get("crafter")
    if hasattr(found, "Env"):
        return found
    if not installed("crafter"):
        raise NeedsCrafter("crafter-v1 needs the extra 'crafter': pip install 'fieldcraft[crafter]'")
    with warnings.catch_warnings(), _without_gym():
        warnings.simplefilter("ignore")
        return importlib.import_module("crafter")


@contextmanager
def _without_gym() -> Iterator[None]:
    """Let Crafter find no `gym`: it needs nothing of it, and takes any folder of this name for it."""
    modules: dict[str, Any] = sys.modules
    there, kept = "gym" in modules, modules.get("gym")
    modules["gym"] = None
    try:
        yield
    finally:
        del modules["gym"]
        if there:
            modules["gym"] = kept


def begun(seed: int, number: int, length: int) -> Any:
    """A `crafter.Env` at the beginning of the episode `number` of those with this seed.

    It is the land of Crafter's own `Env(seed=seed)` after as many resets.
    """
    environment = package().Env(area=AREA, view=(9, 9), seed=seed, length=length)
    environment._episode = number - 1
    environment._obs = environment._sem_view = _nothing  # pictures are drawn where one is asked for
    environment.reset()
    world = environment._world
    indices = {thing: index for index, thing in enumerate(world._objects) if thing}
    chunks: defaultdict[Any, _Ordered] = defaultdict(_Ordered)
    for key, things in world._chunks.items():
        chunks[key] = _Ordered((thing, None) for thing in sorted(things, key=indices.__getitem__))
    world._chunks = chunks
    return environment


def picture(environment: Any) -> bytes:
    """What Crafter draws, as a PNG; the noise of the night comes from a copy of the random state."""
    world = environment._world
    kept, world.random = world.random, np.random.RandomState()
    try:
        world.random.set_state(kept.get_state())
        drawn = environment.render((PICTURE, PICTURE))
    finally:
        world.random = kept
    content = io.BytesIO()
    Image.fromarray(drawn).save(content, format="PNG")
    return content.getvalue()


def state(environment: Any) -> list[Any]:
    """All that the episode's course depends on, as data."""
    world = environment._world
    indices = {thing: index for index, thing in enumerate(world._objects) if thing}
    name, keys, *rest = world.random.get_state()
    return [
        environment._step,
        float(world.daylight),
        world._mat_map.tobytes().hex(),
        [name, keys.tobytes().hex(), *map(_plain, rest)],
        [[index, type(thing).__name__, _fields(thing)] for thing, index in indices.items()],
        [[_plain(key), [indices[thing] for thing in things]] for key, things in world._chunks.items()],
    ]


def _nothing() -> None:
    return None


def _fields(thing: Any) -> dict[str, Any]:
    return {
        name: _plain(value)
        for name, value in sorted(vars(thing).items())
        if name not in ("world", "random", "player")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
