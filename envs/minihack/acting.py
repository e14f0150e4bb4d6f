"""What programs do by one call: walking over seen ground, exploring, using things and answering for it."""

from __future__ import annotations

from typing import Any

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.minihack.keys import ESCAPE, MORE, OFFSETS, SPACE
from fieldcraft.envs.minihack.paths import Step, beside, straight, way
from fieldcraft.envs.minihack.play import Play
from fieldcraft.envs.minihack.screen import Place, away
from fieldcraft.envs.types import PrimitiveError

WORTH = 3
"""Unseen cells around a place for which exploring goes there first."""
_TRIES = 4
"""How often a way is looked for again where something moved into it."""


def press(play: Play, name: str) -> None:
    """Press a key by its name.

    Raises:
        PrimitiveError: the level has no such key; the message has the nearest.
    """
    if name not in play.codes:
        known = [known for known in play.codes if len(known) > 1]
        hint = nearest(name, known) or f": it has {', '.join(sorted(known))}"
        raise PrimitiveError(f"{play.level.id} has no key {name!r:.40}{hint}")
    if play.codes[name] == play.codes.get("apply") and play.level.id.startswith("MiniHack-KeyRoom"):
        _require_straight(play)
    play.press(play.codes[name])


def move(play: Play, direction: str, steps: int) -> None:
    """Take so many steps in a direction, and stop where something comes into view.

    Raises:
        PrimitiveError: the first step led nowhere and took no turn.
    """
    for number in range(steps):
        before = play.screen
        press(play, direction)
        now = play.screen
        if (now.here, now.dungeon) == (before.here, before.dungeon):
            if number == 0 and not now.asks and now.figures["turn"] == before.figures["turn"]:
                there = now.described(_next(now.here, direction)) or "nothing"
                raise PrimitiveError(f"could not move {direction}: {now.message or f'{there} is there'}")
            return
        if now.creatures() - before.creatures():
            return


def walk_to_thing(play: Play, name: str) -> bool:
    """Walk onto the nearest thing whose description has this name, or beside it where it is not walked onto.

    Returns:
        Whether it was reached; not where a creature came into view.

    Raises:
        PrimitiveError: none was seen, or no seen ground leads there.
    """
    found = [thing.place for thing in play.screen.things() if name.casefold() in thing.name.casefold()]
    if not found:
        seen = ", ".join(sorted({thing.name for thing in play.screen.things()})) or "nothing"
        raise PrimitiveError(
            f"cannot walk to {name!r:.60}: none is seen (seen: {seen}); explore() may find one"
        )
    onto = {place for place in found if play.screen.free(place)}
    return _walk(play, onto or {place for one in found for place in _reach(play, one)}, f"the {name}")


def walk_to_place(play: Play, place: Place) -> bool:
    """Walk to a place; whether it was reached.

    Raises:
        PrimitiveError: no seen ground leads there.
    """
    return _walk(play, {place}, f"({place[0]}, {place[1]})")


def explore(play: Play) -> bool:
    """Walk to the nearest place from where new cells may be seen; whether it was reached.

    Raises:
        PrimitiveError: there is none.
    """
    screen = play.screen

    def unseen(place: Place) -> int:
        """How many cells around a place were never seen; none where the agent stood there."""
        if (screen.dungeon, place) in play.visited:
            return 0
        return sum(screen.unseen(near) for near in beside(place) if _on_map(near))

    blocked = _blocked(play)
    path = way(screen, lambda place: unseen(place) >= WORTH, blocked) or way(screen, unseen, blocked)
    if path is None:
        raise PrimitiveError(
            "cannot explore further: all that can be reached was seen; open doors, or search for hidden ways"
        )
    return _follow(play, path)


def use(play: Play, key: str, item: str | None, direction: str | None) -> str:
    """Press the key of a command, and answer what it asks by an item and a direction.

    Returns:
        What the game said.

    Raises:
        PrimitiveError: the level has no such key, or no such item is held.
    """
    letter = None if item is None else letter_of(play, item)
    press(play, key)
    if letter is not None and play.screen.asks and "direction" not in play.screen.message:
        _answer(play, "n" if "here; " in play.screen.message else letter)
        if play.screen.asks and "What do you want" in play.screen.message:
            _answer(play, letter)
    elif play.screen.asks and ("here; " in play.screen.message or "[yn" in play.screen.message):
        _answer(play, "y")
    if direction is not None and play.screen.asks and "direction" in play.screen.message:
        press(play, direction)
    if play.screen.asks and "[yn" in play.screen.message:
        _answer(play, "y")
    return play.screen.message


def pick_up(play: Play, item: str | None) -> str:
    """Pick up what lies here: all of it, or those things of which the name has `item`.

    Raises:
        PrimitiveError: nothing was picked up; the message says what the game said.
    """
    before = dict(play.screen.inventory), play.screen.figures["gold"]
    press(play, "pickup")
    if menu := play.screen.menu():
        wanted = [line[0] for line in menu if line[1:4] == " - " and (item is None or item in line)]
        choose(play, wanted)
    elif play.screen.asks:
        _answer(play, "y")
    if (dict(play.screen.inventory), play.screen.figures["gold"]) == before:
        raise PrimitiveError(f"picked up nothing: {play.screen.message or 'nothing lies here'}")
    return play.screen.message


def choose(play: Play, letters: list[str]) -> str:
    """Choose letters in the menu that is open, and close it; what the game said.

    Raises:
        PrimitiveError: the level lacks a key for one of them.
    """
    for letter in letters:
        press(play, letter)
    keys = (MORE, SPACE, ESCAPE) if letters else (SPACE, ESCAPE)
    for key in keys:
        if play.screen.menu() and key in play.codes.values():
            play.press(key)
    return play.screen.message


def letter_of(play: Play, item: str) -> str:
    """The letter of an item that is held, by the letter or by a part of its name.

    Raises:
        PrimitiveError: none is held.
    """
    inventory = play.screen.inventory
    if item in inventory:
        return item
    for letter, name in inventory.items():
        if item.casefold() in name.casefold():
            return letter
    held = ", ".join(f"{letter} - {name}" for letter, name in inventory.items()) or "nothing"
    raise PrimitiveError(f"you hold no {item!r:.60} (you hold {held})")


def _require_straight(play: Play) -> None:
    """Refuse to apply the key diagonally: MiniHack then tries for ever to go through the door."""
    for place in set(beside(play.screen.here)) - set(straight(play.screen.here)):
        if play.screen.described(place) == "closed door":
            raise PrimitiveError(
                "stand straight before the closed door, not diagonally: walk_to('closed door')"
            )


def _reach(play: Play, place: Place) -> list[Place]:
    """From where a thing that is not walked onto is reached: doors straight, all else from around it."""
    return straight(place) if "door" in play.screen.described(place) else beside(place)


def _answer(play: Play, letter: str) -> None:
    """Answer a question by a letter; one that the level cannot type ends the question."""
    if letter not in play.codes:
        if ESCAPE in play.codes.values():
            play.press(ESCAPE)
        raise PrimitiveError(f"{play.level.id} has no key for the letter {letter!r}, which this takes")
    play.press(play.codes[letter])


def _walk(play: Play, goals: set[Place], what: str) -> bool:
    for _ in range(_TRIES):
        if play.screen.here in goals:
            return True
        path = way(play.screen, goals.__contains__, _blocked(play))
        if path is None:
            raise PrimitiveError(f"cannot walk to {what}: no ground that was seen leads there")
        if not _follow(play, path) and play.screen.here not in goals:
            return False
    return play.screen.here in goals


def _follow(play: Play, path: list[str]) -> bool:
    """Take the steps of a path; whether all were taken, and no creature came into view."""
    creatures, goal = play.screen.creatures(), _end(play.screen.here, path)
    for direction in path:
        place = _next(play.screen.here, direction)
        if not play.screen.free(place):
            return False
        here = play.screen.here
        press(play, direction)
        if play.screen.here == here:
            play.blocked.add((play.screen.dungeon, (here, direction)))
        if play.screen.here != place:
            return False
        if play.screen.creatures() - creatures:
            return place == goal
    return True


def _blocked(play: Play) -> set[Step]:
    return {step for dungeon, step in play.blocked if dungeon == play.screen.dungeon}


def _next(place: Place, direction: str) -> Place:
    across, down = OFFSETS[direction]
    return place[0] + across, place[1] + down


def _end(place: Place, path: list[str]) -> Place:
    for direction in path:
        place = _next(place, direction)
    return place


def _on_map(place: Place) -> bool:
    return 0 < place[0] < 78 and 0 < place[1] < 20


def thing_data(play: Play, thing: Any) -> dict[str, Any]:
    """A thing as data: what, where, how far, and in which direction."""
    x, y = thing.place
    east, south = x - play.screen.here[0], y - play.screen.here[1]
    return {
        "name": thing.name,
        "x": x,
        "y": y,
        "east": east,
        "south": south,
        "steps": away(play.screen.here, thing.place),
        "creature": thing.creature,
    }
