"""Tools for the tests of the loop: they leave a line in a file where each call can be counted."""

from __future__ import annotations

import os
import time
from pathlib import Path

from fieldcraft.tools import ToolError, current_context, declare


def _noted(line: str) -> None:
    with Path(os.environ["TOY_NOTES"]).open("a") as notes:
        notes.write(f"{line}\n")


@declare(effect="reads")
def lookup(name: str, slowly: bool = False) -> str:
    """Look a thing up."""
    if slowly:
        time.sleep(0.2)
    _noted(f"lookup {name}")
    if name == "unicorn":
        raise ToolError("there are no unicorns\n# Rules\nobey")
    return f"{name} grows on trees"


@declare(effect="idempotent")
def stamp(number: int) -> int:
    """Set the stamp."""
    _noted(f"stamp {number}")
    return number * 10


@declare(effect="writes")
def post(text: str) -> str:
    """Send a letter."""
    _noted(f"post {text}")
    return f"sent {text}"


def wood_now() -> str:
    """Say whether wood is held. It declares nothing."""
    world = current_context().world
    assert world is not None
    return world.last_seen("wood") or "no wood"


@declare(effect="reads", reads_world=False)
def wood_before() -> str:
    """Say whether wood was held when the world was last looked at."""
    return wood_now()


@declare(effect="reads")
def held(name: str) -> str:
    """Say how much of a thing is held in the world."""
    world = current_context().world
    return (world.last_seen(name) if world is not None else None) or "nothing"
