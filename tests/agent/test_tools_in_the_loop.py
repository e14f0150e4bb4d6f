"""Models and programs that call tools: who may, what they are told, what they reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from kept_texts import kept_texts
from pydantic import ValidationError
from tool_workshop import DONE, TOOLS, WOOD, Settings, calls_of, live, program, prompt, script, wants

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.skills import SkillLibrary
from fieldcraft.tools import ToolPolicy

pytestmark = pytest.mark.usefixtures("notes")


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
    with pytest.raises(ValidationError, match="no user of tools is called 'critik'; did you mean 'critic'"):
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
    assert refused == ["it holds nothing but tool calls, and no more can be made; write the answer itself"]
    assert state.completed == ["Chop 4 wood"]


def test_a_user_s_own_tool_sees_the_world_as_it_is_in_the_middle_of_a_program(
    toy_settings: Settings, tmp_path: Path
) -> None:
    lines = ("print(tools.wood_before())", "print(tools.wood_now())")
    model = script(tmp_path, curriculum=[WOOD], actor=[program(*lines)])
    settings = toy_settings(
        model=model,
        tools=("toy_tools:wood_now", "toy_tools:wood_before"),
        critic="none",
        budget=BudgetLimits(iterations=1),
    )
    _, events = live(settings, tmp_path / "runs")
    [ended] = [event.execution for event in events if isinstance(event, e.ExecutionFinished)]
    before, now = ended.log.splitlines()
    assert before == "no wood"
    assert now.endswith("wood in the inventory")


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
    prompts = list(kept_texts(tmp_path / "runs").values())
    assert sum("[redacted] grows on trees" in text for text in kept) == 2
    assert any("[redacted] grows on trees" in text for text in prompts)
    assert not any("hush-hush-4711" in text for text in (*kept, *prompts))


def test_a_model_that_cannot_call_tools_is_named_and_lives_without(
    toy_settings: Settings, tmp_path: Path
) -> None:
    parrot = "langchain_core.language_models.fake_chat_models:ParrotFakeChatModel"
    settings = toy_settings(
        model=script(tmp_path, curriculum=[WOOD]),
        role_models={"actor": parrot},
        model_options={"retries": 0},
        tools=("calculator",),
        critic="none",
        budget=BudgetLimits(iterations=1),
    )
    live(settings, tmp_path / "runs")
    journal = next((tmp_path / "runs").glob("*/journal-*.jsonl")).read_text()
    assert f"{parrot} makes no tool calls of its own; the tools of actor are not offered to it" in journal


def test_the_offline_model_lives_with_tools_and_calls_none(toy_settings: Settings, tmp_path: Path) -> None:
    settings = toy_settings(
        environment="gridworld-v1", model="offline", tools=("*",), budget=BudgetLimits(iterations=2)
    )
    state, events = live(settings, tmp_path / "runs")
    assert state.spent.iterations == 2
    assert calls_of(events) == []


def test_a_user_s_tool_called_by_a_program_sees_the_world_as_it_is_now(
    toy_settings: Settings, tmp_path: Path
) -> None:
    lines = ("for _ in range(2):", "    bot.chop()", "    print(tools.held(name='wood'))")
    model = script(tmp_path, curriculum=[WOOD], actor=[program(*lines)])
    settings = toy_settings(model=model, tools=("toy_tools:held",), budget=BudgetLimits(iterations=1))
    _, events = live(settings, tmp_path / "runs")
    seen = [int(event.value.split()[0]) for event in events if isinstance(event, e.ToolReturned)]
    [finished] = [event for event in events if isinstance(event, e.ExecutionFinished)]
    assert len(seen) == 2
    assert seen[0] < seen[1] == finished.observation.inventory["wood"]
