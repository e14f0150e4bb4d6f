"""A world over a SQLite database: an agent reads its tables with SQL and answers a list of questions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sql_database import Database, Result
from sql_questions import Value, as_rows, comparable, expected_answer, listed

from fieldcraft.envs import (
    BadGoal,
    Environment,
    EnvironmentSpec,
    Examples,
    GoalCheck,
    Names,
    Observation,
    OptionInfo,
    OwnGoal,
    PrimitiveError,
    Progress,
    WorldGoal,
    nearest,
    primitive,
)

OPTIONS = {
    "database": "the SQLite file; it is opened read-only",
    "questions": 'a JSON file: [{"name": ..., "question": ..., "sql": ...}, ...]',
}
SHOWN, EVENTS = 30, 8
"""Names or questions that an observation lists, and events."""

Sql = Annotated[str, Field(examples=["SELECT 1", "SELECT name FROM sqlite_master"])]
"""A query, with examples for `fieldcraft envs check`, which knows no SQL."""


class Answered(WorldGoal):
    """The question QUESTION of the list, by its name, was answered rightly during the task."""

    kind: Literal["answered"] = "answered"
    question: str

    def __str__(self) -> str:
        return f"answer {self.question}"

    def check(self, world: SqlWorld, since: Progress) -> GoalCheck:
        """Whether the world has taken an answer since the task began; it compares each with the database."""
        times = world.progress().times_of(self.question, "questions")
        met = times > since.times_of(self.question, "questions")
        return GoalCheck(met=met, detail=f"{self.question} was {'' if met else 'not '}answered rightly")


class State(BaseModel):
    """All that changes in the world: what was read and answered, each with the tick of the first time."""

    model_config = ConfigDict(extra="forbid")

    tick: int = Field(default=0, ge=0)
    tables: dict[str, int] = {}
    answered: dict[str, int] = {}
    times: dict[str, int] = {}
    events: list[str] = []


class SqlWorld(Environment):
    """The database of the option `database`, with the questions of the option `questions`."""

    spec = EnvironmentSpec(
        id="sql-v1",
        description="A SQLite database, which is read with SQL and never written.",
        can_snapshot=True,
        tick_limit=200,
        goals=("achieve", "score"),
        aim="Read every table, and answer every question of the list by what the database says.",
    )
    goal_types = (Answered,)

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:  # noqa: ARG002
        """Begin with nothing read and nothing answered.

        Raises:
            ValueError: an option is wrong, a file cannot be read, or the query of a question fails.
        """
        files = {name: existing(name, path) for name, path in (options or {}).items()}
        if "database" not in files:
            raise ValueError("option database: give the file, as in --option database=FILE")
        try:
            database = Database(files["database"])
            questions = listed(files["questions"]) if "questions" in files else {}
            for question in questions.values():
                expected_answer(database, question)
        except PrimitiveError as error:
            raise ValueError(str(error)) from error
        self._database, self._questions, self._state = database, questions, State()
        self.spec = self.spec.model_copy(
            update={
                "description": f"The SQLite database {database.path.name}, which is read and never written.",
                "names": Names(kinds={"tables": database.tables, "questions": tuple(sorted(questions))}),
                "examples": examples(next(iter(database.tables), "people"), next(iter(questions), None)),
                "options": dict(options or {}),
            }
        )
        self.tick = 0
        return self.observe()

    def observe(self) -> Observation:
        """Which tables there are, which were read, and which questions are open."""
        state = self._state
        unread = [name for name in self._database.tables if name not in state.tables]
        open_ones = [each for each in self._questions.values() if each.name not in state.answered]
        lines = [
            f"Tables and views: {', '.join(self._database.tables[:SHOWN]) or 'none'}",
            f"Not read yet: {', '.join(unread[:SHOWN]) or 'none'}",
            f"Questions answered: {', '.join(state.answered) or 'none'}",
            f"Open questions ({len(open_ones)}):{'' if open_ones else ' none'}",
            *(f"- {each.name}: {each.question}" for each in open_ones[:SHOWN]),
        ]
        return Observation(
            tick=state.tick,
            words="\n".join(lines),
            events=list(state.events),
            scores={"score": len(state.answered)},
        )

    def progress(self) -> Progress:
        """The tables that were read and the questions that were answered."""
        state = self._state
        return Progress(
            achieved={"tables": dict(state.tables), "questions": dict(state.answered)},
            times={"questions": dict(state.times)},
        )

    def read_goal(self, goal: OwnGoal) -> OwnGoal:
        """A goal that a model set, refused where it names no question of the list."""
        kept = super().read_goal(goal)
        name = str(kept.arguments["question"])
        if name not in self._questions:
            raise BadGoal(f"the list has no question {name!r}{nearest(name, self._questions)}")
        return kept

    def snapshot(self) -> bytes:
        """What was read and answered; the database is no part of it, since nothing changes there."""
        return self._state.model_dump_json().encode()

    def restore(self, snapshot: bytes) -> None:
        """Go back to a snapshot."""
        self._state = State.model_validate_json(snapshot)
        self.tick = self._state.tick

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The two files."""
        return tuple(OptionInfo(name=name, about=about) for name, about in OPTIONS.items())

    @primitive
    def tables(self) -> list[str]:
        """The names of all tables and views."""
        self._take_step()
        return list(self._database.tables)

    @primitive
    def describe(self, table: str) -> dict[str, Any]:
        """What a table or view holds: `columns` (`name`, `type`, `key`: whether it is in the primary key),
        `references` (`column`, `table`, `to`) and `sample`, its first three rows.
        """
        self._take_step()
        if table not in self._database.tables:
            raise PrimitiveError(f"there is no table {table!r}{nearest(table, self._database.tables)}")
        quoted = '"{}"'.format(table.replace('"', '""'))
        columns = self._database.read(f"PRAGMA table_xinfo({quoted})").rows
        links = self._database.read(f"PRAGMA foreign_key_list({quoted})").rows
        return {
            "columns": [{"name": row[1], "type": row[2], "key": row[5] > 0} for row in columns],
            "references": [{"column": row[3], "table": row[2], "to": row[4]} for row in links],
            "sample": self._read(f"SELECT * FROM {quoted} LIMIT 3").rows,  # noqa: S608 - it only reads
        }

    @primitive(judged=True)
    def query(self, sql: Sql) -> dict[str, Any]:
        """The result of one SELECT of SQLite: `columns` (names), `rows` (lists of values) and `more`.

        `more` says that there are further rows than the 200 that are returned. Long texts are cut to 500
        characters. Statements that write are refused.
        """
        self._take_step()
        result = self._read(sql)
        return {"columns": result.columns, "rows": result.rows, "more": result.more}

    @primitive
    def questions(self) -> list[dict[str, Any]]:
        """The questions of the list: `name`, `question`, and whether it is `answered`."""
        self._take_step()
        return [
            {"name": name, "question": each.question, "answered": name in self._state.answered}
            for name, each in self._questions.items()
        ]

    @primitive(judged=True)
    def answer(self, question: str, value: Value) -> str:
        """Answer a question of the list, by its name: one value, a list of values, or a list of rows.

        The answer is compared with what the database says; the order of rows does not matter. A wrong one is
        a failed call, so find it by a query rather than by guesses.
        """
        self._take_step()
        if question not in self._questions:
            raise PrimitiveError(f"the list has no question {question!r}{nearest(question, self._questions)}")
        expected = expected_answer(self._database, self._questions[question])
        if comparable(as_rows(value, len(expected.columns))) != comparable(expected.rows):
            raise PrimitiveError(
                f"{question}: {value!r:.200} is not the answer; it has {len(expected.columns)} column(s) and "
                f"{len(expected.rows)} row(s): {self._questions[question].question}"
            )
        self._state.answered.setdefault(question, self.tick)
        self._state.times[question] = self._state.times.get(question, 0) + 1
        self._note(f"answered {question}")
        return "right"

    def _read(self, sql: str) -> Result:
        """The result of a query of the agent, whose tables count as read."""
        result = self._database.read(sql)
        for name in self._database.tables:
            if name in result.tables and name not in self._state.tables:
                self._state.tables[name] = self.tick
                self._note(f"read the table {name} for the first time")
        return result

    def _take_step(self) -> None:
        self._state.tick += 1
        self.tick = self._state.tick

    def _note(self, event: str) -> None:
        self._state.events = [*self._state.events, event][-EVENTS:]


def examples(table: str, question: str | None) -> Examples:
    """What prompts show as examples, of this table and this question."""
    read = f"Read the table {table}", {"kind": "achieve", "achievement": table}
    task, goal = (f"Answer {question}", {"kind": "answered", "question": question}) if question else read
    return Examples(
        tasks=tuple(dict.fromkeys([read[0], task])),
        task=task,
        goal=goal,
        step=read[0],
        step_goal=read[1],
        question=f"Which columns does the table {table} have?",
        program="count_rows",
        needs="a table, a column or a value",
        about=table,
        fact=f"the rows of {table} are counted by SELECT count(*)",
        advice=("A table is looked at with describe() before it is used in a query.",),
    )


def existing(option: str, path: Any) -> Path:
    """The file that an option names."""
    if option not in OPTIONS:
        raise ValueError(f"unknown option {option!r}{nearest(option, OPTIONS)}")
    if not isinstance(path, str) or not Path(path).is_file():
        raise ValueError(f"option {option}: there is no file {path!r:.200}")
    return Path(path)
