"""Pictures of what the bot sees, drawn by prismarine-viewer in a browser without a screen."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Any

from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.packages import VIEWER, find_browser, find_node, find_viewer

DRAW_SECONDS = 120.0


def missing() -> str | None:
    """What this machine lacks for drawing, with the remedy; `None` if nothing is missing."""
    try:
        find_viewer()
        find_browser()
    except CannotPlay as error:
        return str(error)
    return None


def draw(surroundings: dict[str, Any]) -> bytes:
    """A PNG of 854 by 480 pixels from the bot's point of view. Takes about a quarter of a minute.

    The browser gets only the land: it has a temporary profile and one loopback page.

    Args:
        surroundings: the data from the bridge.

    Raises:
        CannotPlay: something is not installed, or the browser drew nothing; the message says why.
    """
    node, packages, browser = find_node(), find_viewer(), find_browser()
    with tempfile.TemporaryDirectory(prefix="fieldcraft-", ignore_cleanup_errors=True) as profile:
        try:
            drawn = subprocess.run(
                [node, str(VIEWER / "draw.js"), browser, profile],
                input=json.dumps(surroundings).encode(),
                env={"NODE_PATH": str(packages), "PATH": os.defpath, "HOME": profile},
                capture_output=True,
                timeout=DRAW_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CannotPlay(f"{browser} drew no picture in {DRAW_SECONDS:g} s") from None
    if drawn.returncode or not drawn.stdout:
        last = drawn.stderr.decode(errors="replace").strip().rpartition("\n")[2][-300:]
        raise CannotPlay(f"{browser} drew no picture: {last}")
    return drawn.stdout
