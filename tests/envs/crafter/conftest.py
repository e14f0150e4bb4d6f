"""Shared: a world of Crafter, and its tests only where Crafter is installed."""

from __future__ import annotations

import pytest
from machine import lacks_world

from fieldcraft.envs.crafter import CrafterWorld

if lacks_world("crafter", "crafter"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="module")
def kept() -> CrafterWorld:
    """A world for all tests of a file, which keeps the beginnings of its episodes."""
    return CrafterWorld()


@pytest.fixture
def world(kept: CrafterWorld) -> CrafterWorld:
    """It, in the first episode of seed 3: trees near, water and stone in walking distance."""
    kept.reset(seed=3)
    return kept
