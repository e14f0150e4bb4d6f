"""Writing the program: one function for each thing that must be made, mined, smelted or hunted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .facts import Facts
from .snippets import HELPERS, WALKS
from .ways import UNKNOWN_COST, Way, Ways

LEARNED_AT_ONCE = 3
"""Unknown things that one program tries to craft; fewer than the failed calls that end a program."""
CRAFTED = 4
"""Items out of curiosity that a program tries to craft, or asks about after its work."""
FUELS_TOLD = 4
"""Fuels that a docstring names."""

FUEL = 2
"""How much fuel to bring to a skill that ran out of it."""


class Writer:
    """Collects the functions of one program; the public one, its entry, comes last.

    Every program begins with the lines `before`, and then gets what skills lacked in earlier
    attempts (`lacked`). It is stopped where more than `failures` of its calls fail. Before work that takes a
    while it guards against `foes`.
    """

    def __init__(
        self, ways: Ways, lacked: Facts, before: list[str], failures: int, foes: Sequence[str] = ()
    ) -> None:
        self._ways = ways
        self._foes = foes
        self._before = before
        self._care = ", care=True" if before else ""
        self._lacked = lacked
        self._failures = failures
        self._functions: dict[str, list[str]] = {}
        self._unknown: list[tuple[int, tuple[str, ...]]] = []
        self._called: set[str] = set()
        self._begun: set[str] = set()

    def obtain(self, item: str, count: int, curious: list[str], *, again: bool = False) -> str:
        """The source of a program that ends with `count` of an item in hand.

        Where its recipe is unknown, the program asks the world what it takes, and what the items of `curious`
        take, of which it tries to craft some as long as calls may fail. One that is written `again` asks that
        once it is done, unless another program calls it.
        """
        way = self._ways.to(item)
        if way.kind == "skill":
            lines = [f"    {self._skill_call(way.thing, 'count')}"]
        elif way.kind == "try":
            names = ", ".join(f'"{name}"' for name in [item, *curious[:CRAFTED]])
            lines = [f"    _learn(bot, {names}, most={self._failures})"]
            others = ", ".join(f'"{name}"' for name in curious[CRAFTED:])
            lines += [f"    _study(bot, {others})"] if others else []
        elif way.kind in ("mine", "kill"):
            lines = self._body(item, way, last=True)
        else:
            lines = self._body(item, way)
        if way.kind != "try" and self._ways.guessed(item):
            lines += [f'    if _held(bot, "{item}") < count:', f'        _learn(bot, "{item}")']
        entry, first, ask = self._entry("obtain", item), self._first(way), ""
        curious = curious[:CRAFTED]
        if again and curious and way.kind != "try" and not self._unknown:
            ask = f", ask={tuple(curious)}"
            lines.append(f"    _learn(bot, *ask, most={self._failures - 1 - bool(self._before)})")
        head = [
            f"def {entry}(bot, count={count}{self._care}{ask}):",
            f'    """{self._purpose(item, way)}"""',
            *first,
        ]
        return self._program([*head, *lines])

    def place(self, block: str, count: int) -> str:
        """The source of a program that places blocks."""
        entry = self._entry("place", block)
        head = [
            f"def {entry}(bot, count={count}{self._care}):",
            f'    """Place `count` {block}, got first where none is held."""',
        ]
        have = self._have(1, (block,), "1")
        body = ["for _ in range(count):", *_indent(have), f'    print("placed at", bot.place("{block}"))']
        return self._program([*head, *self._first(), *_indent(body)])

    def kill(self, mob: str, count: int, curious: list[str]) -> str:
        """The source of a program that kills mobs, and then asks what the items of `curious` take."""
        body = [*_search(mob, self._guard_but(mob), last=True), _take("kill", mob)]
        head = [
            f"def {self._entry('kill', mob)}(bot, count={count}{self._care}):",
            f'    """Kill `count` {mob}."""',
        ]
        loop = ["for _ in range(count):", *_indent(body)]
        return self._program([*head, *self._first(), *_indent([*loop, *self._asking_about(curious)])])

    def reach(self, place: str, curious: list[str]) -> str:
        """The source of a program that goes to a place (`x, y, z`), then asks what `curious` items take."""
        name = re.sub(r"\.0*\b", "", place)
        head = [
            f"def {self._entry('walk_to', name.replace('-', 'minus '))}(bot{self._care}):",
            f'    """Walk to ({place}), and look around there."""',
        ]
        body = [f"_walk_to(bot, ({place}))", *self._asking_about(curious)]
        return self._program([*head, *self._first(), *_indent(body)])

    def deposit(
        self, block: str, kept: list[str], curious: list[str], *, full: bool = False, new: bool = False
    ) -> str:
        """The source of a program that puts all but what is `kept` into the container in view, or a new one.

        Where the one in view is `full`, or a `new` one is wanted, another one is brought. Then it asks what
        those of `curious` take.
        """
        entry = self._entry("deposit_spare_items_into_new" if new else "deposit_spare_items_into", block)
        get = self._have(1, (block,), "1") if full or new else self._station(block)
        body = [*get, f'_stand_by(bot, "{block}")', f'items = _spare(bot, "{block}", kept)']
        body.append(f'_deposit(bot, "{block}", items)')
        body += self._asking_about(curious)
        head = [
            f"def {entry}(bot, kept={tuple(kept)}{self._care}):",
            f'    """Put all items but what is kept or worn into the nearest {block}."""',
        ]
        return self._program([*head, *self._first(), *_indent(body)])

    def mine(self, block: str, count: int, tool: str | None, curious: list[str]) -> str:
        """The source of a program that mines blocks until it has gained something, whatever that is.

        Then it asks what the items of `curious` take.
        """
        entry = self._entry("mine", block)
        have = self._have(1, (tool,), "1") if tool else []
        mine = [_take("mine", block)]
        body = [
            "before = sum(bot.inventory().values())",
            "for _ in range(6 * count):",
            *_indent([*have, *_search(block, self._guard(), last=True), *(mine if tool else _asking(mine))]),
            "    if sum(bot.inventory().values()) >= before + count:",
            "        break",
            *self._asking_about(curious),
        ]
        head = [
            f"def {entry}(bot, count={count}{self._care}):",
            f'    """Mine {block} until `count` items are gained."""',
        ]
        return self._program([*head, *self._first(), *_indent(body)])

    def _asking_about(self, items: list[str]) -> list[str]:
        """A last line that asks, once all is done, what these take; none where there are none."""
        names = "".join(f', "{item}"' for item in items[:CRAFTED])
        return [f"_learn(bot{names}, most={self._failures - 1})"] if items else []

    def _entry(self, verb: str, name: str) -> str:
        plain = re.sub(r"\W", "_", name).lower()
        taken = self._called | set(self._functions)
        names = (f"{verb}_{plain}", f"{verb}_{plain}_again", f"{verb}_{plain}_once_more")
        return next(name for name in names if name not in taken)

    def _program(self, entry: list[str]) -> str:
        parts = ["\n".join(lines) for lines in [*self._functions.values(), entry]]
        source = "\n\n\n".join(parts)
        said = source
        for name, text in reversed(HELPERS.items()):
            said += text if f"{name}(" in said else ""
        helpers = [text.strip() for name, text in HELPERS.items() if f"{name}(" in said]
        text = "\n\n\n".join([*helpers, source]) + "\n"
        return f"import re\n\n\n{text}" if "re.findall(" in text else text

    def _first(self, way: Way | None = None) -> list[str]:
        """What comes before the work: lessons, and what skills lacked, the stations last to stand by them.

        What was lacked last goes first, for it may have been on the way to what was lacked before.
        """
        recipes = self._lacked.recipes.values()
        needs = [need for recipe in recipes for need in recipe.wants()]
        needs += [(1, (tool,)) for tool in self._lacked.tools.values()]
        needs += [(1, (thing,)) for thing in self._lacked.smelted]
        needs += [(FUEL, tuple(self._lacked.fuels))] if self._lacked.fuels else []
        lacked = [
            line
            for count, names in dict.fromkeys(reversed(needs))
            for line in self._have(count, names, str(count))
        ]
        stations = [station for recipe in recipes for station in recipe.stations] + self._lacked.smelting
        for station in dict.fromkeys(stations):
            lacked += [*self._station(station), *self._stand(station)]
        lessons = [] if way and way.kind == "try" else self._lessons()
        care = ["if care:", *_indent(self._before)] if self._before else []
        return [*_indent(care), *lessons, *_indent(lacked)]

    def _lessons(self) -> list[str]:
        """The line that tries what is unknown: one alternative of each need, then others."""
        ranks = range(max((len(names) for _, names in self._unknown), default=0))
        order: dict[str, int] = {}
        for rank in ranks:
            for count, names in self._unknown:
                if rank < len(names):
                    order.setdefault(names[rank], count)
        needs = ", ".join(f'("{name}", {count})' for name, count in list(order.items())[:LEARNED_AT_ONCE])
        if not needs:
            return []
        unknown = [(count, names[0]) for count, names in self._unknown if names]
        first = ", ".join(f'("{name}", {count})' for count, name in dict.fromkeys(unknown))
        lines = [f"    _learn(bot, *_lacking(bot, {needs}), most={LEARNED_AT_ONCE})"]
        return [*lines, f"    _gather(bot, {first})"]

    def _helper(self, item: str, way: Way) -> str:
        """The private function that gets an item, written if it is not there yet."""
        name = "_get_" + re.sub(r"\W", "_", item)
        if name not in self._functions:
            self._begun.add(item)
            lines = [
                f"def {name}(bot, count=1):",
                f'    """{self._purpose(item, way)}"""',
                *self._body(item, way),
            ]
            self._begun.remove(item)
            self._functions[name] = lines
        return name

    def _body(self, item: str, way: Way, *, last: bool = False) -> list[str]:
        match way.kind:
            case "skill":
                return _indent(self._again(item, [self._skill_call(way.thing, "count")], "3"))
            case "craft":
                return _indent(self._making(item, way, f'bot.craft("{item}")'))
            case "smelt":
                return _indent(self._making(item, way, f'bot.smelt("{way.thing}")'))
            case "mine" | "kill":
                find = [
                    *_search(way.thing, self._guard_but(way.thing), last=last),
                    _take(way.kind, way.thing),
                ]
                tools = [line for tool in way.tools for line in self._have(1, (tool,), "1")]
                return _indent(self._again(item, [*tools, *self._guard(), *find], "3 * count + 9"))
            case _:
                return [f'    bot.craft("{item}")']

    def _again(self, item: str, body: list[str], times: str) -> list[str]:
        return [
            f"for _ in range({times}):",
            f'    if _held(bot, "{item}") >= count:',
            "        break",
            *_indent(body),
        ]

    def _making(self, item: str, way: Way, call: str) -> list[str]:
        gather = [line for station in way.stations for line in self._station(station)]
        for count, alternatives in sorted(way.needs, key=lambda need: -self._ways.to(need[1][0]).cost):
            gather += self._have(count, alternatives, str(count))
        if gather:
            gather = ["for _ in range(3):", *_indent(gather)]
        stand = [line for station in way.stations for line in self._stand(station)]
        guard = self._guard() if way.kind == "smelt" else []
        return self._again(item, [*gather, *stand, *guard, call], "count")

    def _guard(self) -> list[str]:
        """The line that fights what hurts; none where nothing is known to."""
        return self._guard_but("")

    def _guard_but(self, prey: str) -> list[str]:
        """The same, without what the program is for killing itself."""
        names = ", ".join(f'"{foe}"' for foe in self._foes if foe != prey)
        return [f"_guard(bot, {names})"] if names else []

    def _stand(self, station: str) -> list[str]:
        stand = f'_stand_by(bot, "{station}")'
        if self._ways.to(station).kind == "try":
            return [f'if bot.find("{station}") or _held(bot, "{station}"):', f"    {stand}"]
        return [stand]

    def _station(self, station: str) -> list[str]:
        get = self._have(1, (station,), "1")
        return [f'if bot.find("{station}") is None:', *_indent(get)] if get else []

    def _have(self, count: int, alternatives: tuple[str, ...], wanted: str) -> list[str]:
        """Lines that see to it that this many of the alternatives are held; none where nobody knows how.

        What containers hold of them is taken first.
        """
        stored = self._ways.stored(alternatives)
        lines = self._have_new(count, alternatives, wanted)
        if not stored:
            return lines
        names = ", ".join(f'"{name}"' for name in alternatives)
        fetched = ", ".join(f'"{name}"' for name in stored)
        return [f"if _held(bot, {names}) < {count}:", f"    _fetch(bot, {wanted}, {fetched})", *lines]

    def _have_new(self, count: int, alternatives: tuple[str, ...], wanted: str) -> list[str]:
        first = alternatives[0]
        way = self._ways.to(first)
        names = ", ".join(f'"{name}"' for name in alternatives)
        if way.kind == "try":
            self._unknown.append((count, tuple(n for n in alternatives if self._ways.to(n).kind == "try")))
            return []
        if way.cost >= UNKNOWN_COST or self._ways.guessed(first):
            self._unknown.append((count, tuple(n for n in alternatives if self._ways.guessed(n))))
        if way.kind == "skill":
            call = self._skill_call(way.thing, wanted)
        else:
            if first in self._begun:
                return []
            call = f"{self._helper(first, way)}(bot, count={wanted})"
        return [f"if _held(bot, {names}) < {count}:", f"    {call}"]

    def _skill_call(self, entry: str, count: str) -> str:
        self._called.add(entry)
        return next(skill.call(count) for skill in self._ways.skills if skill.entry == entry)

    def _purpose(self, item: str, way: Way) -> str:
        match way.kind:
            case "craft":
                needs = ", ".join(f"{count} {' or '.join(names)}" for count, names in way.needs)
                how = f", crafted from {needs}" if needs else ""
            case "smelt":
                how = f", smelted from {way.thing}"
            case "mine":
                how = f", mined from {way.thing}{''.join(f' with {tool}' for tool in way.tools)}"
            case "kill":
                how = f", got by killing {way.thing}"
            case _:
                how = ""
        at = f" at a {way.stations[0]}" if way.stations else ""
        fuels = way.needs[1][1][:FUELS_TOLD] if way.kind == "smelt" and len(way.needs) > 1 else ()
        burning = f" burning {' or '.join(fuels)}" if fuels else ""
        return f"Hold at least `count` {item}{how}{at}{burning}."


def _search(name: str, guard: Sequence[str], *, last: bool) -> list[str]:
    """Lines that look for a thing, on `guard`. Found nowhere, it ends the entry (`last`), or is an error."""
    said = f'"saw no {name} on {WALKS} walks"'
    end = [f"    print({said})", "    return"] if last else [f"    raise LookupError({said})"]
    guarded = "".join(f", guard=lambda: {line}" for line in guard)
    return [f'if not _look_for(bot, "{name}", walks={WALKS}{guarded}):', *end]


def _take(verb: str, name: str) -> str:
    return f'_take(bot, bot.{verb}, "{name}")'


def _asking(lines: list[str]) -> list[str]:
    """The lines, which ask at once, where a tool is missing, what that takes."""
    return [
        "try:",
        *_indent(lines),
        "except PrimitiveError as error:",
        '    _learn(bot, *re.findall(r"need (\\S+) or better", str(error)))',
        "    raise",
    ]


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
