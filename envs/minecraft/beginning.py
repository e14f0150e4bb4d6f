"""Begin an episode: empty the inventory, and set the items and the position of the options."""

from __future__ import annotations

import time
from collections.abc import Callable

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.link import Link
from fieldcraft.envs.minecraft.options import Options
from fieldcraft.envs.types import Names

OBEY_SECONDS = 5.0


def begin(link: Link, options: Options, names: Names) -> None:
    """Apply the options of the beginning with server commands.

    Raises:
        CannotPlay: an item is unknown, or a command had no effect.
    """
    unknown = next((item for item in options.inventory if item not in names.items), None)
    if unknown is not None:
        raise CannotPlay(f"option inventory: no item {unknown!r}{nearest(unknown, names.items)}")
    name = link.username
    if options.reset == "hard" or options.inventory:
        _command(link, f"/clear {name}", lambda: not link.ask("inventory"))
    for item, count in options.inventory.items():
        _command(
            link,
            f"/give {name} {item} {count}",
            lambda item=item, count=count: link.ask("inventory").get(item, 0) >= count,  # type: ignore[misc]
        )
    if options.position is not None:
        there = options.position
        _command(
            link,
            f"/tp {name} {there.x:g} {there.y:g} {there.z:g}",
            lambda: bool(link.ask("position").distance(there) < 3),
        )


def _command(link: Link, text: str, obeyed: Callable[[], bool]) -> None:
    """Send a command, and wait for its effect."""
    link.ask("command", text=text)
    deadline = time.monotonic() + OBEY_SECONDS
    while not obeyed():
        if time.monotonic() > deadline:
            raise CannotPlay(
                f"the server did not obey {text!r}; on its console: op {link.username}, "
                "or leave out the options reset, inventory and position"
            )
        time.sleep(0.05)
