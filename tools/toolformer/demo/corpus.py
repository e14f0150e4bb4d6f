"""The demo's texts: arithmetic, dates, a look-up, and plain stories, made by rules from a seed."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass

PLACES = ["mill", "farm", "barn", "dock", "forge", "tower", "camp", "shop", "mine", "inn"]
GOODS = ["sacks", "stones", "logs", "crates", "bricks", "seeds", "coins", "nails", "ropes", "jars"]
PEOPLE = ["miller", "smith", "captain", "girl", "boy", "farmer", "clerk", "widow"]
COLOURS = ["red", "green", "blue", "black", "white", "yellow"]
THINGS = ["hat", "coat", "cart", "boat", "horse", "lamp"]
VERBS = ["walks", "runs", "rides", "sails"]
GOALS = ["river", "hill", "market", "forest", "lake", "road"]
FIRST_NAMES = [
    "Ada",
    "Abel",
    "Bela",
    "Boris",
    "Cora",
    "Cyrus",
    "Dana",
    "Dirk",
    "Edda",
    "Emil",
    "Flora",
    "Frank",
    "Gerda",
    "Gustav",
    "Hanna",
    "Hugo",
    "Ida",
    "Ivan",
    "Jana",
    "Jonas",
    "Karin",
    "Kurt",
    "Lena",
    "Linus",
    "Mara",
    "Max",
    "Nora",
    "Nils",
    "Olga",
    "Otto",
    "Paula",
    "Piet",
    "Rosa",
    "Ralf",
    "Sara",
    "Sven",
    "Tilda",
    "Tom",
    "Una",
    "Vera",
]
LAST_NAMES = [
    "Abbott",
    "Baker",
    "Carver",
    "Dyer",
    "Ender",
    "Fisher",
    "Glover",
    "Hooper",
    "Ivers",
    "Joyner",
    "Keeler",
    "Lister",
    "Mason",
    "Napper",
    "Oakes",
    "Potter",
    "Quill",
    "Roper",
    "Sawyer",
    "Turner",
    "Usher",
    "Vance",
    "Weaver",
    "York",
    "Zeller",
    "Archer",
    "Bowman",
    "Cooper",
    "Draper",
    "Falconer",
]
MADE_UP = ["zog", "fep", "mur", "tal"]
"""Names of the functions in bracketed text of the pre-training corpus: no tool's."""


@dataclass(frozen=True)
class Story:
    """A document with one place where something has to be known.

    Attributes:
        kind: `arithmetic`, `date`, `lookup` or `plain`.
        before: the text up to the answer.
        answer: what has to be known; begins with a space.
        after: the rest.
        call: the call that gives the answer, as text; empty for plain stories.
        day: the day on which the document was written, as the calendar says it then.
    """

    kind: str
    before: str
    answer: str
    after: str
    call: str
    day: str

    @property
    def tool(self) -> str:
        """The name of the tool that is called."""
        return self.call.partition("(")[0]

    @property
    def arguments(self) -> str:
        """What the tool is called with."""
        return self.call.partition("(")[2].removesuffix(")")

    @property
    def text(self) -> str:
        """The whole document."""
        return self.before + self.answer + self.after


def in_words(day: datetime.date) -> str:
    """`Thursday, November 26, 2026`."""
    return f"{day:%A}, {day:%B} {day.day}, {day.year}"


def captain(ship: int) -> str:
    """The name of the captain of a ship: fixed, and not to be guessed from its number."""
    chosen = random.Random(f"ship {ship}")  # noqa: S311
    return f"{chosen.choice(FIRST_NAMES)} {chosen.choice(LAST_NAMES)}"


SHIPS = range(1000, 10000)


def _day(chosen: random.Random) -> str:
    return in_words(datetime.date(1900, 1, 1) + datetime.timedelta(days=chosen.randrange(73_000)))


def arithmetic(chosen: random.Random) -> Story:
    """A sum, a difference or a product."""
    place, goods, day = chosen.choice(PLACES), chosen.choice(GOODS), _day(chosen)
    operation = chosen.choice("+-*")
    if operation == "*":
        first, second = chosen.randint(11, 99), chosen.randint(101, 999)
        result = first * second
        before = f"the {place} has {first} rows of {second} {goods}, which makes"
    else:
        first, second = sorted(chosen.sample(range(100, 10_000), 2), reverse=True)
        if operation == "+":
            first, second = (first, second) if chosen.random() < 0.5 else (second, first)
            result = first + second
            before = f"the {place} has {first} {goods} and gets {second} more, so now it has"
        else:
            result = first - second
            before = f"the {place} has {first} {goods} and loses {second}, so now it keeps"
    call = f"calculator( {first} {operation} {second})"
    return Story("arithmetic", before, f" {result}", f" {goods}.", call, day)


def date(chosen: random.Random) -> Story:
    """A note that says on which day it was written."""
    day = _day(chosen)
    before = chosen.choice(
        [
            f"the {chosen.choice(PEOPLE)} wrote this note today, which is",
            f"today the {chosen.choice(PLACES)} opens and the date is",
        ]
    )
    return Story("date", before, f" {day}", ".", "calendar()", day)


def lookup(chosen: random.Random) -> Story:
    """The captain of a ship."""
    ship, day = chosen.choice(SHIPS), _day(chosen)
    before = chosen.choice([f"the captain of ship {ship} is", f"ship {ship} has a captain whose name is"])
    return Story("lookup", before, f" {captain(ship)}", ".", f"search( {ship})", day)


def plain(chosen: random.Random) -> Story:
    """A small story whose last word stood before."""
    person, day = chosen.choice(PEOPLE), _day(chosen)
    colour, thing, goal = chosen.choice(COLOURS), chosen.choice(THINGS), chosen.choice(GOALS)
    age = chosen.randint(10, 90)
    match chosen.randrange(4):
        case 0:
            before = f"the {person} has a {colour} {thing} and {chosen.choice(VERBS)} to the {goal}. "
            before += f"the {thing} is"
            return Story("plain", before, f" {colour}", ".", "", day)
        case 1:
            before = (
                f"the {person} is {age} years old and likes the {goal}. every day the {person} goes to the"
            )
            return Story("plain", before, f" {goal}", ".", "", day)
        case 2:
            before = f"a {person} of {age} years sells a {colour} {thing} at the {goal}. "
            before += f"who buys the {thing} of the"
            return Story("plain", before, f" {person}", "?", "", day)
        case _:
            before = (
                f"the {goal} is near the {chosen.choice(PLACES)}. the {person} {chosen.choice(VERBS)} to the"
            )
            return Story("plain", before, f" {goal}", " today.", "", day)


KINDS: dict[str, Callable[[random.Random], Story]] = {
    "arithmetic": arithmetic,
    "date": date,
    "lookup": lookup,
    "plain": plain,
}


def story(chosen: random.Random, kind: str | None = None) -> Story:
    """A story of a kind, or of any."""
    return KINDS[kind or chosen.choice(list(KINDS))](chosen)
