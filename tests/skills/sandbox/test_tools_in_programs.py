"""`tools.<name>(...)` in a program reaches the host's executor: its checks, its limits, its person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fieldcraft.skills import Execution, KillReason
from fieldcraft.skills.sandbox import ProgramLimits
from fieldcraft.tools import ToolExecutor, ToolPolicy, declare, load_tools

Run = Callable[..., Execution]


@declare(effect="writes")
def post(text: str, copies: int = 1) -> dict[str, Any]:
    """Send a letter."""
    return {"sent": text, "copies": copies}


@pytest.fixture
def executor() -> Iterator[Callable[..., ToolExecutor]]:
    made: list[ToolExecutor] = []

    def make(**options: Any) -> ToolExecutor:
        registry = load_tools(["calculator"])
        registry.add(post)
        made.append(ToolExecutor(registry, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def told(*calls: str) -> str:
    """A program that makes each call and gives back its result, or what it was told."""
    lines = ["def f(bot):", "    said = []"]
    for call in calls:
        lines += ["    try:", f"        said.append({call})", "    except ToolError as error:"]
        lines += ["        said.append(str(error))"]
    return "\n".join([*lines, "    return said\n"])


def test_arguments_are_checked_and_results_are_data(run: Run, executor: Callable[..., ToolExecutor]) -> None:
    source = told(
        "tools.calculator(expression='400/1400')",
        "tools.post(text='hello', copies=2)['copies']",
        "tools.post(copies='many')",
        "tools.post(text='a', colour='red')",
        "tools.calculator(expression='9**9**9')",
    )
    said = run(source, tools=executor()).result
    assert said[:2] == ["0.285714285714", 2]
    assert said[2].startswith(
        "post cannot take these arguments: text: Field required; copies: Input should be"
    )
    assert said[3].startswith("post takes no argument 'colour'")
    assert said[4] == "a number grows too large (more than 4096 bits)"


def test_only_the_tools_that_are_allowed_are_there(run: Run, executor: Callable[..., ToolExecutor]) -> None:
    allowed = executor().allowing(["calculator"])
    execution = run("def f(bot):\n    return dir(tools)\n", tools=allowed)
    assert execution.result == ["calculator"]
    fault = run("def f(bot):\n    return tools.post(text='a')\n", tools=allowed).fault
    assert fault is not None and (fault.kind, fault.message) == ("AttributeError", "there is no tool 'post'")


def test_a_forged_call_of_a_tool_that_is_not_allowed_is_refused(
    run: Run, executor: Callable[..., ToolExecutor]
) -> None:
    source = "def f(bot):\n    tools._names.append('post')\n    return tools.post(text='a')\n"
    fault = run(source, tools=executor().allowing(["calculator"])).fault
    assert fault is not None and (fault.kind, fault.message) == ("ToolError", "there is no tool 'post'")


def test_the_limit_of_calls_holds(run: Run, executor: Callable[..., ToolExecutor]) -> None:
    tools = executor(policy=ToolPolicy(calls_per_task=2))
    source = told(*(f"tools.calculator(expression='{number}')" for number in range(4)))
    said = run(source, tools=tools).result
    assert said[:2] == ["0", "1"]
    assert said[2] == said[3] == "calculator was not called: this task has used its 2 tool calls"
    tools.begin_task()
    assert run(source, tools=tools).result[:2] == ["0", "1"]


def test_the_time_in_which_a_person_thinks_is_not_the_programs(
    run: Run, executor: Callable[..., ToolExecutor]
) -> None:
    def thinks(question: str) -> str:
        time.sleep(1.5)
        return "y"

    tools = executor(policy=ToolPolicy(approval="always"), ask_person=thinks)
    execution = run(told("tools.post(text='a')['sent']"), tools=tools, limits=ProgramLimits(seconds=1))
    assert execution.error_text() is None
    assert execution.result == ["a"]
    endless = "def f(bot):\n    tools.post(text='a')\n    while True:\n        pass\n"
    assert run(endless, tools=tools, limits=ProgramLimits(seconds=1)).killed is KillReason.DEADLINE


def test_what_ends_the_run_while_a_call_is_begun_ends_the_program(
    run: Run, executor: Callable[..., ToolExecutor]
) -> None:
    def leaves(question: str) -> str:
        raise KeyboardInterrupt

    tools = executor(policy=ToolPolicy(approval="always"), ask_person=leaves)
    with pytest.raises(KeyboardInterrupt):
        run(told("tools.post(text='a')"), tools=tools)
    assert run("def f(bot):\n    return 1\n").result == 1
