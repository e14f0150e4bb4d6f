"""Facts from what a world reports: each kind of happening has its rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fieldcraft.agent.memory import wording as w
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.learning import (
    Change,
    contradict_drops,
    contradict_recipes,
    doubt_refusals,
    limited,
    whole_runs,
)
from fieldcraft.agent.memory.messages import learn_message
from fieldcraft.agent.memory.naming import Vocabulary
from fieldcraft.envs import Happening

BARE = "bare hands"
"""Stands for the tool where there is none."""
MOST_ITEMS = 12
"""Kinds of items of one happening."""
MOST_TIMES = 1_000_000


def learn_happenings(change: Change, happenings: Iterable[Happening], names: Vocabulary) -> None:
    """Take in what happened while a program ran, in its order."""
    for happening in map(_bounded, happenings):
        change.event = happening.what
        if happening.what == "refused":
            learn_message(change, happening.why, names, subject=happening.subject, source="world")
        else:
            _RULES.get(happening.what, _other)(change, happening)


def _bounded(happening: Happening) -> Happening:
    """The same with names, numbers and lists as facts keep them."""
    return happening.model_copy(
        update={
            "subject": w.subject(happening.subject),
            "tool": w.subject(happening.tool),
            "used": _few(happening.used),
            "gave": _few(happening.gave),
            "times": max(1, min(happening.times, MOST_TIMES)),
        }
    )


def _few(counts: Mapping[str, int]) -> dict[str, int]:
    return {w.subject(item): count for item, count in list(counts.items())[:MOST_ITEMS] if count > 0}


def _crafted(change: Change, happened: Happening) -> None:
    gave = happened.gave
    result = happened.subject if happened.subject in gave or not gave else next(iter(gave))
    _recipe(change, happened, result, happened.used, gave, "make")


def _smelted(change: Change, happened: Happening) -> None:
    """What was smelted is the subject, or the only thing used; the rest burned."""
    gave = happened.gave
    result = happened.subject if happened.subject in gave or not gave else next(iter(gave))
    burned = dict(happened.used)
    smelted = {}
    if happened.subject in burned:
        smelted = {happened.subject: burned.pop(happened.subject)}
    elif len(burned) == 1:
        smelted, burned = burned, {}
    used, gave = whole_runs(smelted, {result: gave.get(result, 1)})
    _recipe(change, happened, result, used, gave, "smelt to")
    for fuel in burned:
        text = f"{w.name(fuel)} burns as fuel"
        change.see(Fact(key=w.key("event", "fuel", fuel), kind="event", subject=fuel, text=text))


def _recipe(
    change: Change,
    happened: Happening,
    result: str,
    used: Mapping[str, int],
    gave: Mapping[str, int],
    verb: str,
) -> None:
    """What was used and what it gave, in the smallest numbers in which it was ever done.

    One run may give several, so that smaller numbers of the same proportion need not be possible.
    """
    if not used and not gave:
        return
    at = f" at {w.name(happened.tool)}" if happened.tool else ""
    parts, whole = whole_runs(used, gave)
    key = w.key("recipe", result, f"{w.amounts(parts)} -> {w.amounts(whole) or f'1 {w.name(result)}'}{at}")
    used, gave = _least(change.now(key), dict(sorted(used.items())), dict(sorted(gave.items())))
    made = w.amounts(gave) or f"1 {w.name(result)}"
    fact = change.see(
        Fact(
            key=key,
            kind="recipe",
            subject=result,
            text=f"{w.amounts(used) or 'nothing'} {verb} {made}{at}",
            used=dict(used),
            gave=dict(gave),
            tools=[happened.tool] if happened.tool else [],
        ),
        happened.times,
    )
    contradict_recipes(change, fact, happened.times)
    doubt_refusals(change, result, (*used, happened.tool), fact.text)


def _least(
    known: Fact | None, used: dict[str, int], gave: dict[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """The numbers of a recipe as they are now or as they were known before, whichever are smaller."""
    if known is not None and known.gave and sum(known.gave.values()) < sum(gave.values()):
        return dict(known.used), dict(known.gave)
    return used, gave


def _mined(change: Change, happened: Happening) -> None:
    _drop(change, happened, "mined")
    if happened.place is not None:
        for fact in change.siblings("place", happened.subject):
            if fact.place is not None and fact.place.block() == happened.place.block():
                change.correct(fact, f"{w.name(happened.subject)} was mined there")


def _killed(change: Change, happened: Happening) -> None:
    _drop(change, happened, "killed")


def _drop(change: Change, happened: Happening, verb: str) -> None:
    subject, used = happened.subject, w.amounts(happened.used)
    tool = happened.tool or w.names(sorted(happened.used)) or BARE
    key = w.key("drop", subject, w.names(sorted(happened.gave)) or "nothing")
    known = change.now(key)
    least, most = _range(happened.gave, known)
    tools = limited([*(known.tools if known else ()), tool])
    given = ", ".join(_amount(item, count, most.get(item, count)) for item, count in least.items())
    told = f"{w.name(subject)} gives {given or 'nothing'} when {verb} with {w.names(tools)}"
    fact = change.see(
        Fact(
            key=key,
            kind="drop",
            subject=subject,
            text=f"{told}, which uses up {used}" if used else told,
            gave=least,
            most=most,
            tools=tools,
            positive=bool(happened.gave),
        ),
        happened.times,
    )
    contradict_drops(change, fact, happened.times, tool)
    doubt_refusals(change, subject, (tool, *happened.used), fact.text)


def _range(gave: Mapping[str, int], known: Fact | None) -> tuple[dict[str, int], dict[str, int]]:
    """The least and, where it is another number, the most that was ever gained of each item."""
    before = known.gave if known is not None and not known.wrong else {}
    highest = known.most if known is not None and not known.wrong else {}
    least = {item: min(count, before.get(item, count)) for item, count in sorted(gave.items())[: w.LISTED]}
    most = {item: max(gave[item], highest.get(item, before.get(item, 0))) for item in least}
    return least, {item: count for item, count in most.items() if count != least[item]}


def _amount(item: str, least: int, most: int) -> str:
    return f"{least if least == most else f'{least}-{most}'} {w.name(item)}"


def _placed(change: Change, happened: Happening) -> None:
    """Where it was placed; and what that took, where it was not the thing itself."""
    _saw(change, happened)
    if set(happened.used) not in (set(), {happened.subject}):
        _recipe(change, happened, happened.subject, happened.used, {}, "place")


def _saw(change: Change, happened: Happening) -> None:
    place = happened.place
    if place is None:
        return
    subject, where = w.name(happened.subject), place.block()
    verb = "placed" if happened.what == "placed" else "seen"
    key = w.key("place", happened.subject, str(where))
    text = f"{subject} {verb} at {where}"
    change.see(Fact(key=key, kind="place", subject=happened.subject, text=text, place=place), happened.times)


def _ate(change: Change, happened: Happening) -> None:
    subject = happened.subject
    key, text = w.key("food", subject), f"{w.name(subject)} can be eaten"
    change.see(Fact(key=key, kind="food", subject=subject, text=text), happened.times)


def _died(change: Change, happened: Happening) -> None:
    why = happened.why or happened.subject or "no reason given"
    key = w.key("danger", happened.subject, w.shape(why))
    text = f"the agent died: {w.said(why)}"
    change.see(
        Fact(key=key, kind="danger", subject=happened.subject, text=text, positive=False), happened.times
    )


def _broke(change: Change, happened: Happening) -> None:
    subject = happened.subject or happened.tool
    key, text = w.key("wear", subject), f"{w.name(subject)} breaks with use"
    change.see(Fact(key=key, kind="wear", subject=subject, text=text, positive=False), happened.times)


def _lost(change: Change, happened: Happening) -> None:
    what = w.amounts(happened.used) or w.name(happened.subject)
    why = f": {w.said(happened.why)}" if happened.why else ""
    key = w.key("loss", happened.subject, w.shape(happened.why))
    change.see(
        Fact(key=key, kind="loss", subject=happened.subject, text=f"{what} was lost{why}", positive=False),
        happened.times,
    )


def _moved(change: Change, happened: Happening) -> None:
    """Stored and withdrawn items: the observation shows what chests hold."""


def _explained(change: Change, happened: Happening) -> None:
    """What the world says of how to get a thing, in its words; a later one takes the place of an earlier."""
    text = f"the world says: {w.said(happened.why)}"
    change.see(
        Fact(
            key=w.key("event", "explained", happened.subject),
            kind="event",
            subject=happened.subject,
            text=text,
        )
    )


def _other(change: Change, happened: Happening) -> None:
    """A happening of the world's own kind, in its own words."""
    used = f", used {w.amounts(happened.used)}" if happened.used else ""
    gave = f", gave {w.amounts(happened.gave)}" if happened.gave else ""
    tool = f" with {w.name(happened.tool)}" if happened.tool else ""
    why = f": {w.said(happened.why)}" if happened.why else ""
    text = f"{happened.what} {w.name(happened.subject)}{tool}{used}{gave}{why}"
    key = w.key("event", happened.what, happened.subject, w.shape(f"{tool}{used}{gave}{why}"))
    change.see(
        Fact(
            key=key,
            kind="event",
            subject=happened.subject,
            text=text,
            used=dict(happened.used),
            gave=dict(happened.gave),
        ),
        happened.times,
    )


_RULES: Mapping[str, Callable[[Change, Happening], None]] = {
    "crafted": _crafted,
    "smelted": _smelted,
    "mined": _mined,
    "killed": _killed,
    "saw": _saw,
    "placed": _placed,
    "ate": _ate,
    "died": _died,
    "broke": _broke,
    "lost": _lost,
    "stored": _moved,
    "withdrew": _moved,
    "explained": _explained,
}
