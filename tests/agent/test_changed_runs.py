"""Going on with a run under other settings, wherever it was cut off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from tool_workshop import DONE, TOOLS, WOOD, Settings, cut, program, script, wants
from toy_world import ToyWorld

from fieldcraft.agent import new_session, resumed_session
from fieldcraft.agent.api import explore
from fieldcraft.agent.costs import costs_of
from fieldcraft.agent.given import Given, ObjectMissing
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import latest_settings
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import ROLES, BudgetLimits, RunSettings
from fieldcraft.agent.tooling.changed_settings import FixedSetting
from fieldcraft.report import report_page
from fieldcraft.report.reading import read_story
from fieldcraft.skills.sandbox import open_sandbox
from fieldcraft.tools import ToolPolicy
from fieldcraft.tools.sources.settings import McpServer

pytestmark = pytest.mark.usefixtures("notes")

LIFE: dict[str, list[Any]] = {
    "curriculum": [wants(("lookup", {"name": "oak"})), WOOD, WOOD],
    "actor": [
        wants(("calculator", {"expression": "1/8"})),
        program("print(tools.stamp(number=7))", "bot.saw(50)"),
        program("print(tools.lookup(name='elm'))", "bot.chop()"),
        *[program("bot.chop()", "bot.chop()")] * 9,
    ],
    "critic": [{"success": False, "critique": "more"}, *[DONE] * 9],
}


def others(folder: Path) -> dict[str, Any]:
    """Everything that a resume changes, with a model that makes no tool calls."""
    answers = {
        "curriculum": [
            {"task": f"Chop {count} wood", "goal": {"kind": "item", "item": "wood", "count": count}}
            for count in range(50, 70)
        ],
        "actor": [program("bot.chop()", "bot.chop()")] * 20,
        "critic": [DONE] * 20,
        "answerer": ["Chop."] * 20,
        "describer": ["Chops wood."] * 20,
        "": ["no"] * 20,
    }
    path = folder / "others.json"
    path.write_text(json.dumps(answers))
    return {
        "model": f"scripted:{path}",
        "tools": ("calculator",),
        "tool_policy": ToolPolicy(approval="always", calls_per_task=3),
        "tool_steps": 1,
        "keep_prompts": False,
        "limits": {"calls": 50, "seconds": 20.0},
        "sandbox": "process",
    }


@pytest.fixture
def unbroken(toy_settings: Settings, tmp_path: Path) -> Path:
    settings = toy_settings(
        model=script(tmp_path, **LIFE),
        tools=TOOLS,
        critic="model",
        retrieved=0,
        budget=BudgetLimits(iterations=2, tokens=10_000_000),
    )
    with new_session(settings, runs=tmp_path / "runs", name="unbroken") as session:
        session.explorer.explore()
    return tmp_path / "runs" / "unbroken"


def test_a_run_cut_after_any_event_goes_on_with_everything_changed(unbroken: Path, tmp_path: Path) -> None:
    events = Journal(unbroken).read()
    for lines in range(1, len(events)):
        shutil.rmtree(tmp_path / "library", ignore_errors=True)
        folder = cut(unbroken, lines)
        changes = others(tmp_path)
        with resumed_session(
            folder.name,
            runs=folder.parent,
            changes=changes,
            budget=BudgetLimits(iterations=3),
            ask_human=lambda _: "yes",
        ) as session:
            state = session.explorer.explore()
        where = f"after event {lines}: {events[lines - 1].type}"
        assert state.spent.iterations == 3, where
        after = Journal(folder).read()
        assert [event.model_dump() for event in after[:lines]] == [
            event.model_dump() for event in events[:lines]
        ], where
        kept = latest_settings(after, RunSettings())
        assert (kept.model, kept.tools, kept.tool_steps) == (changes["model"], ("calculator",), 1)
        assert kept.budget == BudgetLimits(iterations=3, tokens=10_000_000)
        shutil.rmtree(folder)


def warned(folder: Path) -> list[str]:
    return [event.text for event in Journal(folder).read() if isinstance(event, e.Warned)]


Begun = Callable[..., Path]


@pytest.fixture
def begun(toy_settings: Settings, tmp_path: Path) -> Begun:
    """A run `one` of one iteration; keywords are for its session."""

    def made(changes: dict[str, Any], **options: Any) -> Path:
        settings = toy_settings(budget=BudgetLimits(iterations=1), **changes)
        with new_session(settings, runs=tmp_path / "runs", name="one", **options) as session:
            session.explorer.explore()
        return tmp_path / "runs" / "one"

    return made


def test_each_part_of_a_budget_is_changed_by_itself(begun: Begun) -> None:
    folder = begun({})
    explore(resume="one", runs=folder.parent, budget=BudgetLimits(tokens=99_999_999))
    explore(resume="one", runs=folder.parent)
    kept = latest_settings(Journal(folder).read(), RunSettings()).budget
    assert kept == BudgetLimits(iterations=1, tokens=99_999_999)


@pytest.mark.parametrize(
    "same",
    [
        {"seed": 3, "sandbox": "auto", "critic": "environment", "attempts": 4, "questions": 0},
        {"tools": [], "tool_policy": ToolPolicy(), "mcp": {}, "options": {}, "prompts": ""},
        {"method": "full", "language": "python", "embeddings": "minilm", "keep_prompts": True},
    ],
)
def test_the_same_values_again_change_nothing(begun: Begun, same: dict[str, Any]) -> None:
    folder = begun({})
    explore("toy_world:ToyWorld", resume="one", runs=folder.parent, **same)
    assert not warned(folder)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"seed": 4}, r"keeps its own seed \(3\); leave that out, since its record is of that world"),
        (
            {"critic": "model"},
            r"keeps its own critic \(environment\); .* --library .* begins with the skills",
        ),
        ({"options": {"size": 3}}, "keeps its own options"),
        ({"method": "voyager"}, "keeps its own ask_first"),
        ({"environment": "crafter"}, r"keeps its own environment \(toy_world:ToyWorld\)"),
    ],
)
def test_what_cannot_change_is_refused_with_what_to_do_instead(
    begun: Begun, other: dict[str, Any], words: str
) -> None:
    folder = begun({})
    before = Journal(folder).read()
    with pytest.raises(FixedSetting, match=words):
        explore(resume="one", runs=folder.parent, **other)
    assert Journal(folder).read() == before


def test_a_server_of_tools_is_changed_by_name_and_its_secrets_are_no_change(begun: Begun) -> None:
    server = McpServer(command="no-such-program", env={"KEY": "s3cr3t-value-of-a-key"})
    other = McpServer(command="no-such-program-2", env={"KEY": "s3cr3t-value-of-a-key"})
    folder = begun({"mcp": {"one": server}})
    explore(resume="one", runs=folder.parent, mcp={"one": server})
    assert not [text for text in warned(folder) if "from here on" in text]
    explore(resume="one", runs=folder.parent, mcp={"one": other})
    assert "from here on mcp.one is set otherwise" in warned(folder)
    kept = latest_settings(Journal(folder).read(), RunSettings())
    assert kept.mcp["one"].command == "no-such-program-2"


def test_a_name_takes_the_place_of_a_model_that_was_an_object(
    begun: Begun, tmp_path: Path, toy_settings: Settings
) -> None:
    chat = GenericFakeChatModel(messages=iter([AIMessage("no")] * 40))
    folder = begun({"model_failures": 1}, given=Given(models=dict.fromkeys(ROLES, chat)))
    with pytest.raises(ObjectMissing, match=r"model=\.\.\.\), or name others with --model$"):
        explore(resume="one", runs=folder.parent)
    explore(resume="one", runs=folder.parent, model=toy_settings().model, iterations=2)
    assert any("answers for every role (before: object:langchain_core" in text for text in warned(folder))


def test_objects_take_the_place_of_names(begun: Begun) -> None:
    folder = begun({})
    chat = GenericFakeChatModel(messages=iter([AIMessage("no")] * 40))
    with closing(open_sandbox("auto")) as box:
        explore(resume="one", runs=folder.parent, model=chat, sandbox=box, tools=[len])
    kept = latest_settings(Journal(folder).read(), RunSettings())
    assert kept.model.startswith("object:langchain_core") and kept.sandbox.startswith("object:")
    assert kept.tools == ("object:len",)
    explore(resume="one", runs=folder.parent, model="offline", sandbox="process", tools=[])
    assert latest_settings(Journal(folder).read(), RunSettings()).tools == ()


def test_a_world_that_was_an_object_has_no_name_in_its_place(begun: Begun) -> None:
    folder = begun({}, given=Given(environment=ToyWorld()))
    with pytest.raises(ObjectMissing, match=r"environment=\.\.\.\)$"):
        explore(resume="one", runs=folder.parent)


def test_the_costs_and_the_report_say_which_model_answered_from_when_on(
    begun: Begun, tmp_path: Path, toy_settings: Settings
) -> None:
    folder = begun({})
    other = shutil.copy(toy_settings().model.removeprefix("scripted:"), tmp_path / "other.json")
    explore(resume="one", runs=folder.parent, model=f"scripted:{other}", iterations=2)
    actor = [cost for cost in costs_of(Journal(folder).events()).models if cost.role == "actor"]
    assert [(cost.model.rpartition("/")[2], cost.since) for cost in actor][1:] == [("other.json", 2)]
    assert all(cost.calls == 1 and cost.output_tokens for cost in actor)
    assert [line for after, line in read_story(folder).changes if after == 1][1:] == [
        "budget.iterations is 2 (before: 1)"
    ]
    page = report_page(read_story(folder), stands="paused")
    assert "What was changed on the way" in page and "other.json answers for every role" in page
