"""What calling a tool costs, beside LangChain's own `invoke` and LangGraph's ToolNode. Prints JSON.

Run: `python benchmarks/tools.py`. Ours and theirs take turns, so that a busy machine slows both. The server's
own time of an MCP call is that of the same request written to such a server by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from fieldcraft.envs import Environment, EnvironmentSpec, Observation, Progress
from fieldcraft.skills import parse_program
from fieldcraft.skills.sandbox import ProcessSandbox, ProgramLimits
from fieldcraft.tools import ToolExecutor, ToolPolicy, ToolRegistry, declare, load_tools
from fieldcraft.tools.sources.settings import McpServer, ToolSources

SERVER = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("bench", log_level="WARNING")

@server.tool()
def add(first: int, second: int) -> int:
    "Add two numbers."
    return first + second

server.run()
"""
TALK = parse_program(
    "import time\n\ndef talk(bot, times=1):\n    tools.add(first=1, second=2)\n"
    "    began = time.perf_counter()\n"
    "    for number in range(times):\n        tools.add(first=number, second=1)\n"
    "    return (time.perf_counter() - began) / times\n"
)
ARGUMENTS = {"first": 1, "second": 2}
CALL = {"name": "add", "arguments": ARGUMENTS}


@declare(effect="reads")
def add(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second


class Nowhere(Environment):
    """A world in which there is nothing to do but call tools."""

    spec = EnvironmentSpec(id="nowhere-v1", description="Nothing.")

    def reset(self, *, seed: int, options: Any = None) -> Observation:
        """Nothing to reset."""
        del seed, options
        return self.observe()

    def observe(self) -> Observation:
        """Nothing to see."""
        return Observation(tick=0)

    def progress(self) -> Progress:
        """Nothing to reach."""
        return Progress()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="A tenth of the calls.")
    calls = 200 if parser.parse_args().quick else 2_000
    tool = StructuredTool.from_function(add)
    registry = ToolRegistry([declare(effect="reads")(tool)])
    policy = ToolPolicy(calls_per_task=10**9)
    executor = ToolExecutor(registry, policy=policy)
    report = {
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "calls": calls,
        "register_1000_tools_s": _registering(),
        "python_tool": _python(tool, executor, calls),
        "langgraph_tool_node": {
            str(many): _beside_tool_node(tool, executor, many, calls // 4) for many in (1, 8)
        },
        "mcp_session": _mcp(policy, calls // 2),
        "from_a_sandboxed_program_ms": _sandboxed(executor, calls),
    }
    executor.close()
    print(json.dumps(report, indent=2))


def _registering() -> dict[str, float]:
    """A thousand functions: added, and then each made a tool and described as a model reads it."""

    def made(number: int) -> Callable[..., int]:
        def function(first: int, second: int = 2) -> int:
            """Add two numbers."""
            return first + second + number

        function.__name__ = f"tool_{number}"
        return function

    functions = [made(number) for number in range(1_000)]
    began = time.perf_counter()
    registry = ToolRegistry(functions)
    registered = time.perf_counter() - began
    began = time.process_time()
    registry.specs()
    described = time.process_time() - began
    tools = [registry.get(name) for name in registry.names()]
    began = time.perf_counter()
    ToolRegistry(tools)
    return {
        "functions": round(registered, 4),
        "langchain_tools": round(time.perf_counter() - began, 4),
        "made_tools_and_described_by_langchain_at_first_use_cpu": round(described, 3),
    }


def _python(tool: BaseTool, executor: ToolExecutor, calls: int) -> dict[str, float]:
    theirs, ours, ratio = _in_turns(
        calls, lambda: tool.invoke(ARGUMENTS), lambda: executor.call("add", ARGUMENTS)
    )
    return {
        "langchain_invoke_us": round(theirs * 1e6, 1),
        "executor_us": round(ours * 1e6, 1),
        "overhead_us": round((ours - theirs) * 1e6, 1),
        "times_as_fast": round(ratio, 1),
    }


def _beside_tool_node(tool: BaseTool, executor: ToolExecutor, many: int, rounds: int) -> dict[str, float]:
    """`many` calls at once: a graph of one ToolNode, and as many futures of the executor."""
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([tool]))
    graph.add_edge(START, "tools")
    graph.add_edge("tools", END)
    compiled = graph.compile()
    requests = [{"name": "add", "args": ARGUMENTS, "id": str(n), "type": "tool_call"} for n in range(many)]
    message = AIMessage(content="", tool_calls=requests)

    def theirs() -> None:
        answers = compiled.invoke({"messages": [message]})["messages"][1:]
        assert [answer.content for answer in answers] == ["3"] * many

    def ours() -> None:
        futures = [executor.submit(request["name"], request["args"]) for request in requests]
        assert [future.result() for future in futures] == [3] * many

    node, own, ratio = _in_turns(rounds, theirs, ours)
    return {
        "tool_node_ms": round(node * 1e3, 3),
        "executor_ms": round(own * 1e3, 3),
        "times_as_fast": round(ratio, 1),
    }


def _mcp(policy: ToolPolicy, calls: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "server.py"
        script.write_text(SERVER)
        server = McpServer(command=sys.executable, args=(str(script),), effects={"*": "reads"})
        began = time.perf_counter()
        with load_tools([], ToolSources(mcp={"bench": server})) as registry, _by_hand(script) as ask:
            opened = time.perf_counter() - began
            executor = ToolExecutor(registry, policy=policy)
            theirs, ours, _ = _in_turns(calls, ask, lambda: executor.call("add", ARGUMENTS))
            executor.close()
    return {
        "servers_own_ms": round(theirs * 1e3, 3),
        "executor_ms": round(ours * 1e3, 3),
        "overhead_ms": round((ours - theirs) * 1e3, 3),
        "two_sessions_opened_s": round(opened, 2),
    }


@contextmanager
def _by_hand(script: Path) -> Iterator[Callable[[], None]]:
    """The server, and one request written to it and answered, with as little as there can be in between."""
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(method: str = "tools/call", params: Any = CALL, number: int | None = 1) -> None:
            message = {"jsonrpc": "2.0", "method": method, "params": params}
            sent = message if number is None else {**message, "id": number}
            process.stdin.write(json.dumps(sent).encode() + b"\n")
            process.stdin.flush()
            if number is not None:
                assert "result" in json.loads(process.stdout.readline())

        who = {"name": "by-hand", "version": "1"}
        ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": who})
        ask("notifications/initialized", {}, None)
        yield ask
        process.stdin.close()
        process.wait()


def _sandboxed(executor: ToolExecutor, calls: int) -> float:
    with ProcessSandbox() as sandbox:
        limits = ProgramLimits(calls=calls + 1)
        execution = sandbox.run(TALK, Nowhere(), limits=limits, arguments={"times": calls}, tools=executor)
        if not execution.ok:
            raise RuntimeError(execution.error_text())
        return round(float(execution.result) * 1e3, 3)


def _in_turns(
    rounds: int, first: Callable[[], object], second: Callable[[], object]
) -> tuple[float, float, float]:
    """The median seconds of each, measured in turns after a warm-up, and the median of their ratios."""
    for _ in range(20):
        first()
        second()
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for action, times in zip((first, second), took, strict=True):
            began = time.perf_counter()
            action()
            times.append(time.perf_counter() - began)
    ratios = [theirs / ours for theirs, ours in zip(*took, strict=True)]
    return statistics.median(took[0]), statistics.median(took[1]), statistics.median(ratios)


if __name__ == "__main__":
    main()
