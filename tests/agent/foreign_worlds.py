"""Two worlds without anything to hold, place or kill: a database, and a story in rooms."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Examples,
    GoalCheck,
    Names,
    Observation,
    PrimitiveError,
    Progress,
    WorldGoal,
    primitive,
)


class AnswerGoal(WorldGoal):
    """The answer to QUESTION was given, and is right."""

    kind: Literal["answer"] = "answer"
    question: str

    def __str__(self) -> str:
        return f"answer {self.question}"

    def check(self, world: Database, since: Progress) -> GoalCheck:
        right = self.question in world.right
        return GoalCheck(met=right, detail="the answer is right" if right else "no right answer yet")


QUESTIONS = {"how_many_people": 3, "oldest_person": "cy"}


class Database(Environment):
    """A table of people, and questions on it."""

    goal_types = (AnswerGoal,)
    spec = EnvironmentSpec(
        id="database-v1",
        description="A database that is read with SQL.",
        can_snapshot=True,
        aim="Answer all questions on the data.",
        goals=("achieve", "score"),
        names=Names(kinds={"achievements": tuple(sorted(QUESTIONS)), "tables": ("people",)}),
        examples=Examples(
            tasks=("Count the rows of a table",),
            task="Answer how_many_people",
            goal={"kind": "answer", "question": "how_many_people"},
            program="count_rows",
        ),
    )

    def __init__(self) -> None:
        self.right: dict[str, int] = {}
        self._tick = 0

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        self.right, self._tick = {}, 0
        self._data = sqlite3.connect(":memory:")
        self._data.execute("create table people (name text, age int)")
        self._data.executemany("insert into people values (?, ?)", [("al", 3), ("bo", 5), ("cy", 9)])
        return self.observe()

    def observe(self) -> Observation:
        return Observation(tick=self._tick, scores={"score": len(self.right) / len(QUESTIONS)})

    def progress(self) -> Progress:
        return Progress(achieved={"achievements": dict(self.right)})

    def snapshot(self) -> bytes:
        return json.dumps([self._tick, self.right]).encode()

    def restore(self, snapshot: bytes) -> None:
        self._tick, self.right = json.loads(snapshot)

    @primitive
    def ask(self, sql: str) -> list[list[Any]]:
        """The rows that a query gives."""
        self._tick += 1
        try:
            return [list(row) for row in self._data.execute(sql)]
        except sqlite3.Error as error:
            raise PrimitiveError(f"cannot ask: {error}") from None

    @primitive
    def answer(self, question: str, value: int | str) -> bool:
        """Answer a question; whether the answer is right."""
        self._tick += 1
        if QUESTIONS.get(question) == value:
            self.right.setdefault(question, self._tick)
        return question in self.right


class Story(Environment):
    """Rooms to walk through."""

    spec = EnvironmentSpec(
        id="story-v1",
        description="A house told in words.",
        goals=("achieve",),
        names=Names(kinds={"rooms": ("attic", "hall")}),
    )

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        self._tick, self._room, self._seen = 0, "hall", {"hall": 0}
        return self.observe()

    def observe(self) -> Observation:
        return Observation(tick=self._tick, extra={"room": f"You are in the {self._room}."})

    def progress(self) -> Progress:
        return Progress(achieved={"rooms": dict(self._seen)})

    @primitive
    def go(self, room: str) -> str:
        """Go to a room, and see what is in it."""
        self._tick += 1
        if room not in self.spec.names.kinds["rooms"]:
            raise PrimitiveError(f"cannot go: there is no {room}")
        self._room = room
        self._seen.setdefault(room, self._tick)
        return f"You are in the {room}."
