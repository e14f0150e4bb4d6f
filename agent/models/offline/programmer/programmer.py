"""The actor: from task, facts, skills and earlier attempts to a plan and one program."""

from __future__ import annotations

import re
import zlib

from .facts import Facts
from .known_skills import known_skills
from .planner import choose
from .reading import Prompt, mentioned, named_after, subsections, unquoted
from .snippets import LOOK_AROUND
from .ways import Ways
from .writer import Writer

_GOAL = re.compile(r"^Done when: (hold|gain|mine|place|kill) (\d+) (\S+)\s*$", re.MULTILINE)

_REACH = re.compile(r"^Done when: reach \((-?[\d.]+), (-?[\d.]+), (-?[\d.]+)\)\s*$", re.MULTILINE)

KEPT = 14
"""Kinds of items to go on with once the others are put away."""

ROOM = 4
"""Kinds of items that are placed in the world when the pockets are full."""

_FILLED = "put what is not needed into it"
"""In what is known of a task: that the container which it asks for is to be filled at once."""

CURIOUS = 64
"""Items of which a program that only asks what a thing takes asks too."""

IN_REACH = 40
"""What it costs at most to come by a thing that a task first had to ask about, if it goes on at once."""

_NOWHERE = re.compile(r"saw no \S+ on \d+ walks")

HUNGRY, WEAK = 15, 12
"""Hunger and health, of 20 when full and sound, from which a program begins with a meal or rest."""

STARVED, PREY = 10, 10
"""Hunger from which a program hunts where it holds no food, and the kinds of mobs that it hunts then."""

MEAL, MEALS = 5, 4
"""Hunger that a meal stills, about, and how many meals are taken out of a container at once."""

FOES = 6
"""Kinds of mobs that hurt, the latest, against which a program guards."""

WORN = 6
"""Things held that a program puts on, to see whether they can be, where the agent was hurt."""

_FOOD = re.compile(r"([\w:.-]+) can be eaten")


def write_program(prompt: Prompt) -> str:
    """A short plan and one code block."""
    history = prompt.text("Earlier attempts")
    facts = Facts(prompt.data("Context"), unquoted(history))
    facts.read_purposes(prompt.skills)
    items, blocks, mobs = prompt.names("Items"), prompt.names("Blocks"), prompt.names("Mobs")
    skills = known_skills(prompt.skills, items)
    ways = Ways(facts, prompt.observation, skills, blocks, history)
    before = _care(prompt, history, blocks, mobs)
    task = prompt.text("Task")
    if reason := _beyond_reach(history):
        return f"GIVE UP: {reason}"
    verb, count, name = _aim(task, items, blocks, mobs)
    if verb == "look" and (chosen := _chosen(prompt, task)):
        verb, count, name = chosen
        before.append("bot.explore()")
    if verb == "hold" and _for_later(history, name) and ways.to(name).cost > IN_REACH:
        return f"GIVE UP: what {name} takes is known now, and some of it is for a task of its own"
    failures = prompt.number("Rules", r"stopped at its (\d+)", 5) - 1
    writer = Writer(ways, _lacked(history), before, failures, _foes(prompt, mobs))
    curious = _curious(prompt, facts, items)
    match verb:
        case "hold" if _FILLED in prompt.text("Context"):
            source = writer.deposit(name, _kept(prompt), curious, new=True)
        case "hold":
            source = writer.obtain(name, count, curious, again=bool(subsections(history)))
        case "place":
            source = writer.place(name, count)
        case "kill":
            source = writer.kill(name, count, curious)
        case "mine":
            source = writer.mine(name, count, facts.tools.get(name), [] if name in items else curious)
        case "reach":
            source = writer.reach(name, curious)
        case "deposit":
            source = writer.deposit(name, _kept(prompt), curious, full="is full; use another" in history)
        case _:
            source = LOOK_AROUND.lstrip()
    if _plain(source) in _plain(history) and (reason := _nothing_new(history)):
        return f"GIVE UP: {reason}"
    return f"{_plan(history, verb, count, name)}\n```python\n{source}```"


def _care(prompt: Prompt, history: str, blocks: list[str], mobs: list[str]) -> list[str]:
    """Lines that every program begins with where the body or the pockets ask for it."""
    seen = prompt.observation
    lines = []
    foes = _foes(prompt, mobs)
    if seen.hunger is not None and seen.hunger <= HUNGRY:
        lines += _meal(prompt, seen.hunger, history, [name for name in mobs if name not in foes])
    if seen.health is not None and seen.health <= WEAK:
        lines += [*_armour(prompt, blocks), f"_rest(bot{''.join(f', {foe!r}' for foe in foes)})"]
    if "the inventory is full" in history or seen.slots_used >= seen.slots_total - 1 > 0:
        known = prompt.skills + prompt.text("Context") + history
        spare = [item for item in seen.inventory if item in blocks]
        spare.sort(key=lambda item: (item in known, seen.inventory[item], item))
        lines.append(f"_make_room(bot, {', '.join(repr(item) for item in spare[:ROOM])})")
    return lines


def _meal(prompt: Prompt, hunger: float, history: str, prey: list[str]) -> list[str]:
    """Lines that eat what is held, else what containers hold, else, where it is urgent, what was hunted."""
    seen = prompt.observation
    foods = _FOOD.findall(prompt.data("What is known"))
    stored = [name for name in foods if seen.stored.get(name)]
    lines = []
    if stored and not any(seen.inventory.get(name) for name in foods):
        lines.append(f"_fetch(bot, {MEALS}, {', '.join(repr(name) for name in stored)})")
    elif "cannot eat: you hold no food" in history:
        return []
    eat = f"_eat(bot, meals={max(1, int(20 - hunger) // MEAL)})"
    hunt = f"_hunt(bot, {', '.join(repr(name) for name in prey[:PREY])})"
    return [*lines, f"{eat} or {hunt}" if prey and hunger <= STARVED else eat]


def _armour(prompt: Prompt, blocks: list[str]) -> list[str]:
    """The line that puts on what may be worn; none where that is all in use."""
    seen = prompt.observation
    kinds = {name.rpartition("_")[2] for name in seen.worn}
    spare = [name for name, count in seen.inventory.items() if count == 1 and name not in blocks]
    fresh = [name for name in spare if name.rpartition("_")[2] not in kinds]
    salt = prompt.text("Observation")
    fresh.sort(key=lambda name: zlib.crc32(f"{salt} {name}".encode(errors="replace")))
    return [f"_wear(bot, {', '.join(repr(name) for name in fresh[:WORN])})"] if fresh else []


def _foes(prompt: Prompt, mobs: list[str]) -> list[str]:
    """The mobs that hurt the agent, as far as the prompt or the code of skills tells."""
    facts = Facts(
        prompt.data("Observation"), prompt.data("Context"), unquoted(prompt.text("Earlier attempts"))
    )
    guarded = re.findall(r'_guard\(bot((?:, "[^"]+")+)', prompt.skills)
    facts.read(prompt.data("What is known"))
    known = [*facts.harmful, *(name for names in guarded for name in re.findall(r'"([^"]+)"', names))]
    return [name for name in dict.fromkeys(known) if name in mobs][:FOES]


def _lacked(history: str) -> Facts:
    """What skills of earlier attempts had not, by their errors or by all that failed before a stop."""
    stopped = [unquoted(text) for _, text in subsections(history) if "> stopped: too many failed" in text]
    return Facts(*re.findall(r"^> (.* of \w+: `.*)$", history, flags=re.MULTILINE), *stopped)


def _curious(prompt: Prompt, facts: Facts, items: list[str]) -> list[str]:
    """Some items of which the prompt says nothing: an attempt that may fail can as well ask about them.

    Those that are named after something held, which is no block, come first.
    """
    described, held = prompt.skills + prompt.text("Context"), prompt.observation.inventory
    strange = [item for item in items if not (facts.known(item) or item in described or held.get(item))]
    salt = prompt.text("Task") + prompt.text("Observation")
    chance = {item: zlib.crc32(f"{salt} {item}".encode(errors="replace")) for item in strange}
    made = [item for item in held if item not in prompt.names("Blocks")]
    return sorted(strange, key=lambda item: (not named_after(item, made), chance[item]))[:CURIOUS]


def _aim(task: str, items: list[str], blocks: list[str], mobs: list[str]) -> tuple[str, int, str]:
    """What is to be done: by the goal where there is one, else by the task's words."""
    goal = _GOAL.search(task)
    if goal:
        return goal[1].replace("gain", "hold"), int(goal[2]), goal[3]
    if place := _REACH.search(task):
        return "reach", 1, ", ".join(place.groups())
    words = task.splitlines()[0] if task else ""
    number = re.search(r"\b(\d{1,4})\b", words)
    count = max(1, int(number[1])) if number else 1
    first = words.split(" ")[0].lower()
    choices = {"mine": blocks, "place": blocks, "kill": mobs, "deposit": blocks, "smelt": items}
    for name in mentioned(words, choices.get(first, items)):
        return first if first in ("mine", "place", "kill", "deposit") else "hold", count, name
    for verb, names in (("hold", items), ("kill", mobs), ("mine", blocks)):
        for name in mentioned(words, names):
            return verb, count, name
    return "look", 1, ""


def _chosen(prompt: Prompt, task: str) -> tuple[str, int, str] | None:
    """What to do for a task that leaves it open; `None` for any other."""
    for proposal in choose(prompt, task, 1):
        goal = proposal.goal or {}
        kind = str(goal.get("kind", "mine"))
        name = str(goal.get("item") or goal.get("mob") or proposal.words.split()[-1])
        return {"item": "hold"}.get(kind, kind), int(str(goal.get("count", 1))), name
    return None


def _kept(prompt: Prompt) -> list[str]:
    """What not to put away: food, then tools, then what is spoken of, and of the rest what is no block."""
    spoken = prompt.skills + prompt.text("Context")
    blocks, held = prompt.names("Blocks"), prompt.observation.inventory
    foods = _FOOD.findall(prompt.data("What is known"))
    return sorted(
        held,
        key=lambda item: (
            item not in foods,
            item in blocks or held[item] > 1,
            item in blocks,
            item not in spoken,
            item,
        ),
    )[:KEPT]


def _beyond_reach(history: str) -> str:
    """Why a further attempt would not help, judged by those before it; empty where it may."""
    attempts = [unquoted(text) for _, text in subsections(history)]
    if not attempts:
        return ""
    nowhere = _NOWHERE.search(attempts[-1])
    if nowhere:
        return nowhere[0]
    if all("tick limit" in text for text in attempts[-2:]) and len(attempts) > 1:
        return "it takes more time than a program has"
    if _fell_short(subsections(history)[-1][1]):
        return "all that is known to yield it was done, and it did not come"
    return ""


def _for_later(history: str, item: str) -> bool:
    """Whether all that a task did so far was to ask what its item takes."""
    attempts = subsections(history)
    return len(attempts) == 1 and f'\n    _learn(bot, "{item}"' in attempts[0][1]


def _fell_short(attempt: str) -> bool:
    """Whether a program that knew what to do came to its end without an error, and its goal was not met."""
    asked = re.search(r"^ +_learn\(bot, (?!\*)", attempt, flags=re.MULTILINE)
    return "The goal is not met: hold " in attempt and "\nError:" not in attempt and not asked


def _nothing_new(history: str) -> str:
    """That the last attempt ended as one before it; empty where it taught something."""
    *earlier, last = [_lessons(unquoted(text)) for _, text in subsections(history)]
    if not set(last) <= {line for lessons in earlier for line in lessons}:
        return ""
    return f"nothing new, again {last[0]}" if last else "nothing new, and no error tells why"


def _plain(source: str) -> str:
    """Source without empty lines, of which prompts keep fewer."""
    return re.sub(r"\n\s*\n", "\n", source.strip())


def _lessons(said: str) -> list[str]:
    """The errors that an attempt was shown, without numbers and places."""
    lines = (re.sub(r" at line \d+.*| of \w+: `.*", "", line) for line in said.splitlines())
    return [re.sub(r"\d+", "#", line).replace("`", "'")[:200] for line in lines if line.strip()]


def _plan(history: str, verb: str, count: int, name: str) -> str:
    attempts = subsections(history)
    said = []
    if attempts:
        error = re.search(r"^> (.+)$", attempts[-1][1].partition("Error:")[2], flags=re.MULTILINE)
        said.append(
            f"The last attempt stopped at: {error[1][:200].replace('`', '')}"
            if error
            else "The last attempt fell short."
        )
    said.append(f"The plan is to {verb} {count} {name}".rstrip() + ", by what is known so far.")
    return " ".join(said)
