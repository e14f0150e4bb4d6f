"""What could be written can always be read back, and is the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.lines import EVENT_LIMIT, line_of, read_line
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.models.messages import ToolRequest
from fieldcraft.agent.settings import FixedTask, RunSettings
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.common.fields import DEPTH_LIMIT, fitted
from fieldcraft.envs import ItemGoal, Observation, Progress
from fieldcraft.skills import Execution
from fieldcraft.skills.program.execution import CallRecord, ProgramFault

texts = st.text(alphabet=st.characters(codec=None), max_size=20) | st.sampled_from(
    ["\ud83d", "\ude00 cut", "a\x00b", "\u202e", "x" * 3000]
)
numbers = (
    st.integers() | st.floats() | st.sampled_from([10**400, -(10**1000), 2**63, 1e308, math.nan, -math.inf])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | st.binary(max_size=5) | st.just(numpy.int64(3)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(texts | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=30,
)
words = st.dictionaries(texts, texts, max_size=3)
counts = st.dictionaries(texts, st.integers(min_value=-(10**400), max_value=10**400), max_size=3)


def built(model: Any, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What `model` makes of such fields by its public constructor, where it takes them."""

    def make(given_fields: dict[str, Any]) -> Any:
        try:
            return model(**given_fields)
        except ValidationError:
            return None

    return st.fixed_dictionaries(fields).map(make).filter(lambda event: event is not None)


observations = built(
    Observation,
    tick=st.integers(),
    biome=texts,
    health=st.floats(),
    inventory=counts,
    events=st.lists(texts, max_size=3),
    extra=words,
)
progresses = built(Progress, items=counts, milestones=counts, distance=st.floats())
executions = built(
    Execution,
    log=texts,
    fault=st.none() | built(ProgramFault, kind=texts, message=texts, line=st.none() | st.integers()),
    calls=st.lists(built(CallRecord, name=texts, arguments=texts, error=st.none() | texts), max_size=3),
    failed_calls=st.lists(texts, max_size=3),
    ticks=st.integers(),
    seconds=st.floats(),
    skills_called=counts,
    result=values,
)
settings_of_runs = built(RunSettings, options=st.dictionaries(texts, values, max_size=3), library=texts)
events = st.one_of(
    built(e.RunStarted, run=texts, settings=settings_of_runs),
    built(
        e.Checkpoint,
        run=texts,
        settings=settings_of_runs,
        state=built(RunState, evidence=words, reached=counts, completed=st.lists(texts, max_size=3)),
    ),
    built(e.WorldReset, observation=observations, progress=progresses),
    built(
        e.ModelAnswered,
        role=texts,
        call=st.integers(),
        text=texts,
        model=texts,
        money=st.floats(),
        seconds=st.floats(),
        requests=st.lists(
            built(ToolRequest, id=texts, name=texts, arguments=st.dictionaries(texts, values, max_size=3)),
            max_size=2,
        ),
    ),
    built(e.HumanAnswered, text=texts),
    built(e.ToolReturned, user=texts, call=st.integers(), tool=texts, value=values, seconds=st.floats()),
    built(e.PlanMade, steps=st.lists(built(FixedTask, task=texts), max_size=2)),
    built(
        e.TaskProposed,
        task_number=st.integers(),
        task=built(Task, words=texts, reason=texts, goal=built(ItemGoal, item=texts, count=st.integers())),
    ),
    built(
        e.ExecutionFinished,
        iteration=st.integers(),
        execution=executions,
        observation=observations,
        progress=progresses,
    ),
    built(e.Judged, iteration=st.integers(), verdict=built(Verdict, success=st.booleans(), critique=texts)),
    built(e.Warned, text=texts),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(events)
def test_an_event_is_read_as_it_was_written(event: Any) -> None:
    line, written = line_of(event)
    assert written is event
    assert line.count(b"\n") == 1
    assert read_line(line) == event


@settings(max_examples=300, deadline=None)
@given(values)
def test_cutting_what_was_cut_changes_nothing(value: Any) -> None:
    once = fitted(value)
    assert fitted(once) == once
    assert json.loads(json.dumps(once, allow_nan=False)) == once


def nested(levels: int) -> Any:
    value: Any = "core"
    for _ in range(levels):
        value = [value]
    return value


def depth_of(value: Any) -> int:
    levels = 0
    while isinstance(value, list):
        value, levels = value[0], levels + 1
    return levels


def endless() -> Any:
    value: list[Any] = []
    value += [value, value]
    return value


def begun(folder: Path) -> Journal:
    journal = Journal(folder)
    journal.open(1)
    journal.append(e.RunStarted(run="r", settings=RunSettings()), sync=False)
    return journal


@pytest.mark.slow
@pytest.mark.attack("a program's result is nested, endless, huge or no data")
@pytest.mark.parametrize(
    "result",
    [
        nested(220),
        nested(5000),
        endless(),
        "x" * 20_000_000,
        ["x" * 999_999] * 100,
        10**5000,
        {1, 2},
        object(),
    ],
    ids=["deep", "deeper", "endless", "long", "large", "digits", "set", "object"],
)
def test_whatever_a_program_gives_is_kept_within_bounds(result: Any, tmp_path: Path) -> None:
    journal = begun(tmp_path)
    event = e.ExecutionFinished(
        iteration=1, execution=Execution(result=result), observation=Observation(), progress=Progress()
    )
    written = journal.append(event, sync=False)
    journal.close()
    assert (tmp_path / "journal-000001.jsonl").stat().st_size <= EVENT_LIMIT
    assert journal.read()[1:] == [written]


@pytest.mark.slow
def test_an_event_too_large_is_cut_with_a_mark_and_taken_as_it_was_cut(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    big = ["\u0001" * 900_000] * 20
    written = journal.append(e.ToolReturned(user="actor", call=1, tool="t", value=big), sync=False)
    assert isinstance(written, e.ToolReturned)
    assert written.value != big
    assert "[cut: " in written.value[0]
    journal.close()
    assert journal.read()[1:] == [written]


def test_what_was_put_into_an_event_later_is_mended_as_it_is_written(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    answered = e.HumanAnswered(text="yes")
    answered.text = "half a \ud83d"
    written = journal.append(answered, sync=False)
    journal.close()
    assert (
        journal.read()[1:]
        == [written]
        == [e.HumanAnswered(number=2, time=written.time, text="half a \N{REPLACEMENT CHARACTER}")]
    )


@pytest.mark.parametrize("levels", [150, 199, 220, 250])
def test_values_that_an_earlier_version_wrote_deeper_are_read(levels: int) -> None:
    class Earlier(BaseModel):
        type: str = "tool_returned"
        number: int = 1
        time: float = 0.0
        user: str = "actor"
        call: int = 1
        tool: str = "t"
        seconds: float | None = None
        value: Any = None

    line = Earlier(value=nested(levels)).model_dump_json().encode() + b"\n"
    event = read_line(line)
    assert isinstance(event, e.ToolReturned)
    assert event.seconds == 0.0
    assert depth_of(event.value) == DEPTH_LIMIT


def test_a_world_that_gives_no_numbers_is_refused_where_its_view_is_taken() -> None:
    for wrong in ({"health": math.nan}, {"inventory": {"log": "many"}}, {"position": (1e300, 0, 0)}):
        with pytest.raises(ValidationError):
            Observation(**wrong)
    seen = Observation(inventory={"log": numpy.int64(3)})
    assert type(seen.inventory["log"]) is int
    seen.inventory["log"] = object()  # type: ignore[assignment]
    with pytest.raises(ValidationError):
        e.WorldReset(observation=seen, progress=Progress())


def test_of_what_a_journal_holds_many_only_what_is_not_the_default_is_written() -> None:
    answered = e.ModelAnswered(number=1, time=1.0, role="actor", call=1, text="x", model="m", priced=False)
    written = json.loads(line_of(answered)[0])
    assert written == {
        "number": 1,
        "time": 1.0,
        "type": "model_answered",
        "role": "actor",
        "call": 1,
        "text": "x",
        "model": "m",
        "priced": False,
    }
    whole = answered.model_dump_json().encode()
    assert b'"shortened_for":0' in whole
    assert read_line(whole) == read_line(line_of(answered)[0]) == answered
