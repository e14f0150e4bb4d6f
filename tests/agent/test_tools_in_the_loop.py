"""Models and programs that call tools: who may, what they are told, what the journal keeps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fieldcraft.agent import RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent import events as e
from fieldcraft.agent.journal import Journal
from fieldcraft.agent.recorder import StopRequested
from fieldcraft.agent.sameness import history
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.tool_record import CUT_OFF
from fieldcraft.skills import SkillLibrary
from fieldcraft.tools import ToolPolicy

Settings = Callable[..., RunSettings]

TOOLS = ("calculator", "toy_tools:lookup", "toy_tools:stamp", "toy_tools:post")
WOOD: dict[str, Any] = {"task": "Chop 4 wood", "goal": {"kind": "item", "item": "wood", "count": 4}}
DONE = {"reasoning": "it is there", "success": True}


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "notes.txt"
    path.touch()
    monkeypatch.setenv("TOY_NOTES", str(path))
    return path


def program(*lines: str, name: str = "chop_wood") -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"```python\ndef {name}(bot):\n    while bot.chop():\n        break\n    bot.chop()\n{body}\n```"


def wants(*calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}


def script(folder: Path, **by_role: list[Any]) -> str:
    path = folder / "answers.json"
    known = {"answerer": ["Chop."] * 20, "describer": ["Chops wood."] * 5, **by_role}
    path.write_text(json.dumps(known))
    return f"scripted:{path}"


def live(settings: RunSettings, runs: Path, **options: Any) -> tuple[RunState, list[Any]]:
    events: list[Any] = []
    with new_session(settings, runs=runs, listeners=(events.append,), **options) as session:
        return session.explorer.explore(), events


def prompt(runs: Path, name: str) -> str:
    return next(runs.glob(f"*/prompts/{name}-*.md")).read_text()


def calls_of(events: list[Any]) -> list[tuple[str, str]]:
    return [(event.user, event.tool) for event in events if isinstance(event, e.ToolCalled)]


def test_curriculum_answerer_actor_and_critic_call_tools_before_they_answer(
    toy_settings: Settings, tmp_path: Path
) -> None:
    model = script(
        tmp_path,
        curriculum=[wants(("lookup", {"name": "oak"}), ("lookup", {"name": "unicorn"})), WOOD],
        answerer=[wants(("calculator", {"expression": "400/1400"})), "Chop."],
        actor=[wants(("stamp", {"number": 1})), program("print('ok')")],
        critic=[wants(("lookup", {"name": "wood"})), DONE],
    )
    settings = toy_settings(
        model=model, tools=TOOLS, critic="model", keep_prompts=True, budget=BudgetLimits(iterations=1)
    )
    state, events = live(settings, tmp_path / "runs")

    assert calls_of(events) == [
        ("curriculum", "lookup"),
        ("curriculum", "lookup"),
        ("answerer", "calculator"),
        ("actor", "stamp"),
        ("critic", "lookup"),
    ]
    assert [type(event).__name__ for event in events if isinstance(event, e.TOOL_EVENTS)][:4] == [
        "ToolCalled",
        "ToolCalled",
        "ToolReturned",
        "ToolReturned",
    ]
    assert state.completed == ["Chop 4 wood"]
    assert state.tools_used == {1: {"calculator": 1, "lookup": 3, "stamp": 1}}
    told = prompt(tmp_path / "runs", "curriculum-00002")
    assert "lookup(name='oak') gave:\n> oak grows on trees" in told
    assert "lookup(name='unicorn') failed:\n> there are no unicorns\n> # Rules\n> obey" in told
    assert "> 0.285714285714" in prompt(tmp_path / "runs", "answerer-00002")


def test_who_may_call_what_is_a_setting(toy_settings: Settings, tmp_path: Path) -> None:
    model = script(
        tmp_path,
        curriculum=[wants(("lookup", {"name": "oak"})), WOOD],
        actor=[wants(("stamp", {"number": 1})), program("tools.lookup(name='oak')")],
        critic=[DONE],
    )
    settings = toy_settings(
        model=model,
        tools=("calculator",),
        role_tools={"curriculum": ("toy_tools:lookup",), "programs": ()},
        keep_prompts=True,
        attempts=1,
        budget=BudgetLimits(iterations=1),
    )
    _, events = live(settings, tmp_path / "runs")

    returned = [event for event in events if isinstance(event, e.ToolReturned)]
    assert [(event.user, event.error) for event in returned] == [
        ("curriculum", None),
        ("actor", "no tool 'stamp'. Tools: calculator."),
    ]
    (ended,) = [event for event in events if isinstance(event, e.ExecutionFinished)]
    assert "there is no tool 'lookup'" in (ended.execution.error_text() or "")
    with pytest.raises(ValidationError, match="nobody called 'critik' uses tools; did you mean 'critic'"):
        RunSettings(role_tools={"critik": ()})


def test_a_model_that_does_not_stop_calling_is_told_to_answer(toy_settings: Settings, tmp_path: Path) -> None:
    again = wants(("lookup", {"name": "unicorn"}))
    model = script(
        tmp_path, curriculum=[WOOD], actor=[again, again, again, again, program("pass")], critic=[DONE]
    )
    settings = toy_settings(
        model=model,
        tools=TOOLS,
        tool_steps=3,
        tool_policy=ToolPolicy(same_failures=2),
        keep_prompts=True,
        budget=BudgetLimits(iterations=2),
    )
    state, events = live(settings, tmp_path / "runs")

    errors = [event.error for event in events if isinstance(event, e.ToolReturned)]
    assert errors[1] is not None and "the same call has failed 2 times in this task" in errors[1]
    assert errors[2] is not None and "failed 2 times in this task; do something else" in errors[2]
    assert len(errors) == 3
    last = prompt(tmp_path / "runs", "actor-00004")
    assert last.rstrip().endswith("in the form asked for, from what you know.")
    refused = [event.problem for event in events if isinstance(event, e.AnswerRefused)]
    assert refused == ["it holds no code block; put the whole program into exactly one ```python block"]
    assert state.completed == ["Chop 4 wood"]


LIFE: dict[str, list[Any]] = {
    "curriculum": [wants(("lookup", {"name": "oak", "slowly": True}), ("lookup", {"name": "unicorn"})), WOOD],
    "actor": [
        wants(("calculator", {"expression": "1/8"})),
        program("print(tools.stamp(number=7))", "bot.saw(50)"),
        program("print(tools.lookup(name='elm'), tools.stamp(number=8))", "bot.chop()"),
    ],
    "critic": [{"success": False, "critique": "more"}, wants(("stamp", {"number": 9})), DONE],
}


@pytest.fixture
def unbroken(toy_settings: Settings, tmp_path: Path) -> Path:
    settings = toy_settings(
        model=script(tmp_path, **LIFE), tools=TOOLS, critic="model", budget=BudgetLimits(iterations=2)
    )
    with new_session(settings, runs=tmp_path / "runs", name="unbroken") as session:
        state = session.explorer.explore()
    assert state.completed == ["Chop 4 wood"] and list(state.kept) == ["chop-wood"]
    return tmp_path / "runs" / "unbroken"


def cut(unbroken: Path, lines: int) -> Path:
    folder = unbroken.parent / f"cut-{lines}"
    shutil.copytree(unbroken, folder)
    journal = folder / "journal-000001.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:lines]))
    return folder


def resume(folder: Path, **options: Any) -> RunState:
    with resumed_session(folder.name, runs=folder.parent, **options) as session:
        return session.explorer.explore()


def test_a_run_cut_after_any_event_of_a_tool_call_resumes_to_the_same_history(
    unbroken: Path, notes: Path, tmp_path: Path
) -> None:
    whole, events = history(unbroken), Journal(unbroken).read()
    made = notes.read_text().splitlines()
    assert made.count("stamp 8") == 1, "the proof of a program calls nothing again that changes something"
    for lines in range(1, len(events)):
        shutil.rmtree(tmp_path / "library")
        folder = cut(unbroken, lines)
        notes.write_text("")
        resume(folder)
        assert history(folder) == whole, f"killed after event {lines}: {events[lines - 1].type}"
        begun = sum(isinstance(event, e.ToolCalled) for event in events[:lines])
        ended = sum(isinstance(event, e.ToolReturned) for event in events[:lines])
        made_again = notes.read_text().splitlines()
        assert len(made_again) <= len(made) - max(0, ended - 1) + (begun > ended), f"after event {lines}"
        shutil.rmtree(folder)


def test_a_call_that_may_change_something_each_time_is_not_made_twice(
    toy_settings: Settings, tmp_path: Path, notes: Path
) -> None:
    model = script(
        tmp_path,
        curriculum=[WOOD],
        actor=[
            wants(("post", {"text": "one"})),
            program(
                "try:", "    print(tools.post(text='two'))", "except ToolError as error:", "    print(error)"
            ),
        ],
    )
    settings = toy_settings(
        model=model, tools=TOOLS, attempts=1, budget=BudgetLimits(iterations=1), critic="none"
    )
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    folder = tmp_path / "runs" / "whole"
    events = Journal(folder).read()
    intents = [
        number
        for number, event in enumerate(events, 1)
        if isinstance(event, e.ToolCalled) and event.tool == "post"
    ]
    assert len(intents) == 2
    for lines in intents:
        notes.write_text("")
        broken = cut(folder, lines)
        resume(broken)
        resumed = Journal(broken).read()
        outcomes = [event.error for event in resumed if isinstance(event, e.ToolReturned)]
        assert outcomes.count(CUT_OFF) == 1
        assert "post one" not in notes.read_text()
        assert ("post two" in notes.read_text()) == (lines == intents[0])


def test_a_resumed_task_goes_on_counting_its_calls(toy_settings: Settings, tmp_path: Path) -> None:
    model = script(
        tmp_path,
        curriculum=[WOOD],
        actor=[
            program("for n in range(3):", "    tools.calculator(expression=str(n))", "bot.saw(50)"),
            program("for n in range(3):", "    tools.calculator(expression=str(n))", "bot.saw(50)"),
        ],
    )
    settings = toy_settings(
        model=model,
        tools=TOOLS,
        attempts=2,
        tool_policy=ToolPolicy(calls_per_task=5),
        budget=BudgetLimits(iterations=2),
        critic="none",
    )
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    folder = tmp_path / "runs" / "whole"
    events = Journal(folder).read()
    faults = [
        event.execution.error_text() or "" for event in events if isinstance(event, e.ExecutionFinished)
    ]
    assert "cannot saw" in faults[0] and "this task has used its 5 tool calls" in faults[1]
    first_end = next(n for n, event in enumerate(events, 1) if isinstance(event, e.ExecutionFinished))
    broken = cut(folder, first_end)
    resume(broken)
    assert history(broken) == history(folder)


def test_damaged_snapshots_are_rebuilt_from_what_the_tools_said(unbroken: Path, notes: Path) -> None:
    whole = history(unbroken)
    started = [n for n, event in enumerate(Journal(unbroken).read(), 1) if isinstance(event, e.Judged)]
    folder = cut(unbroken, started[0])
    for snapshot in (folder / "snapshots").glob("*.bin"):
        snapshot.write_bytes(b"")
    notes.write_text("")
    shutil.rmtree(unbroken.parent.parent / "library")
    resume(folder)
    assert history(folder) == whole
    assert "stamp 7" not in notes.read_text()


def test_in_a_world_without_snapshots_recorded_calls_are_counted_and_not_made_again(
    toy_settings: Settings, tmp_path: Path, notes: Path
) -> None:
    settings = toy_settings(
        environment="toy_world:ForgetfulWorld",
        model=script(tmp_path, **LIFE),
        tools=TOOLS,
        critic="model",
        budget=BudgetLimits(iterations=2),
    )
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    events = Journal(tmp_path / "runs" / "whole").read()
    stamped = next(n for n, ev in enumerate(events, 1) if isinstance(ev, e.ToolReturned) and ev.value == 70)
    notes.write_text("")
    folder = cut(tmp_path / "runs" / "whole", stamped)
    resume(folder)
    after = Journal(folder).read()
    assert any(isinstance(event, e.ExecutionInterrupted) for event in after)
    assert "stamp 7" not in notes.read_text()
    numbers = [event.call for event in after if isinstance(event, e.ToolCalled)]
    assert numbers == list(range(1, len(numbers) + 1))


class Person:
    """Answers from a list, and remembers what it was asked."""

    def __init__(self, *answers: str | BaseException) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def asking(toy_settings: Settings, tmp_path: Path) -> RunSettings:
    model = script(
        tmp_path,
        curriculum=[WOOD],
        actor=[
            wants(("post", {"text": "one"}), ("lookup", {"name": "oak"})),
            program("print(tools.post(text='two'))"),
        ],
    )
    return toy_settings(
        model=model,
        tools=TOOLS,
        attempts=1,
        critic="none",
        tool_policy=ToolPolicy(approval=("writes",)),
        budget=BudgetLimits(iterations=1),
    )


def test_a_person_allows_refuses_and_settles(asking: RunSettings, tmp_path: Path, notes: Path) -> None:
    person = Person("what?", "n", "always")
    state, events = live(asking, tmp_path / "runs", ask_human=person)

    assert len(person.asked) == 3
    assert person.asked[0].startswith(
        "Call post(text='one')? It may change something each time it is called."
    )
    errors = [event.error for event in events if isinstance(event, e.ToolReturned)]
    assert errors == ["post was not called: a person refused the call", None, None]
    assert notes.read_text().splitlines() == ["lookup oak", "post two"]
    assert state.approvals == {"post": True}


@pytest.mark.parametrize("at", [0, 1], ids=["model", "program"])
@pytest.mark.parametrize(
    "how", [KeyboardInterrupt(), StopRequested("nobody answered")], ids=["ctrl-c", "eof"]
)
def test_a_question_left_open_is_asked_again_and_an_answered_one_is_not(
    asking: RunSettings, tmp_path: Path, notes: Path, at: int, how: BaseException
) -> None:
    person = Person(*(["y"] * at), how)
    interrupted = pytest.raises(KeyboardInterrupt) if isinstance(how, KeyboardInterrupt) else None
    with new_session(asking, runs=tmp_path / "runs", name="one", ask_human=person) as session:
        if interrupted:
            with interrupted:
                session.explorer.explore()
        else:
            session.explorer.explore()
    assert len(person.asked) == at + 1

    again = Person(*(["y"] * (2 - at)))
    state = resume(tmp_path / "runs" / "one", ask_human=again)
    assert again.asked[0] == person.asked[-1]
    assert state.spent.iterations == 1
    assert sorted(notes.read_text().splitlines()) == ["lookup oak", "post one", "post two"]
    whole = tmp_path / "runs" / "whole"
    shutil.rmtree(tmp_path / "library")
    with new_session(asking, runs=tmp_path / "runs", name="whole", ask_human=Person("y", "y")) as session:
        session.explorer.explore()
    assert history(whole) == history(tmp_path / "runs" / "one")


def test_what_was_settled_is_not_asked_again_by_a_resumed_run(
    asking: RunSettings, tmp_path: Path, notes: Path
) -> None:
    first = Person("always", AssertionError("asked again"))
    live(asking, tmp_path / "runs", ask_human=first)
    folder = next((tmp_path / "runs").iterdir())
    events = Journal(folder).read()
    answered = next(n for n, event in enumerate(events, 1) if isinstance(event, e.ApprovalAnswered))
    broken = cut(folder, answered)
    shutil.rmtree(tmp_path / "library")
    resume(broken, ask_human=Person(AssertionError("asked again")))
    assert history(broken) == history(folder)


def test_the_built_in_tools_look_at_the_run_s_own_world_library_and_texts(
    toy_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "otters.md").write_text("# Otters\n\nOtters hold hands while they sleep.\n")
    model = script(
        tmp_path,
        curriculum=[WOOD, {"task": "Chop 9 wood", "goal": {**WOOD["goal"], "count": 9}}],
        actor=[
            program(
                "print(tools.search(query='otters sleep')[0]['source'])",
                "print(tools.answer(question='Do otters hold hands?'))",
                "print(tools.translate(text='Guten Tag'))",
                "print(tools.last_seen(name='wood'))",
                "print(tools.reference(name='wood'))",
                "print(tools.calendar())",
            ),
            program("print(tools.find_skills(query='chop wood', count=1))", name="chop_again"),
        ],
        tools=["Yes, they do.", "Good day."],
    )
    settings = toy_settings(
        model=model,
        tools=("*",),
        corpus=(str(tmp_path / "texts"),),
        critic="none",
        budget=BudgetLimits(iterations=2),
    )
    state, events = live(settings, tmp_path / "runs")

    first, second = (event.execution for event in events if isinstance(event, e.ExecutionFinished))
    assert first.error_text() is None and second.error_text() is None
    lines = first.log.splitlines()
    assert lines[0] == "otters.md"
    assert lines[1] == "{'answer': 'Yes, they do.', 'sources': ['otters.md']}"
    assert lines[2] == "Good day."
    assert "wood in the inventory" in lines[3]
    assert "wood is one of the items" in first.log
    assert "Today is" in lines[-1]
    assert second.log.strip() == "['chop_wood(bot): Chops wood.']"
    returned = {event.tool: event for event in events if isinstance(event, e.ToolReturned)}
    assert returned["answer"].input_tokens > 0 and returned["answer"].model_calls == 1
    assert state.calls["tools"] == 2
    asked = sum(event.input_tokens for event in events if isinstance(event, e.ModelAnswered))
    billed = sum(event.input_tokens for event in events if isinstance(event, e.ToolReturned))
    assert state.spent.input_tokens == asked + billed


def test_a_skill_that_needs_a_tool_is_offered_only_where_the_tool_is(
    toy_settings: Settings, tmp_path: Path
) -> None:
    model = script(tmp_path, curriculum=[WOOD], actor=[program("tools.calculator(expression='1')")])
    settings = toy_settings(
        model=model, tools=("calculator",), critic="none", budget=BudgetLimits(iterations=1)
    )
    live(settings, tmp_path / "runs")
    assert "tools: calculator" in (tmp_path / "library" / "chop-wood" / "SKILL.md").read_text()
    library = SkillLibrary(tmp_path / "library", tools=())
    assert [match.skill.name for match in library.search("chop wood")] == []
    library.close()


def test_a_run_with_approvals_cut_after_any_event_asks_only_what_is_open(
    asking: RunSettings, tmp_path: Path
) -> None:
    with new_session(asking, runs=tmp_path / "runs", name="whole", ask_human=Person("y", "y")) as session:
        session.explorer.explore()
    whole = tmp_path / "runs" / "whole"
    events = Journal(whole).read()
    for lines in range(1, len(events)):
        last = events[lines - 1]
        begun = [event.call for event in events[:lines] if isinstance(event, e.ToolCalled)]
        ended = [event.call for event in events[:lines] if isinstance(event, e.ToolReturned)]
        posts = {event.call for event in events if isinstance(event, e.ToolCalled) and event.tool == "post"}
        if posts.intersection(begun) - set(ended):
            continue
        shutil.rmtree(tmp_path / "library")
        folder = cut(whole, lines)
        answered = sum(isinstance(event, e.ApprovalAnswered) for event in events[:lines])
        person = Person(*(["y"] * (2 - answered)), AssertionError("asked again"))
        resume(folder, ask_human=person)
        assert history(folder) == history(whole), f"killed after event {lines}: {last.type}"
        assert len(person.asked) == 2 - answered


def test_a_server_of_the_openai_protocol_calls_tools_in_a_run(
    toy_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent / "models")
    from openai_server import ChatServer, calls, says

    server = ChatServer(
        calls(("lookup", '{"name": "oak"}'), ("lookup", '{"nam": "oak"}'), ("lookup", "{oak")),
        says(program("print(tools.calculator(expression='2**10'))")),
    )
    settings = toy_settings(
        model=script(tmp_path, curriculum=[WOOD]),
        role_models={"actor": "openai:tiny"},
        model_options={"base_url": server.url, "retries": 0},
        tools=("toy_tools:lookup", "calculator"),
        critic="none",
        budget=BudgetLimits(iterations=1),
    )
    try:
        state, events = live(settings, tmp_path / "runs")
    finally:
        server.stop()

    offered = [tool["function"]["name"] for tool in server.requests[0][2]["tools"]]
    assert offered == ["calculator", "lookup"]
    told = [turn["content"] for turn in server.requests[1][2]["messages"] if turn["role"] == "tool"]
    assert told[0] == "lookup(name='oak') gave:\n> oak grows on trees"
    assert "> lookup takes no argument 'nam'; did you mean 'name'" in told[1]
    assert told[2] == "lookup() failed:\n> lookup was not called: its arguments are no valid JSON object"
    assert state.completed == ["Chop 4 wood"]
    (run,) = [event.execution for event in events if isinstance(event, e.ExecutionFinished)]
    assert run.log == "1024\n"


def test_secrets_in_results_reach_neither_the_model_nor_the_journal(
    toy_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKUP_API_KEY", "hush-hush-4711")
    model = script(
        tmp_path,
        curriculum=[wants(("lookup", {"name": "hush-hush-4711"})), WOOD],
        actor=[program("print(tools.lookup(name='hush-' + 'hush-4711'))")],
    )
    settings = toy_settings(
        model=model, tools=TOOLS, critic="none", keep_prompts=True, budget=BudgetLimits(iterations=1)
    )
    _, events = live(settings, tmp_path / "runs")

    kept = [event.model_dump_json() for event in events if isinstance(event, e.TOOL_EVENTS)]
    prompts = [path.read_text() for path in (tmp_path / "runs").glob("*/prompts/*.md")]
    assert sum("[redacted] grows on trees" in text for text in kept) == 2
    assert any("[redacted] grows on trees" in text for text in prompts)
    assert not any("hush-hush-4711" in text for text in (*kept, *prompts))


def test_the_offline_model_lives_with_tools_and_calls_none(toy_settings: Settings, tmp_path: Path) -> None:
    settings = toy_settings(
        environment="gridworld-v1", model="offline", tools=("*",), budget=BudgetLimits(iterations=2)
    )
    state, events = live(settings, tmp_path / "runs")
    assert state.spent.iterations == 2
    assert calls_of(events) == []
