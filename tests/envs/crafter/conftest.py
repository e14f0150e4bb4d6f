"""Shared: a world of Crafter, and its tests only where Crafter is installed; in CI it has to be."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from machine import IN_CI

from fieldcraft.envs.crafter import CrafterWorld

_found = find_spec("crafter")
if not IN_CI and (_found is None or _found.origin is None):
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
