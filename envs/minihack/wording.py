"""What the agent sees of NetHack, in words and as data."""

from __future__ import annotations

from typing import Any

from fieldcraft.envs.minihack.acting import thing_data
from fieldcraft.envs.minihack.play import Play
from fieldcraft.envs.minihack.screen import Place, Thing

THINGS_SHOWN = 30


def seen_text(play: Play) -> str:
    """What is seen, in sentences."""
    screen = play.screen
    figures = screen.figures
    lines = [
        f"At x={screen.here[0]}, y={screen.here[1]} (x grows to the east, y to the south), "
        f"depth {figures['depth']}.",
        f"Health {figures['health']}/{figures['most_health']}, armour class {figures['armour_class']}, "
        f"experience level {figures['experience_level']}, gold {figures['gold']}, turn {figures['turn']}.",
        f"Seen: {_listed(screen.here, screen.things())}.",
        f"You carry: {_carried(play)}.",
        f"Step {len(play.keys)} of {play.limit}.",
    ]
    if menu := screen.menu():
        lines.append(f"A menu is open (choose): {'; '.join(menu)}")
    elif screen.asks:
        lines.append(f"The game asks: {screen.message}")
    return "\n".join(lines)


def seen_data(play: Play) -> dict[str, Any]:
    """What `look` returns."""
    screen = play.screen
    return {
        "task": play.task,
        "x": screen.here[0],
        "y": screen.here[1],
        "message": screen.message,
        "asks": screen.asks,
        "menu": screen.menu(),
        "things": [thing_data(play, thing) for thing in screen.things()],
        "inventory": dict(screen.inventory),
        "figures": dict(screen.figures),
        "steps_left": play.limit - len(play.keys),
    }


def _carried(play: Play) -> str:
    return ", ".join(f"{letter} - {name}" for letter, name in play.screen.inventory.items()) or "nothing"


def _listed(here: Place, things: list[Thing]) -> str:
    shown = [f"{thing.name} ({_where(here, thing.place)})" for thing in things[:THINGS_SHOWN]]
    more = [f"and {len(things) - THINGS_SHOWN} more"] if len(things) > THINGS_SHOWN else []
    return ", ".join([*shown, *more]) or "nothing but ground and walls"


def _where(here: Place, place: Place) -> str:
    east, south = place[0] - here[0], place[1] - here[1]
    parts = [f"{abs(south)} {'south' if south > 0 else 'north'}"] if south else []
    parts += [f"{abs(east)} {'east' if east > 0 else 'west'}"] if east else []
    return " ".join(parts)
