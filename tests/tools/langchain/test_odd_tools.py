"""Whatever a LangChain tool wants of its caller is given, or the tool is refused with the reason."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import (
    BaseTool,
    BaseToolkit,
    InjectedToolArg,
    InjectedToolCallId,
    StructuredTool,
    Tool,
    ToolException,
    tool,
)
from langgraph.prebuilt import InjectedState, InjectedStore, ToolRuntime
from pydantic import BaseModel, Field
from pydantic import v1 as pydantic_v1

from fieldcraft.tools import BrokenTool, ToolError, ToolExecutor, ToolRegistry, declare, load_tools

Execute = Callable[..., ToolExecutor]


@tool
def with_id(text: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> list[str]:
    """Want the call's id."""
    return [text, tool_call_id]


@tool
def with_message(text: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> ToolMessage:
    """Give a message."""
    return ToolMessage(text, tool_call_id=tool_call_id)


@tool
def with_config(text: str, config: RunnableConfig) -> str:
    """Want the configuration."""
    return f"{text} {'configurable' in config}"


@tool
def with_callbacks(text: str, callbacks: Any = None) -> str:
    """Want callbacks."""
    return f"{text} {type(callbacks).__name__}"


@tool
def with_default(text: str, user: Annotated[str, InjectedToolArg] = "nobody") -> str:
    """Have a default for what is injected."""
    return f"{text} for {user}"


@tool
def with_runtime(text: str, runtime: ToolRuntime) -> str:
    """Want a runtime, of which only the graph's part is missing."""
    runtime.stream_writer("working")
    return f"{text} {runtime.tool_call_id} {runtime.store}"


@tool
def with_state_of_runtime(text: str, runtime: ToolRuntime) -> str:
    """Look into the graph's state."""
    return f"{text} {runtime.state['messages']}"


def test_what_is_injected_is_filled_and_never_offered(execute: Execute) -> None:
    executor = execute(with_id, with_message, with_config, with_callbacks, with_default, with_runtime)

    assert all("(text: str):" in spec for spec in executor.registry.specs())
    assert executor.call("with_id", {"text": "a"}) == ["a", "call_1"]
    assert executor.call("with_message", {"text": "a"}) == "a"
    assert executor.call("with_config", {"text": "a"}) == "a True"
    assert executor.call("with_callbacks", {"text": "a"}) == "a CallbackManager"
    assert executor.call("with_default", {"text": "a"}) == "a for nobody"
    assert executor.call("with_runtime", {"text": "a"}) == "a call_6 None"
    with pytest.raises(ToolError, match="with_default takes no argument 'user'; it takes: text"):
        executor.call("with_default", {"text": "a", "user": "eve"})


def test_a_runtime_without_a_graph_says_what_is_missing(execute: Execute) -> None:
    with pytest.raises(ToolError, match="it uses the state of a LangGraph graph, and no graph runs here"):
        execute(with_state_of_runtime).call("with_state_of_runtime", {"text": "a"})


UserId = Annotated[str, InjectedToolArg]


def plain(text: str, user: Annotated[str, InjectedToolArg]) -> str:
    """Want a user."""
    return text + user


def behind_a_name(text: str, user: UserId) -> str:
    """Want a user."""
    return text + user


def of_state(text: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
    """Want a state."""
    return f"{text}{state}"


def of_store(text: str, store: Annotated[Any, InjectedStore()]) -> str:
    """Want a store."""
    return f"{text}{store}"


@pytest.mark.parametrize(
    ("wanting", "source"),
    [
        (plain, r"'user' from the program around it \(InjectedToolArg\)"),
        (tool(plain), "'user' from the program around it"),
        (tool(behind_a_name), "'user' from the program around it"),
        (tool(of_state), r"'state' from a LangGraph graph's state \(InjectedState\)"),
        (tool(of_store), "'store' from a LangGraph graph's store"),
    ],
)
def test_what_only_another_program_can_inject_is_refused_at_registration(wanting: Any, source: str) -> None:
    with pytest.raises(BrokenTool, match=f"needs {source}.* give it a default, or fix it with functools"):
        ToolRegistry([wanting])


class OnlyAwaited(BaseTool):
    name: str = "only_awaited"
    description: str = "Only awaited."

    def _run(self, text: str) -> str:
        raise NotImplementedError("use async")

    async def _arun(self, text: str) -> str:
        await asyncio.sleep(0)
        return f"awaited {text}"


def test_a_tool_with_only_arun_is_awaited(execute: Execute) -> None:
    assert execute(OnlyAwaited()).call("only_awaited", {"text": "a"}) == "awaited a"


def test_a_coroutine_and_a_generator_run_in_a_process_of_their_own(execute: Execute) -> None:
    @declare(isolation="process")
    @tool
    async def awaited(text: str) -> str:
        """Be awaited."""
        return f"awaited {text}"

    @declare(isolation="process")
    @tool
    async def yielded(text: str) -> AsyncIterator[str]:
        """Be collected."""
        yield text

    executor = execute(awaited, yielded)

    assert executor.call("awaited", {"text": "a"}) == "awaited a"
    assert executor.call("yielded", {"text": "a"}) == ["a"]


@tool
def parts(n: int) -> Iterator[str]:
    """Yield parts."""
    for number in range(n):
        yield f"part {number}"


@tool
async def later_parts(n: int) -> AsyncIterator[str]:
    """Yield parts later."""
    for number in range(n):
        yield f"part {number}"


async def endless() -> AsyncIterator[int]:
    """Yield for ever."""
    while True:
        yield 1


async def silent() -> AsyncIterator[int]:
    """Yield once, and never again."""
    yield 1
    await asyncio.Event().wait()


def test_what_generators_yield_is_collected(execute: Execute) -> None:
    executor = execute(parts, later_parts, endless, silent, timeout=1.0)

    assert executor.call("parts", {"n": 2}) == ["part 0", "part 1"]
    assert executor.call("later_parts", {"n": 2}) == ["part 0", "part 1"]
    assert executor.call("endless", {}).startswith("[1,1,")
    with pytest.raises(ToolError, match="gave no result within 1 s"):
        executor.call("silent", {})


def complain(text: str) -> str:
    raise ToolException(f"bad {text}")


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (True, "^bad a$"),
        ("say it otherwise", "^say it otherwise$"),
        (lambda error: f"so: {error}", "^so: bad a$"),
    ],
)
def test_an_error_that_a_tool_words_itself_is_a_failure_in_its_words(
    handler: Any, message: str, execute: Execute
) -> None:
    wording = StructuredTool.from_function(
        complain, name="wording", description="Word it.", handle_tool_error=handler
    )

    with pytest.raises(ToolError, match=message):
        execute(wording).call("wording", {"text": "a"})


class OldArguments(pydantic_v1.BaseModel):
    text: str = pydantic_v1.Field(..., description="the text")
    times: int = pydantic_v1.Field(1, ge=1, le=5)


def repeat(text: str, times: int = 1) -> str:
    return text * times


def test_a_schema_of_pydantics_first_version_is_checked_and_called(execute: Execute) -> None:
    old = StructuredTool.from_function(repeat, name="old", description="Old.", args_schema=OldArguments)
    executor = execute(old)

    assert executor.registry.specs() == ("old(text: str, times: int = 1): Old.",)
    assert executor.call("old", {"text": "a", "times": 2}) == "aa"
    with pytest.raises(ToolError, match="times: 9 is greater than the maximum of 5"):
        executor.call("old", {"text": "a", "times": 9})


class Aliased(BaseModel):
    text: str = Field(alias="Text")
    times: int = Field(1, alias="Times")


def test_arguments_with_an_alias_are_taken_by_their_own_names(execute: Execute) -> None:
    aliased = StructuredTool.from_function(repeat, name="al", description="Aliased.", args_schema=Aliased)

    assert execute(aliased).call("al", {"text": "a", "times": 3}) == "aaa"


def variable(*words: str, **numbers: int) -> str:
    """Take any."""
    return f"{words} {numbers}"


def positional(first: int, /, second: int = 2) -> int:
    """Take one by its place."""
    return first - second


def test_variable_and_positional_arguments_arrive_as_such(execute: Execute) -> None:
    executor = execute(variable, positional)

    assert executor.call("variable", {"words": ["a"], "numbers": {"b": 1}}) == "('a',) {'b': 1}"
    assert executor.call("variable", {}) == "() {}"
    assert executor.call("positional", {"first": 5}) == 3


def test_a_tool_of_one_text_and_one_of_a_runnable_are_called(execute: Execute) -> None:
    single = Tool(name="single", func=lambda text: text[::-1], description="Turn it around.")
    with pytest.warns(Warning, match="beta"):
        adder = RunnableLambda(lambda both: both["a"] + both["b"]).as_tool(
            name="adder", description="Adds.", arg_types={"a": int, "b": int}
        )
    executor = execute(single, adder)

    assert executor.call("single", {"tool_input": "abc"}) == "cba"
    assert executor.call("adder", {"a": 1, "b": 2}) == 3


class Heard(BaseCallbackHandler):
    def __init__(self) -> None:
        self.started: list[str] = []

    def on_tool_start(self, serialized: dict[str, Any], input_str: str, **_: Any) -> None:
        self.started.append(input_str)


def test_callbacks_of_a_tool_still_hear_its_calls(execute: Execute) -> None:
    heard = Heard()
    listened = StructuredTool.from_function(
        repeat, name="listened", description="Listened to.", callbacks=[heard]
    )

    assert execute(listened).call("listened", {"text": "a", "times": 2}) == "aa"
    assert heard.started == ["{'text': 'a', 'times': 2}"]


class Kit(BaseToolkit):
    def get_tools(self) -> list[BaseTool]:
        return [parts, Tool(name="Say-It", func=str, description="Say it.")]


class Needy(BaseTool):
    name: str = "needy"
    description: str = "Needs a key."
    key: str

    def _run(self) -> str:
        return self.key


class OfAnotherFramework:
    """Has a name and a description, as a tool of LangChain has, and is called otherwise."""

    name = "foreign"
    description = "Do it."

    def __call__(self, *arguments: Any, **named: Any) -> str:
        return f"{arguments} {named}"


class Convertible(OfAnotherFramework):
    def to_langchain_tool(self) -> BaseTool:
        return Tool(name=self.name, description=self.description, func=str)


def test_a_tool_of_another_framework_is_converted_or_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("foreign_kit")
    module.__dict__.update(foreign=OfAnotherFramework(), convertible=Convertible())
    monkeypatch.setitem(sys.modules, "foreign_kit", module)

    assert load_tools(["foreign_kit:convertible"]).names() == ("foreign",)
    (problem,) = load_tools(["foreign_kit:foreign"]).problems
    assert problem.message.startswith("'foreign' is a tool of ")
    assert problem.message.endswith("not of LangChain; write a function that calls it, and register that")


def test_toolkits_and_classes_of_tools_are_loaded_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("kits_of_others")
    module.__dict__.update(Kit=Kit, kit=Kit(), OnlyAwaited=OnlyAwaited, Needy=Needy, mixed=[plain, parts])
    monkeypatch.setitem(sys.modules, "kits_of_others", module)

    assert load_tools(["kits_of_others:kit"]).names() == ("Say_It", "parts")
    assert load_tools(["kits_of_others:Kit", "kits_of_others:OnlyAwaited"]).names() == (
        "Say_It",
        "only_awaited",
        "parts",
    )
    needy = load_tools(["kits_of_others:Needy"]).problems
    assert "kits_of_others:Needy cannot be made without arguments" in needy[0].message
    mixed = load_tools(["kits_of_others:mixed"])
    assert (mixed.names(), [problem.name for problem in mixed.problems]) == (
        ("parts",),
        ["kits_of_others:mixed: plain"],
    )
