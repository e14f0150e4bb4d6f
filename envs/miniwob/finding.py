"""Finding elements by what a program says: a number, a text, a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.miniwob.browser import HEIGHT, WIDTH
from fieldcraft.envs.miniwob.elements import Element
from fieldcraft.envs.miniwob.play import Play
from fieldcraft.envs.types import PrimitiveError

Target = int | Annotated[str, Field(min_length=1, max_length=2_000)]
"""An element: its ref, or its text."""
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Place = Target | Point
"""An element or a point."""
MouseAction = Literal["move", "click", "dblclick", "mousedown", "mouseup", "scroll_up", "scroll_down"]

LISTED = 8


def element(elements: Sequence[Element], target: int | str) -> Element:
    """The one element that is meant.

    Raises:
        PrimitiveError: there is none, or there are several; the message names them.
    """
    if isinstance(target, int):
        found = [one for one in elements if one.ref == target]
        if not found:
            raise PrimitiveError(f"there is no element with ref {target}: look() for those on the page now")
        return found[0]
    wanted = target.strip()
    for told in (_text, _value, _id):
        found = [one for one in elements if told(one).strip().casefold() == wanted.casefold()]
        found = [one for one in found if told(one).strip() == wanted] or found
        if len(found) > 1:
            raise PrimitiveError(
                f"{len(found)} elements are called {target!r:.60}; give the ref of one: "
                f"{'; '.join(one.words() for one in found[:LISTED])}"
            )
        if found:
            return found[0]
    known = [name for one in elements for name in (one.text, one.id) if name]
    raise PrimitiveError(f"there is no element with the text {target!r:.60}{nearest(target[:60], known)}")


def matching(elements: Sequence[Element], text: str | None, tag: str | None) -> list[Element]:
    """The elements of which some text contains a text, and whose tag begins with a tag."""
    wanted = (text or "").strip().casefold()
    return [
        one
        for one in elements
        if (not wanted or any(wanted in told(one).casefold() for told in (_text, _value, _id)))
        and (tag is None or one.tag.startswith(tag.strip().lower()))
    ]


def point(play: Play, target: int | str) -> tuple[float, float]:
    """Where an element takes a click.

    Raises:
        PrimitiveError: there is no such element, or it takes none now.
    """
    found = element(play.elements, target)
    place = play.point(found)
    if isinstance(place, str):
        raise PrimitiveError(f"cannot reach {found.words()}: {place}")
    return place


def place(play: Play, where: int | str | Sequence[float]) -> tuple[float, float]:
    """A point, given as such or by an element.

    Raises:
        PrimitiveError: it is outside of the page, or there is no such element.
    """
    if isinstance(where, int | str):
        return point(play, where)
    x, y = where
    if not (0 <= x < WIDTH and 0 <= y < HEIGHT):
        raise PrimitiveError(f"({x:g}, {y:g}) is outside of the page: x is from 0 to 160, y from 0 to 210")
    return x, y


def _text(one: Element) -> str:
    return one.text


def _value(one: Element) -> str:
    return one.value if isinstance(one.value, str) else ""


def _id(one: Element) -> str:
    return one.id
