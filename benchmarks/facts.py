"""Facts: are wrong ones corrected, do the right ones come back, and how fast. Prints JSON.

python benchmarks/facts.py            all of it (a few minutes)
python benchmarks/facts.py --quick    fewer facts

`changed`: a run in a world half of whose rules change in the middle: how many facts the world contradicted
from then on, and after how many contradictions they were corrected. `questions`: 200 questions whose answers
stand in the journal of a run, asked of what a role would be shown. `retrieval`: milliseconds to find facts
among many, on the clock and of this process's own work.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from _fact_world import BLOCKS, ITEMS, MOBS, FactWorld

import fieldcraft
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.journal.stored.facts import read_facts
from fieldcraft.agent.memory import wording
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.happenings import learn_happenings
from fieldcraft.agent.memory.keeping import FactsChange, remember
from fieldcraft.agent.memory.learning import Change, whole_runs
from fieldcraft.agent.memory.naming import Vocabulary
from fieldcraft.agent.memory.retrieval import Question, relevant
from fieldcraft.agent.memory.store import Memory
from fieldcraft.agent.protocols import Assignment, Situation
from fieldcraft.agent.task import Task
from fieldcraft.envs import Happening, Names, Observation, Position

CALLS = 12
"""Calls of one program."""
LINES, ROOM = 12, 1_500
"""What a role is shown: facts, characters."""


class Tasks:
    """As many tasks as there are programs."""

    def __init__(self, count: int) -> None:
        self._count = count

    def propose(self, now: Situation) -> Task | None:
        """The next one."""
        return Task(words=f"Round {now.number}", origin="own") if now.number <= self._count else None


class Programs:
    """Programs that try everything in turn, and have what they need."""

    def __init__(self, world: FactWorld, seed: int) -> None:
        self._world = world
        self._chance = random.Random(seed)

    def write(self, now: Assignment) -> str:  # noqa: ARG002
        """A program of `CALLS` calls."""
        lines = ["def go(bot):"]
        for _ in range(CALLS):
            lines += self._call()
        return "\n".join(lines) + "\n"

    def _call(self) -> list[str]:
        recipes, drops = self._world.rules["recipes"], self._world.rules["drops"]
        match self._chance.choice(["craft", "craft", "mine", "mine", "kill", "look", "fail"]):
            case "craft":
                item = self._chance.choice(sorted(recipes))
                gifts = [f"    bot.take({name!r}, {count})" for name, count in recipes[item].items()]
                return [*gifts, f"    bot.craft({item!r})"]
            case "mine":
                block = self._chance.choice(BLOCKS)
                tool = drops[block][2]
                return [*([f"    bot.take({tool!r})"] if tool else []), f"    bot.mine({block!r})"]
            case "kill":
                return [f"    bot.kill({self._chance.choice(MOBS)!r})"]
            case "look":
                return [f"    bot.look({self._chance.choice(BLOCKS)!r})"]
            case _:
                item = self._chance.choice(sorted(recipes))
                attempt = f"bot.craft({item!r}, 500)"
                return ["    try:", f"        {attempt}", "    except Exception:", "        pass"]


class Always:
    """Every program did its task."""

    def judge(self, now: Any) -> bool:  # noqa: ARG002
        """Yes."""
        return True


def lived(folder: Path, *, iterations: int, change_at: int, seed: int) -> Path:
    """A run in which the rules change at a tick, 0 for never."""
    world = FactWorld()
    result = fieldcraft.explore(
        world,
        options={"change_at": change_at},
        seed=seed,
        iterations=iterations,
        curriculum=Tasks(iterations),
        actor=Programs(world, seed),
        critic=Always(),
        keep_skills=False,
        retrieved=0,
        questions=0,
        runs=folder,
        name=f"facts-{change_at}",
        library=folder / "library",
        model="offline",
        progress=False,
    )
    return Path(result.folder)


def contradictions(run: Path, change_at: int) -> dict[str, Any]:
    """For each fact that the change made wrong: after how many contradictions it was corrected."""
    memory, counts, corrected = Memory(), Counter[str](), dict[str, int]()
    for event in Journal(run).events():
        if isinstance(event, e.ExecutionFinished):
            for happened in event.happenings:
                for fact in memory.held():
                    if _contradicts(happened, fact) and happened.tick >= change_at:
                        counts[fact.key] += happened.times
        if isinstance(event, e.FactsLearned):
            remember(memory, event)
            for fact in event.facts:
                if fact.wrong and fact.key in counts:
                    corrected.setdefault(fact.key, fact.doubts)
    stale = [fact for fact in memory.held() if counts[fact.key] >= 3 and fact.key not in corrected]
    return {
        "contradicted": len(counts),
        "corrected": len(corrected),
        "contradictions_at_most": max(corrected.values(), default=0),
        "still_held_after_3_or_more": len(stale),
    }


def _contradicts(happened: Happening, fact: Fact) -> bool:
    if fact.subject != happened.subject or fact.wrong:
        return False
    if fact.kind == "recipe" and happened.what == "crafted":
        used, _ = whole_runs(happened.used, happened.gave)
        return used != fact.used
    if fact.kind == "drop" and happened.what in ("mined", "killed"):
        return set(happened.gave) != set(fact.gave)
    return False


def questions(run: Path, count: int, seed: int) -> list[tuple[str, list[str]]]:
    """Questions, each with what a line of an answer must hold, made from what the journal says happened."""
    chance, asked = random.Random(seed), dict[str, list[str]]()
    for event in Journal(run).events():
        if isinstance(event, e.ExecutionFinished):
            for happened in event.happenings:
                found = _question(happened, chance)
                if found is not None:
                    asked.setdefault(*found)
    known = sorted(asked.items())
    chance.shuffle(known)
    return known[:count]


def _question(happened: Happening, chance: random.Random) -> tuple[str, list[str]] | None:
    name = happened.subject
    spoken = name.replace("_", " ") if chance.random() < 0.5 else name
    gave = [f"{count} {item}" for item, count in happened.gave.items()]
    match happened.what:
        case "crafted":
            used, _ = whole_runs(happened.used, happened.gave)
            forms = [f"What does it take to craft 1 {spoken}?", f"Which ingredients make {spoken}?"]
            forms.append(f"How do I get {spoken}s?")
            return chance.choice(forms), [*(f"{count} {item}" for item, count in used.items()), name]
        case "mined":
            forms = [f"What does mining {spoken} give?", f"What drops from a {spoken} when it is dug?"]
            forms.append(f"What do I gain from {spoken}?")
            return chance.choice(forms), [name, *gave]
        case "killed":
            return chance.choice([f"What does killing {spoken} give?", f"The loot of {spoken}?"]), [
                name,
                *gave,
            ]
        case "saw":
            place = str(happened.place.block()) if happened.place else ""
            return chance.choice([f"Where is {spoken}?", f"Where can {spoken} be found?"]), [name, place]
        case "refused":
            return f"Why could {spoken} not be made?", [name, "refused"]
        case _:
            return None


def answered(memory: Memory, asked: list[tuple[str, list[str]]]) -> dict[str, Any]:
    """How many questions are answered by one of the lines that a role is shown."""
    missed = []
    for text, wanted in asked:
        lines = [wording.line(fact) for fact in relevant(memory, Question(text, lines=LINES, room=ROOM))]
        if not any(all(part in line for part in wanted) for line in lines):
            missed.append(text)
    right = len(asked) - len(missed)
    return {"asked": len(asked), "right": right, "share": round(right / len(asked), 3), "missed": missed[:10]}


def many(count: int, seed: int) -> tuple[Memory, list[str]]:
    """A memory of so many facts on 10,000 names, and the names."""
    chance = random.Random(seed)
    names = [f"{item}_{kind}{number}" for item in ITEMS for kind in ("rod", "slab") for number in range(50)]
    memory, vocabulary, iteration = Memory(), Vocabulary(Names(items=tuple(names))), 0
    while len(memory) < count:
        iteration += 1
        change = Change(memory, iteration=iteration)
        learn_happenings(change, [_random_happening(chance, names) for _ in range(50)], vocabulary)
        facts = list(change.facts.values())
        remember(memory, FactsChange(iteration=iteration, facts=facts, again=change.again))
    return memory, names


def _random_happening(chance: random.Random, names: list[str]) -> Happening:
    name, other, tool = chance.choice(names), chance.choice(names), chance.choice(names[:40])
    match chance.randrange(4):
        case 0:
            return Happening(what="crafted", subject=name, used={other: chance.randint(1, 9)}, gave={name: 1})
        case 1:
            return Happening(what="mined", subject=name, gave={other: 1}, tool=tool)
        case 2:
            place = Position(x=chance.randint(0, 999), y=0, z=chance.randint(0, 999))
            return Happening(what="saw", subject=name, place=place)
        case _:
            why = f"cannot craft {name}: need {chance.randint(1, 9)} {other}"
            return Happening(what="refused", subject=name, why=why)


def timed(memory: Memory, names: list[str], count: int, seed: int) -> dict[str, Any]:
    """Milliseconds to find what the author of a program is shown."""
    chance = random.Random(seed)
    now = Observation(inventory=dict.fromkeys(chance.sample(names, 30), 3), position=Position(x=0, y=0, z=0))
    took, worked = [], []
    for _ in range(count):
        first, second = chance.sample(names, 2)
        text = f"Craft 1 {first} hold 1 {first} cannot craft {first}: need 3 {second} near a slab"
        begun, work = time.perf_counter(), time.process_time()
        relevant(memory, Question(text, now=now, lines=16, room=2_000, deeper=True))
        took.append(1_000 * (time.perf_counter() - begun))
        worked.append(1_000 * (time.process_time() - work))
    return {
        "facts": len(memory),
        "p50_ms": round(sorted(took)[len(took) // 2], 2),
        "p95_ms": round(sorted(took)[len(took) * 95 // 100], 2),
        "p95_cpu_ms": round(sorted(worked)[len(worked) * 95 // 100], 2),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a shorter run and fewer facts")
    parser.add_argument("--seed", type=int, default=16)
    asked = parser.parse_args()
    iterations, facts = (60, 10_000) if asked.quick else (160, 100_000)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        change_at = iterations * 9
        changed = lived(folder, iterations=iterations, change_at=change_at, seed=asked.seed)
        steady = lived(folder, iterations=iterations, change_at=0, seed=asked.seed + 1)
        figures = {
            "changed": contradictions(changed, change_at),
            "questions": answered(read_facts(steady), questions(steady, 200, asked.seed)),
        }
    memory, names = many(facts, asked.seed)
    figures["retrieval"] = timed(memory, names, 500, asked.seed)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
