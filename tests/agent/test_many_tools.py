"""Hundreds of tools, and odd ones: what a strict provider takes is offered, the rest found, no run ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from strict_chat import StrictChat
from tool_workshop import WOOD, calls_of, cut, live, program, resume

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.tooling.offering.provider_names import fits, provider_names
from fieldcraft.tools.search import ToolSearch

Settings = Callable[..., RunSettings]


@pytest.fixture
def settings_at(toy_settings: Settings, tmp_path: Path) -> Callable[..., RunSettings]:
    """One task, whose program a model at an address writes; the other roles are scripted, without tools."""

    def build(url: str, *, task: str = "Chop 4 wood", **changes: Any) -> RunSettings:
        script = {
            "curriculum": [{**WOOD, "task": task}] * 3,
            "answerer": ["Chop."] * 9,
            "describer": ["Chops."],
        }
        (tmp_path / "script.json").write_text(json.dumps(script))
        fields: dict[str, Any] = {
            "model": f"scripted:{tmp_path / 'script.json'}",
            "role_models": {"actor": "openai:tiny"},
            "model_options": {"base_url": url, "retries": 0, "max_output_tokens": 50},
            "tools": ("odd_tools:odd", "odd_tools:many"),
            "role_tools": {"curriculum": (), "answerer": (), "critic": ()},
            "retrieved": 0,
            "budget": BudgetLimits(iterations=1),
        }
        return toy_settings(**{**fields, **changes})

    return build


def warnings_of(events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, e.Warned)]


def test_names_fit_every_provider_are_unique_and_do_not_depend_on_other_tools() -> None:
    odd = ["größe_messen", "grösse_messen", "x" * 90, "x" * 91, "工具", "fits", "größe messen"]
    names = provider_names(odd)
    assert all(fits(name) for name in names.values())
    assert len(set(names.values())) == len(odd)
    assert names["fits"] == "fits"
    assert all(provider_names([name]) == {name: names[name]} for name in odd)


def test_odd_tools_are_offered_as_the_provider_takes_them_and_called_by_their_own_names(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    def say(body: Any, number: int) -> Any:
        if number > 1:
            return chat.says(program("pass"))
        names = [tool["function"]["name"] for tool in body["tools"]]
        odd = [name for name in names if name.startswith(("long_", "groe", "gro_"))]
        assert len(odd) == 2, names
        return chat.calls(*((name, "{}") for name in odd))

    server = StrictChat(chat, say)
    state, events = live(settings_at(server.url, tools=("odd_tools:odd",)), tmp_path / "runs")

    assert server.refusals == []
    assert state.completed == ["Chop 4 wood"]
    assert sorted(calls_of(events)) == [("actor", "größe_messen"), ("actor", "long_" + "name_" * 20 + "end")]
    functions = {tool["function"]["name"]: tool["function"] for tool in server.bodies[0]["tools"]}
    assert functions["tree"]["parameters"]["properties"]["root"] == {"$ref": "#/$defs/Node"}
    assert functions["either_or"]["description"].endswith("Give one of: card or bank.")
    assert "search_tools" in functions, "the rest of the long description can be read"
    assert all(
        "was given" in turn["content"] for turn in server.bodies[1]["messages"] if turn["role"] == "tool"
    )


def test_of_many_tools_the_few_that_fit_are_offered_and_found_ones_from_the_next_turn_on(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    def say(_: Any, number: int) -> Any:
        match number:
            case 1:
                return chat.calls(
                    ("search_tools", json.dumps({"query": "give the money back to a buyer: refund"}))
                )
            case 2:
                return chat.calls(("create_refund", '{"id": "7"}'))
        return chat.says(program("print(tools.search(query='talkative')[0]['description'][-6:])"))

    server = StrictChat(chat, say)
    settings = settings_at(server.url, task="Create an invoice")
    state, events = live(settings, tmp_path / "runs")

    assert server.refusals == []
    first, second, third = (server.offered(number) for number in range(3))
    assert first[0] == "search_tools"
    assert "create_invoice" in first
    assert len(first) <= 6
    assert second[: len(first)] == first, "what was offered before stays in its place"
    assert "create_refund" in second[len(first) :]
    assert third == second
    assert calls_of(events) == [
        ("actor", "search_tools"),
        ("actor", "create_refund"),
        ("programs", "search"),
    ]
    system = server.bodies[0]["messages"][0]["content"]
    tools = system[system.index("# Tools") : system.index("# Rules")]
    assert "create_invoice(id: str = ..., body: {amount?: int, note?: str} = ...)" in tools
    assert tools.count("\n- ") <= 6
    assert 'tools.search(query="what it should do")' in tools
    [ended] = [event.execution for event in events if isinstance(event, e.ExecutionFinished)]
    assert ended.log.strip() == "zebra.", "the whole description is read by the tool's name"
    assert state.completed == ["Create an invoice"]


def test_a_run_that_was_cut_off_finds_the_same_tools_again(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    def say(body: Any, number: int) -> Any:
        asked = sum(turn["role"] == "tool" for turn in body["messages"])
        if asked == 0:
            return chat.calls(("search_tools", '{"query": "refund a customer"}'))
        if asked == 1:
            return chat.calls(("list_refund", "{}"))
        return chat.says(program("pass"))

    server = StrictChat(chat, say)
    state, _ = live(settings_at(server.url), tmp_path / "runs", name="one")
    unbroken = [server.offered(number) for number in range(3)]
    journal = (tmp_path / "runs" / "one" / "journal-000001.jsonl").read_text().splitlines()
    [found] = [
        place for place, line in enumerate(journal) if '"tool_returned"' in line and "search_tools" in line
    ]

    resumed = resume(cut(tmp_path / "runs" / "one", found + 1))

    assert resumed.completed == state.completed
    assert [server.offered(number) for number in range(3, len(server.bodies))] == unbroken[1:]


def test_a_tool_that_the_provider_refuses_all_the_same_is_set_aside_and_said_once(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    def refuses(body: Any) -> str:
        names = [tool["function"]["name"] for tool in body.get("tools") or []]
        return "Invalid schema for function 'tree': I do not like it." if "tree" in names else ""

    server = StrictChat(chat, lambda _body, _number: chat.says(program("pass")), refuses=refuses)
    settings = settings_at(
        server.url, tools=("odd_tools:odd",), critic="never", attempts=2, budget=BudgetLimits(iterations=2)
    )
    _, events = live(settings, tmp_path / "runs")

    assert len(server.refusals) == 1
    assert "either_or" in server.offered()
    assert "tree" not in server.offered()
    said = [text for text in warnings_of(events) if "does not take these tools" in text]
    assert len(said) == 1
    assert "openai:tiny does not take these tools as they are" in said[0]
    assert "tree" in said[0]


@pytest.mark.parametrize("most", [3, 0])
def test_where_no_tool_is_named_fewer_are_offered_until_the_request_is_taken(
    chat: Any, settings_at: Settings, tmp_path: Path, most: int
) -> None:
    def refuses(body: Any) -> str:
        return "bad request" if len(body.get("tools") or []) > most else ""

    server = StrictChat(chat, lambda _body, _number: chat.says(program("pass")), refuses=refuses)
    state, _ = live(settings_at(server.url, tools=("odd_tools:odd",)), tmp_path / "runs")

    assert state.completed == ["Chop 4 wood"]
    assert len(server.offered()) == most
    assert len(server.refusals) <= 3


def test_a_provider_with_room_for_fewer_tools_gets_the_first_of_them(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    server = StrictChat(chat, lambda _body, _number: chat.says(program("pass")))
    bounds = ToolSearch(tools=400, tokens=1_000_000, offered=400)
    state, events = live(
        settings_at(server.url, tools=("odd_tools:many",), tool_search=bounds), tmp_path / "runs"
    )
    assert state.completed == ["Chop 4 wood"]
    assert len(server.refusals) == 1
    assert len(server.offered()) == 128
    assert "openai:tiny takes at most 128 tools: set tool_search.offered to 128" in warnings_of(events)


def test_a_list_in_the_place_of_arguments_goes_back_to_the_model_and_is_not_bought_again(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    def say(_: Any, number: int) -> Any:
        return chat.calls(("tree", '["a", "b"]')) if number == 1 else chat.says(program("pass"))

    server = StrictChat(chat, say)
    state, events = live(settings_at(server.url, tools=("odd_tools:odd",)), tmp_path / "runs")

    assert state.completed == ["Chop 4 wood"]
    assert len(server.bodies) == 2
    [told] = [turn["content"] for turn in server.bodies[1]["messages"] if turn["role"] == "tool"]
    assert "tree was not called: its arguments are no valid JSON object" in told
    assert (
        len([event for event in events if isinstance(event, e.ModelAnswered) and event.role == "actor"]) == 2
    )
