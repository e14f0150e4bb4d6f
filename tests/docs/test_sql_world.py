"""The example of the docs that reads a database: what it answers and refuses, and a run in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript.reading import kept_calls
from fieldcraft.envs import BadGoal, Environment, OwnGoal, PrimitiveError, check_environment, make

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "sql"
QUESTIONS = EXAMPLE / "questions.json"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    file = tmp_path / "bicycles.db"
    import_module("bicycles").write(file)
    return file


@pytest.fixture
def options(database: Path) -> dict[str, str]:
    return {"database": str(database), "questions": str(QUESTIONS)}


@pytest.fixture
def world(options: dict[str, str]) -> Environment:
    world = make("sql_world:SqlWorld")
    world.reset(seed=0, options=options)
    return world


def test_it_keeps_the_contract(world, options):
    problems = check_environment(make("sql_world:SqlWorld"), options=options, name="sql_world:SqlWorld")
    assert not problems, [str(problem) for problem in problems]


def test_every_question_of_the_list_is_answered_by_its_query(world):
    since = world.progress()
    for listed in json.loads(QUESTIONS.read_text()):
        rows = world.call_primitive("query", (listed["sql"],))["rows"]
        goal = world.read_goal(OwnGoal(kind="answered", arguments={"question": listed["name"]}))
        assert not world.check(goal, since).met
        assert world.call_primitive("answer", (listed["name"], rows)) == "right"
        assert world.check(goal, since).met
        assert not world.check(goal, world.progress()).met, "it counts again only where it is answered again"
    assert "Open questions (0): none" in world.observe().words
    assert world.observe().scores == {"score": 13}


@pytest.mark.parametrize("given", [1500, 1500.0, "1500", [1500], [[1500]]])
def test_an_answer_may_be_a_value_or_rows(world, given):
    assert world.call_primitive("answer", ("number_of_trips", given)) == "right"


def test_the_order_of_rows_does_not_matter(world):
    rows = world.call_primitive("query", ("SELECT plan, count(*) FROM rider GROUP BY plan ORDER BY 2 DESC",))
    assert world.call_primitive("answer", ("riders_by_plan", rows["rows"])) == "right"


def test_a_wrong_answer_is_refused_without_the_right_one(world):
    with pytest.raises(
        PrimitiveError, match=r"number_of_trips: 7 is not the answer; it has 1 column"
    ) as refusal:
        world.call_primitive("answer", ("number_of_trips", 7))
    assert "1500" not in str(refusal.value)
    assert world.observe().scores == {"score": 0}


def test_a_table_counts_as_read_by_a_query_or_a_description(world):
    assert world.call_primitive("tables") == ["bicycle", "long_trip", "repair", "rider", "station", "trip"]
    described = world.call_primitive("describe", ("repair",))
    assert described["columns"][0] == {"name": "id", "type": "INTEGER", "key": True}
    assert described["references"] == [{"column": "bicycle", "table": "bicycle", "to": "id"}]
    assert len(described["sample"]) == 3
    world.call_primitive("query", ("SELECT count(*) FROM long_trip",))
    assert world.progress().achieved["tables"] == {"repair": 2, "trip": 3, "long_trip": 3}
    assert "Not read yet: bicycle, rider, station" in world.observe().words


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM trip",
        "UPDATE rider SET name = 'x'",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "DROP TABLE trip",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "PRAGMA writable_schema = 1",
        "PRAGMA hard_heap_limit = 1",
        "BEGIN",
        "SELECT load_extension('x.so')",
        "SELECT 1; DELETE FROM trip",
        "",
        "-- nothing",
        "SELECT nothing FROM nowhere",
        "SELECT '\0'",
        "SELECT '\ud800'",
    ],
)
def test_a_query_does_nothing_but_read(world, database, tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    before = database.read_bytes()
    with pytest.raises(PrimitiveError):
        world.call_primitive("query", (sql,))
    assert database.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [database.name]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (f"{ENDLESS} count(*) FROM n", "takes too long"),
        (f"{ENDLESS} i FROM n ORDER BY i", "takes too"),
        (f"{ENDLESS} randomblob(900000) FROM n ORDER BY 1", "takes too much memory"),
        (f"{ENDLESS} group_concat(i) FROM n", "too"),
        ("SELECT randomblob(2000000)", "too big"),
        (f"SELECT {'+'.join('1' * 5000)}", "too"),
    ],
)
def test_a_query_that_takes_too_much_ends_with_the_reason(world, sql, told):
    with pytest.raises(PrimitiveError, match=told):
        world.call_primitive("query", (sql,))
    assert world.call_primitive("query", ("SELECT 1",))["rows"] == [[1]]


def test_a_large_result_is_cut_and_says_so(world):
    result = world.call_primitive("query", ("SELECT *, x'00ff', printf('%.900c', 'y') FROM trip",))
    assert (len(result["rows"]), result["more"]) == (200, True)
    assert result["rows"][0][-2] == "<2 bytes>"
    assert len(result["rows"][0][-1]) == 500


def test_text_that_is_no_utf8_is_read(world, tmp_path):
    file = tmp_path / "odd ?#%.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute('CREATE TABLE "a ""b" (c)')
        connection.execute('INSERT INTO "a ""b" VALUES (CAST(x\'ff41\' AS TEXT))')
    world.reset(seed=0, options={"database": str(file)})
    assert world.call_primitive("describe", ('a "b',))["sample"] == [["\ufffdA"]]


def test_a_goal_on_an_unknown_question_is_refused_with_the_nearest(world):
    with pytest.raises(BadGoal, match="no question 'number_of_trip'; did you mean 'number_of_trips'"):
        world.read_goal(OwnGoal(kind="answered", arguments={"question": "number_of_trip"}))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"database": "nowhere.db"}, "option database: there is no file 'nowhere.db'"),
        ({"database": str(QUESTIONS)}, "cannot read questions.json: file is not a database"),
        ({"questions": "nowhere.json"}, "option questions: there is no file"),
        ({"questions": str(EXAMPLE / "bicycles.py")}, "bicycles.py: the file: Invalid JSON"),
        ({"databse": "x"}, "unknown option 'databse'; did you mean 'database'"),
    ],
)
def test_a_wrong_option_is_refused_and_changes_nothing(world, options, wrong, told):
    before = world.observe()
    with pytest.raises(ValueError, match=told):
        world.reset(seed=0, options={**options, **wrong})
    assert world.observe() == before


def test_a_question_whose_query_fails_is_named(world, options, tmp_path):
    file = tmp_path / "broken.json"
    file.write_text(json.dumps([{"name": "one", "question": "?", "sql": "SELECT x FROM trips"}]))
    with pytest.raises(ValueError, match="the query of the question one fails: .* no such table: trips"):
        world.reset(seed=0, options={**options, "questions": str(file)})


COUNT = """Count the rows.
```python
def answer_number_of_trips(bot, table="trip", question="number_of_trips"):
    bot.answer(question, bot.query(f"SELECT count(*) FROM {table}")["rows"][0][0])
```"""
GAME = ("chest", "cow", "craft", "mine ", "inventory", "mob", "oak", "item", "tile", "door")


def scripted(folder: Path) -> Callable[[dict[str, list[str]]], str]:
    def written(script: dict[str, list[str]]) -> str:
        path = folder / "script.json"
        path.write_text(json.dumps(script))
        return f"scripted:{path}"

    return written


def test_a_run_answers_a_question_and_no_prompt_speaks_of_another_world(options, tmp_path):
    proposal = {
        "reasoning": "It is open.",
        "task": "Answer number_of_trips",
        "goal": {"kind": "answered", "question": "number_of_trips"},
    }
    script = {
        "curriculum": [json.dumps(proposal)] * 4,
        "actor": [COUNT],
        "critic": ['{"reasoning": "r", "success": false, "critique": "c"}'],
        "answerer": ["Trips are rows."] * 9,
        "describer": ["Counts the rows of a table and answers with that."] * 4,
    }
    settings = RunSettings(
        environment="sql_world:SqlWorld",
        options=options,
        model=scripted(tmp_path)(script),
        library=str(tmp_path / "library"),
        budget=BudgetLimits(iterations=1),
    )
    with new_session(settings, runs=tmp_path / "runs", name="one") as session:
        state = session.explorer.explore()
    asked = "\n".join(call.text for call in kept_calls(tmp_path / "runs" / "one")).lower()

    assert list(state.kept) == ["answer-number-of-trips"]
    assert "number_of_trips: how many trips are there?" in asked
    assert [word for word in GAME if word in asked] == []
