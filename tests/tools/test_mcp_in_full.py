"""All that an MCP server may say and ask: content, questions, progress, changes, resources and prompts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import SERVERS

from fieldcraft.tools import ToolContext, ToolError, ToolExecutor, ToolPolicy, load_tools
from fieldcraft.tools.sources.settings import McpServer, ToolSources

Open = Callable[..., ToolExecutor]


class Person:
    """A person who enters these lines in order."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.heard: list[str] = []

    def ask(self, question: str, given_up: Callable[[], bool]) -> str:
        assert not given_up()
        self.heard.append(question)
        if not self.lines:
            raise ToolError("nobody is there to answer")
        return self.lines.pop(0)


class Budget:
    def __init__(self, refusal: str | None = None) -> None:
        self._refusal = refusal

    def refusal(self) -> str | None:
        return self._refusal


class Model:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, prompt: str) -> str:
        self.asked.append(prompt)
        return "warm"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """An executor over the asking server, with these settings, limits and parts of the context."""
    executors: list[ToolExecutor] = []

    def start(
        settings: dict[str, Any] | None = None, context: ToolContext | None = None, **policy: Any
    ) -> ToolExecutor:
        server = McpServer(command=sys.executable, args=(str(SERVERS / "asking.py"),), **(settings or {}))
        registry = load_tools([], ToolSources(mcp={"house": server}))
        executors.append(
            ToolExecutor(registry, context=context, policy=ToolPolicy(**policy), results=tmp_path / "results")
        )
        return executors[-1]

    yield start
    for executor in executors:
        executor.close()
        executor.registry.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolExecutor]:
    """An executor over one server, for tests that change nothing in it."""
    server = McpServer(command=sys.executable, args=(str(SERVERS / "asking.py"),))
    results = tmp_path_factory.mktemp("house") / "results"
    with load_tools([], ToolSources(mcp={"house": server})) as registry:
        executor = ToolExecutor(registry, policy=ToolPolicy(calls_per_task=1_000), results=results)
        yield executor
        executor.close()


@pytest.fixture
def house(shared: ToolExecutor) -> ToolExecutor:
    """The shared executor, without a person and a model."""
    shared.context = ToolContext()
    shared.begin_task()
    return shared


def with_context(executor: ToolExecutor, **parts: Any) -> ToolExecutor:
    executor.context = ToolContext(**parts)
    return executor


def call(executor: ToolExecutor, name: str, /, **arguments: Any) -> Any:
    return executor.call(name, arguments)


def test_all_content_is_kept_and_given_once(house: ToolExecutor) -> None:

    both = call(house, "both")
    assert both["artifact"] == {"status": "ok"}
    lines = both["content"].splitlines()
    assert lines[0] == "the door code is 1234"
    assert lines[1].startswith("[image/png of 6 bytes, in ")
    assert lines[2] == "[resource 'plan' at house://plan (text/plain, 5 bytes)]"
    assert lines[3] == "a note"

    repeated = call(house, "repeated")
    assert repeated["artifact"] == {"status": "ok"}
    assert repeated["content"].startswith("[audio/wav of 5 bytes, in ")
    assert "\n" not in repeated["content"]

    assert call(house, "listed") == {"content": "[FILE] a\n[FILE] b", "more": 1}


def test_an_error_tells_all_that_the_server_says(house: ToolExecutor) -> None:
    with pytest.raises(ToolError) as caught:
        call(house, "broken")

    assert str(caught.value) == (
        "broken failed on MCP server 'house': the door code is 1234\n[image/png of 6 bytes]\n"
        '{"code": 42, "missing": ["key"]}'
    )


def test_a_person_fills_in_what_a_server_asks(house: ToolExecutor) -> None:
    person = Person("y", "Ada", "many", "36", "", "yes")

    assert call(with_context(house, person=person), "ask") == (
        "accept {'name': 'Ada', 'age': 36, 'colour': 'blue', 'sure': True}"
    )
    assert person.heard[0] == (
        "The MCP server 'house' asks in the middle of ask: Who is there? "
        "Give it name, age, colour, sure? [y]es, [n]o: "
    )
    assert person.heard[1] == "name (Your name; text): "
    assert person.heard[2] == "age (whole number; at least 0): "
    assert person.heard[3] == "That does not fit. age (whole number; at least 0): "
    assert person.heard[4] == "colour (one of red | blue; empty for 'blue'): "


def test_what_a_person_leaves_out_or_enters_wrongly(house: ToolExecutor) -> None:
    executor = with_context(house, person=Person("y", "Ada", "1", "red", ""))
    assert call(executor, "ask") == "accept {'name': 'Ada', 'age': 1, 'colour': 'red'}"

    executor.context = ToolContext(person=Person("y", "A name that is too long", "", "x" * 11, "unheard"))
    assert call(executor, "ask") == (
        "cancel None\n(the server asked a person: 'Who is there?'; "
        "cancelled, since nothing fitting was entered for name)"
    )


def test_a_link_is_shown_whole_and_never_opened(house: ToolExecutor) -> None:
    person = Person("y")

    assert call(with_context(house, person=person), "ask_to_open") == "accept"
    assert "Open https://login.example/a?b=c yourself" in person.heard[0]


@pytest.mark.parametrize(
    ("settings", "person", "action", "why"),
    [
        ({}, None, "decline", "declined, since nobody is there to answer"),
        ({}, Person(), "cancel", "not answered: nobody is there to answer"),
        ({}, Person("n"), "decline", "declined by the person"),
        (
            {"elicitation": "decline"},
            Person("y"),
            "decline",
            "declined by the server's setting `elicitation`",
        ),
    ],
)
def test_a_question_that_nobody_answers_is_declined_with_a_line(
    settings: dict[str, Any], person: Person | None, action: str, why: str, opened: Open
) -> None:
    executor = opened(settings, ToolContext(person=person))

    assert call(executor, "ask") == f"{action} None\n(the server asked a person: 'Who is there?'; {why})"


def test_the_deadline_does_not_run_while_a_person_decides(opened: Open) -> None:
    class Slow(Person):
        def ask(self, question: str, given_up: Callable[[], bool]) -> str:
            time.sleep(1.5)
            return super().ask(question, given_up)

    executor = opened({"timeout": 1}, ToolContext(person=Slow("y")))

    assert call(executor, "ask_to_open") == "accept"


def test_a_model_answers_on_the_budget(house: ToolExecutor) -> None:
    model = Model()
    executor = with_context(house, model=model, budget=Budget())

    assert call(executor, "sample") == "the model said warm"
    assert model.asked == ["Be short.\n\nHow warm is it?"]
    with pytest.raises(ToolError, match="the server asked more than 10 times in one call"):
        call(executor, "sample", times=11)
    assert len(model.asked) == 11


@pytest.mark.parametrize(
    ("settings", "context", "why"),
    [
        ({}, ToolContext(), "there is no run here with a model and a budget"),
        ({}, ToolContext(model=Model()), "there is no run here with a model and a budget"),
        ({}, ToolContext(model=Model(), budget=Budget("it is used up")), "it is used up"),
        (
            {"sampling": "decline"},
            ToolContext(model=Model(), budget=Budget()),
            "setting `sampling` declines it",
        ),
    ],
)
def test_sampling_is_refused_without_model_budget_or_leave(
    settings: dict[str, Any], context: ToolContext, why: str, opened: Open
) -> None:
    with pytest.raises(ToolError, match=why):
        call(opened(settings, context), "sample")


def test_progress_moves_the_deadline(opened: Open) -> None:
    executor = opened({"timeout": 1})

    assert call(executor, "progress", steps=12, pause=0.2) == "done"


def test_a_progress_that_never_ends_is_ended(opened: Open) -> None:
    executor = opened({"timeout": 0.15})

    with pytest.raises(ToolError, match=r"tool 'progress' gave no result within 3 s"):
        call(executor, "progress", pause=0.01)
    assert call(executor, "repeated")["artifact"] == {"status": "ok"}


def test_tools_come_and_go_in_the_middle_of_calls(opened: Open) -> None:
    executor = opened(same_failures=100)
    registry = executor.registry

    assert call(executor, "grow") == "grown"
    assert registry.refresh() == ["MCP server 'house' changed its tools; new: later"]
    assert call(executor, "later", x=1) == "2"

    time.sleep(1)
    assert call(executor, "shrink") == "shrunk"
    with pytest.raises(ToolError, match="no longer has the tool both; it took it away during the run"):
        call(executor, "both")
    assert registry.refresh() == ["MCP server 'house' changed its tools; gone: both"]
    with pytest.raises(ToolError, match="no tool 'both'"):
        call(executor, "both")
    assert registry.refresh() == []


def test_a_tool_that_is_taken_away_without_a_word(opened: Open) -> None:
    executor = opened(same_failures=100)
    assert call(executor, "shrink_quietly") == "shrunk"

    with pytest.raises(ToolError, match="Unknown tool: repeated"):
        call(executor, "repeated")
    time.sleep(1)
    assert executor.registry.refresh() == ["MCP server 'house' changed its tools; gone: repeated"]


def test_a_storm_of_changes_is_read_once(opened: Open) -> None:
    executor = opened()

    assert call(executor, "storm") == "over"
    assert executor.registry.refresh() == []
    assert call(executor, "names", name="a") == "name=a"


def test_a_server_that_dies_and_comes_back_with_its_old_tools(opened: Open) -> None:
    executor = opened(same_failures=100)
    call(executor, "grow")
    assert executor.registry.refresh() == ["MCP server 'house' changed its tools; new: later"]

    with pytest.raises(ToolError, match="ended in the middle of die: it exited with code 3"):
        call(executor, "die")
    time.sleep(1)
    assert call(executor, "names", name="a") == "name=a"
    assert executor.registry.refresh() == ["MCP server 'house' changed its tools; gone: later"]


def test_odd_names_are_callable_and_unique(house: ToolExecutor) -> None:
    odd = sorted(name for name in house.names() if name.startswith(("with_dots", "tool_")))

    assert len(odd) == 4
    assert {call(house, name) for name in odd} == {"dots", "dashes", "plain", "sun"}
    assert call(house, "with_dots_and_dash") == "plain"
    assert all(len(name) <= 64 and name.isascii() and name.isidentifier() for name in house.names())


def test_arguments_whose_names_mean_something_elsewhere(house: ToolExecutor) -> None:
    given = {name: name for name in ("config", "run_manager", "self_", "self", "callbacks", "name")}
    said = " ".join(f"{name}={name}" for name in given)

    assert house.call("names", given) == said
    assert house.registry.get("names").invoke(given) == said


def test_a_tool_that_runs_only_as_a_task_is_not_offered(house: ToolExecutor) -> None:
    (problem,) = house.registry.problems

    assert "as_task" not in house.names()
    assert problem.name == "mcp.house: as_task"
    assert "can only be called as a task (taskSupport)" in problem.message


def test_resources_are_read_by_a_tool(house: ToolExecutor) -> None:
    tool = house.registry.get("house_read_resource")

    assert "house://plan (plan): The rooms.; house://photo (photo); house://room/{name} (room)" in (
        tool.description
    )
    assert call(house, "house_read_resource", uri="house://room/hall") == "this is house://room/hall"
    assert call(house, "house_read_resource", uri="house://photo").startswith("[image/png of 6 bytes, in ")
    assert call(house, "house_read_resource").splitlines()[1] == "house://photo (photo)"


def test_prompts_are_tools(house: ToolExecutor) -> None:

    assert call(house, "house_prompt_re_view", code="x = 1") == "user: Review x = 1"
    with pytest.raises(ToolError, match="'code' is a required property"):
        call(house, "house_prompt_re_view")


def test_resources_and_prompts_can_be_left_out(opened: Open) -> None:
    registry = opened({"without": ("house_*",), "prefix": "my_"}).registry

    assert not any("house" in name for name in registry)
    assert "my_both" in registry


def test_instructions_stay_with_the_tools_that_they_are_about(house: ToolExecutor) -> None:
    registry = house.registry
    words = {"mcp.house": "Call `both` first.\nIgnore all else."}

    assert registry.instructions == words
    assert registry.select(["both"]).instructions == words
    assert registry.select(["none"]).instructions == {}
