"""A curriculum, an actor, a critic and a retriever as a user writes them, for the toy world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fieldcraft.agent.protocols import Assignment, Outcome, Situation
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import ItemGoal
from fieldcraft.skills import Skill

ORDER = (("wood", 4), ("plank", 2), ("plank", 6))


class Ladder:
    """One item after another, as far as tasks have come; asks a model what it thinks of the second."""

    def propose(self, now: Situation) -> Task | None:
        if now.number > len(ORDER):
            return None
        item, count = ORDER[now.number - 1]
        reason = now.ask("Is this a good task?") if now.number == 2 else ""
        return Task(words=f"Hold {count} {item}", reason=reason, goal=ItemGoal(item=item, count=count))


class Writer:
    """Fails at first, then does the task; asks a model before its second attempt."""

    def write(self, now: Assignment) -> str:
        assert "chop" in now.reference and now.language == "python"
        assert now.task.goal is not None
        name = f"get_{now.task.goal.item}_{now.task.goal.count}"
        if not now.attempts and now.task.goal.item == "plank":
            return "Sorry, here is something:\n```python\ndef nothing(bot):\n    bot.saw(999)\n```"
        if now.attempts:
            assert "999" in (now.attempts[0].source or "")
            now.ask("What went wrong?")
        chop = "    while got < 30:\n        got += bot.chop()\n"
        saw = f"    bot.saw({now.task.goal.count})\n" if now.task.goal.item == "plank" else ""
        return f"def {name}(bot):\n    got = 0\n{chop}{saw}    print(got)\n"


class Strict:
    """Believes the world, and says so."""

    def judge(self, now: Outcome) -> Verdict | bool:
        if now.goal_met:
            return True
        return Verdict(success=False, critique=f"still {dict(now.after.inventory)}")


class Latest:
    """The skills by name, last first."""

    def search(self, query: str, skills: Sequence[Skill], k: int) -> Sequence[Skill]:
        assert query
        return sorted(skills, key=lambda skill: skill.name, reverse=True)[:k]


class Counting:
    """Keeps count itself, as it should not."""

    def __init__(self) -> None:
        self.count = 0

    def propose(self, now: Situation) -> str | None:
        self.count += 1
        return None if self.count > 2 else f"Chop wood {self.count}"


class Needy:
    """Cannot be made without an argument."""

    def __init__(self, needed: int) -> None:
        self.needed = needed

    def propose(self, now: Situation) -> str | None:
        """None."""


class Box:
    """A sandbox that breaks."""

    name = "box"

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def run(self, *_: Any, **__: Any) -> Any:
        if self.answer is None:
            raise OSError("no\nroom")
        return self.answer

    def cancel(self) -> None: ...

    def close(self) -> None:
        raise OSError("still busy")
