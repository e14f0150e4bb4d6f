"""The curriculum: which task next, and which steps make up a given task."""

from __future__ import annotations

import json
import re

from .facts import Facts, Need
from .lacks import blamed, depth, hardest_lack
from .questions import puzzling, questions
from .reading import Prompt, mentioned, named_after
from .situation import Situation

PARTS = 5
"""Into how many a task is split that only asks for as many things as possible."""

FAILED, WHIM = 40, 15
"""What a task is worth less for each time that it failed, and how far chance moves its worth."""

DEEPER = 4
"""What it is worth more for each thing that must be had before."""

SHARED, OFTEN = 40, 4
"""How much less a task is worth for each failure of another one that lacked the same, and how many count."""

OPENED = 100
"""Worth of mining what is in view, was never mined, and takes a tool that by now was held."""

PUZZLE = 50
"""What trying is worth more while a material is at hand that nobody knows a use of."""

FARTHER = 90
"""Worth of ground where the agent never was, once nothing new came for long."""

FEW = 8
"""Things that are got once more than ever before, to have a better skill of getting them."""

AGAIN = -20
"""Worth of what was never held, tried in vain, and of which nothing is known any more."""

DEAR = 12
"""Parts from which a recipe does not count as any dearer."""

_ALL_SORTS = re.compile(r"\b(?:items|things)\b")
"""In a task that names none: what to get is left to the program."""


class Proposal:
    """A candidate for the next task."""

    def __init__(self, words: str, goal: dict[str, object] | None, worth: float, why: str) -> None:
        self.words = words
        self.goal = goal
        self.worth = worth
        self.why = why


def propose_task(prompt: Prompt) -> str:
    """The next task as JSON: the worthiest of what the prompt suggests."""
    now = Situation(prompt)
    refused = " ".join(problem.partition(";")[0] for problem in [*prompt.problems, *_turned_down(prompt)])
    found = [*_grounds(now), *_candidates(now)]
    proposals = [p for p in found if not _is_hopeless(now, p) and not _is_refused(p, refused)]
    fresh = [p for p in proposals if not now.resting(p.words) or _opened(now, p)] or proposals
    if not fresh:
        fresh = [_more(now, prompt, refused)]
    blame = blamed(now)
    best = max(fresh, key=lambda p: _appeal(now, p, blame))
    proposal = {"reasoning": best.why, "task": best.words, "goal": best.goal}
    limit = prompt.number("How to choose", r"at most (\d+) questions", 0)
    asked = [{"question": question} for question in questions(now, limit)] if limit else []
    return json.dumps(proposal | ({"questions": asked} if asked else {}))


def _is_hopeless(now: Situation, proposal: Proposal) -> bool:
    """Whether a task is refused for now, by its words or by what it is to get, in whatever words."""
    target = _name(proposal.goal or {})
    return proposal.words in now.refused or (target in now.hopeless and proposal.words.split()[1:2] == ["1"])


def _is_refused(proposal: Proposal, refused: str) -> bool:
    """Whether what was wrong with earlier answers names this proposal."""
    return proposal.words in refused or bool(proposal.goal and _name(proposal.goal) in refused)


def make_plan(prompt: Prompt) -> str:
    """Steps as JSON: what the task needs and was never completed, needs first, the task last."""
    now = Situation(prompt)
    limit = prompt.number("How to plan", r"[Aa]t most (\d+) steps", 8)
    task = prompt.text("Task").splitlines()[0].strip() if prompt.text("Task") else "Look around"
    target = next(iter(mentioned(task, now.items)), "")
    number = re.search(r"\b(\d{1,4})\b", task)
    steps: list[dict[str, object]] = []
    if target:
        order: dict[str, int] = {}
        for count, names in _lacked_lately(prompt):
            _add_need(now, count, names, order, {target})
        _needs_first(now, target, order, {target})
        steps = [_step(now, name, count) for name, count in order.items()]
        steps = [
            *steps[-(limit - 1) :],
            {"task": task, "goal": _item(target, int(number[1]) if number else 1)},
        ]
    else:
        chosen = choose(prompt, task, min(limit, PARTS))
        steps = [{"task": p.words, "goal": p.goal} for p in chosen] or [{"task": task, "goal": None}]
    return json.dumps({"reasoning": "What the task needs comes before it.", "steps": steps})


def choose(prompt: Prompt, task: str, limit: int) -> list[Proposal]:
    """Tasks for one that only asks for as many things as possible, the worthiest first; else none.

    Such a prompt does not tell what was ever held, so what is held now stands for it.
    """
    if not _ALL_SORTS.search(task):
        return []
    now = Situation(prompt)
    now.held = [name for name in now.items if now.seen.inventory.get(name)]
    found = {p.words: p for p in _candidates(now)}.values()
    blame = blamed(now)
    return sorted(found, key=lambda p: -_appeal(now, p, blame))[:limit]


def _appeal(now: Situation, proposal: Proposal, blame: dict[str, int]) -> float:
    words = proposal.words
    lack = hardest_lack(now, _name(proposal.goal)) if proposal.goal else ""
    doomed = SHARED * min(blame.get(lack, 0), OFTEN)
    failed = 0 if _opened(now, proposal) else FAILED * now.times_failed(words)
    return proposal.worth - failed - doomed + WHIM * now.chance(words)


def _opened(now: Situation, proposal: Proposal) -> bool:
    """Whether a task failed, and something that it takes was obtained by a later one, as far as is known."""
    _, ago = now.failures.get(proposal.words, (0, 1))
    later = now.done[-(ago - 1) :] if ago > 1 else []
    since = {word for task in later for word in task.split()}
    needs = [name for names in now.facts.needs_of(_name(proposal.goal or {})) for name in names]
    things = {thing for name in needs for _, thing in now.facts.sources.get(name, [])}
    return not since.isdisjoint({*needs, *things})


def _candidates(now: Situation) -> list[Proposal]:
    demand = _demand(now)
    targets = [
        item for item in now.items if item not in now.held and (now.facts.known(item) or item in demand)
    ]
    ready = [item for item in targets if not now.missing(item)]
    wanted = [_get(now, item, _worth(now, item, demand.get(item, 0))) for item in ready]
    proposals = [proposal for proposal in wanted if not _done(now, proposal)]
    proposals += _basics(now)
    proposals += _in_view(now)
    tried = {name for task in [*now.done, *now.failed] for name in mentioned(task, now.items)[:1]}
    made = [item for item in now.held if item not in now.blocks]
    puzzled = PUZZLE if puzzling(now) else 0
    for item in now.items:
        if item not in now.held and item not in tried and not now.facts.known(item) and item not in demand:
            worth = puzzled + (50 if named_after(item, made) else 15 if item in now.blocks else 20)
            proposals.append(_get(now, item, worth))
    proposed = {name for proposal in proposals for name in [_name(proposal.goal or {})]}
    again = [item for item in now.items if item not in now.held and item not in proposed]
    return [*proposals, *(_get(now, item, AGAIN) for item in again)]


def _basics(now: Situation) -> list[Proposal]:
    """Things that were had on the way and that several others need: a skill of each, then a better one.

    What first worked often leaned on what was held by chance; a second task has it written from all that
    is known by then.
    """
    uses: dict[str, int] = {}
    for item in now.items:
        for names in now.facts.needs_of(item):
            name = next((name for name in names if name in now.held), names[0])
            uses[name] = uses.get(name, 0) + 1
    basics = []
    for name in now.held:
        first = _get(now, name, 85 + 3 * min(uses.get(name, 0), 8))
        if name in uses and name not in now.got and not _done(now, first):
            basics.append(first)
        elif uses.get(name, 0) > 1:
            most = now.most_held.get(name, 1) + 1
            if most - now.seen.inventory.get(name, 0) <= FEW and now.most_done(f"Craft 1 {name}") < 2:
                basics.append(_several(name, most, 28 + 3 * min(uses[name], 10), first.why))
    return [basic for basic in basics if not _done(now, basic)]


def _done(now: Situation, proposal: Proposal) -> bool:
    """Whether a task was completed, also by the words that it had before its source was known."""
    words = [proposal.words]
    count = proposal.words.split()[1] if " " in proposal.words else ""
    if proposal.goal:
        words.append(f"Craft {count} {_name(proposal.goal)}")
    asked = int(count) if count.isdecimal() else 1
    goal = proposal.goal or {}
    if goal.get("kind") == "item" and _name(goal) in now.got:
        return int(str(goal["count"])) <= now.most_held[_name(goal)]
    return any(now.most_done(text) >= asked for text in words)


def _worth(now: Situation, item: str, demand: int) -> float:
    """More for what is known and near, and for what many other things need."""
    seen = {*now.seen.blocks, *now.seen.far_blocks, *now.seen.mobs, *now.held}
    if not now.facts.known(item):
        return (80 if item in seen else 50) + 4 * min(demand, 10)
    near = item in now.facts.recipes or any(thing in seen for _, thing in now.facts.sources[item])
    parts = sum(count for count, _ in now.facts.recipes[item].wants()) if item in now.facts.recipes else 1
    wanted = 3 * min(demand, 20) if near else 9 * min(demand, 10)
    return (100 if near else 12) + wanted - 2 * min(parts, DEAR) + DEEPER * depth(now, item)


def _in_view(now: Situation) -> list[Proposal]:
    """Blocks and mobs that are seen and were never mined or killed."""
    proposals = []
    had = {thing for item in now.held for way, thing in now.facts.sources.get(item, []) if way == "mining"}
    for block in dict.fromkeys([*now.seen.blocks, *now.seen.far_blocks]):
        words = f"Mine 1 {block}"
        tool = now.facts.tools.get(block)
        new = block in now.blocks and not now.most_done(words) and block not in {*now.held, *had}
        if new and (not tool or tool in now.held):
            worth = OPENED if tool else 60
            goal: dict[str, object] | None = {"kind": "mine", "block": block, "count": 1}
            goal = goal if now.checks_mining else None
            proposals.append(Proposal(words, goal, worth, f"{block} is in view and was never mined"))
    for mob in now.seen.mobs:
        words = f"Kill 1 {mob}"
        if mob in now.mobs and not now.most_done(words):
            goal = {"kind": "kill", "mob": mob, "count": 1}
            proposals.append(Proposal(words, goal, 50, f"{mob} is near and may leave something"))
    return proposals


def _demand(now: Situation) -> dict[str, int]:
    """For each item never held, how many things that the agent knows of need it, directly or not."""
    demand: dict[str, int] = {}
    targets = [item for item in now.items if now.facts.known(item) and item not in now.held]
    for target in [*targets, *now.facts.tools]:
        reached: list[str] = []
        queue = [target]
        while queue:
            for names in now.wants(queue.pop()):
                name = _likeliest(now, names)
                if name not in reached:
                    reached.append(name)
                    queue.append(name)
        for name in reached:
            demand[name] = demand.get(name, 0) + (3 if target in now.facts.tools else 1)
    return demand


def _likeliest(now: Situation, names: tuple[str, ...]) -> str:
    """Of alternatives none of which was held: one known, with the fewest missing needs; else the first."""
    known = [name for name in names if now.facts.known(name)]
    seen = {*now.seen.blocks, *now.seen.far_blocks}
    return min(
        known or names,
        key=lambda name: (
            len(now.missing(name)),
            name not in seen and not any(seen.intersection(needs) for needs in now.missing(name)),
        ),
    )


def _get(now: Situation, item: str, worth: float, more: int = 1) -> Proposal:
    way, thing = (now.facts.sources.get(item) or [("crafting", item)])[0]
    verb = {"smelting": "Smelt", "mining": "Mine", "killing": "Kill"}.get(way, "Craft")
    if item in now.held:
        why = f"other things need {item}, so a skill of its own pays"
    elif now.facts.known(item):
        why = f"{item} was never held; what it takes is known"
    else:
        why = f"{item} was never held; trying tells what it takes"
    count = now.seen.inventory.get(item, 0) + more
    words = f"{verb} {more} {thing}"
    if thing != item and item not in now.held and now.most_done(words):
        words += f" for {item}"
    return Proposal(words, _item(item, count), worth, why)


def _grounds(now: Situation) -> list[Proposal]:
    """Farther ground, where the prompt names some because nothing new came for long."""
    found = []
    for goal in now.grounds():
        place = goal["position"]
        where = f"({place['x']:g}, {place['y']:g}, {place['z']:g})" if isinstance(place, dict) else ""
        words = f"Walk to {where}"
        found.append(Proposal(words, goal, FARTHER, "nothing new came for long where the agent was"))
    return found


def _more(now: Situation, prompt: Prompt, refused: str) -> Proposal:
    """More of something than ever before, of what was done least; where nothing is known, a look around.

    Not of what is refused, as long as there is anything else.
    """
    said = "\n".join([*prompt.problems, *_turned_down(prompt)])
    held = [name for name in now.items if name in now.held]
    if not held:
        return Proposal("Look around", None, 0, "nothing is known yet")
    least = {name: _most_of(name, said, now) for name in held}
    more = {name: _several(name, least[name] + 1, 0, "everything known was had") for name in held}
    open_ones = [name for name, p in more.items() if not _is_hopeless(now, p) and not _is_refused(p, refused)]
    return more[min(open_ones or held, key=lambda name: (least[name], now.chance(name)))]


def _several(item: str, count: int, worth: float, why: str) -> Proposal:
    """To hold more of an item than ever before, in words that no other task has."""
    return Proposal(f"Craft {count} {item}", _item(item, count), worth, why)


def _most_of(item: str, said: str, now: Situation) -> int:
    """The most of an item that is held, was asked for, or is named where a proposal was refused."""
    named = re.findall(rf"'hold \d+ {re.escape(item)} .*?more than (\d+)", said)
    done = max(now.most_done(f"{verb} 1 {item}") for verb in ("Craft", "Mine"))
    return max(done, now.most_held.get(item, 0), *(int(number) for number in named))


def _turned_down(prompt: Prompt) -> list[str]:
    """What was wrong with the proposals since the last task."""
    return prompt.data("Proposals since the last task that came to nothing").splitlines()


def _needs_first(now: Situation, item: str, order: dict[str, int], path: set[str]) -> None:
    """Add to `order` what an item needs and is not held or near in that number, deepest first."""
    for count, names in now.facts.wants(item):
        _add_need(now, count, names, order, path)


def _add_need(
    now: Situation, count: int, names: tuple[str, ...], order: dict[str, int], path: set[str]
) -> None:
    near = count == 1 and any(name in now.seen.blocks for name in names)
    if near or sum(now.seen.inventory.get(name, 0) for name in names) >= count:
        return
    name = _likeliest(now, names)
    if name in now.items and name not in path and name not in order:
        _needs_first(now, name, order, {*path, name})
        order[name] = count


def _lacked_lately(prompt: Prompt) -> list[Need]:
    """The tools that the step which failed last wanted, by what the world said last."""
    said = prompt.data("What the world said lately").splitlines()
    if not said or not prompt.listed("Failed steps"):
        return []
    return [(1, (tool,)) for tool in Facts(said[-1]).tools.values()]


def _step(now: Situation, item: str, count: int) -> dict[str, object]:
    more = max(1, count - now.seen.inventory.get(item, 0))
    return {"task": _get(now, item, 0, more).words, "goal": _item(item, count)}


def _item(name: str, count: int) -> dict[str, object]:
    return {"kind": "item", "item": name, "count": count}


def _name(goal: dict[str, object]) -> str:
    return str(goal.get("item") or goal.get("block") or goal.get("mob"))
