"""MCP servers that attack who reads them: each costs itself, in bounded memory and time."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable

import pytest
from loopback import SERVERS

from fieldcraft.common.data import Limits, read_json
from fieldcraft.tools import ToolError, ToolExecutor, ToolRegistry
from fieldcraft.tools.sources.settings import McpServer

Load = Callable[..., ToolRegistry]
Execute = Callable[..., ToolExecutor]
Serve = Callable[..., str]
WAYS = ("pipes", "http", "sse")

fills_memory = pytest.mark.attack("an MCP server that fills memory: long, deep and crowded messages")
announces = pytest.mark.attack("an MCP server's tools: doubling references, half characters, endless lists")


@pytest.fixture
def hostile(load: Load, serve: Serve) -> Callable[..., ToolRegistry]:
    """The tools of a hostile server, reached in one of three ways."""

    def start(how: str, way: str = "pipes") -> ToolRegistry:
        script = str(SERVERS / "hostile.py")
        if way == "pipes":
            server = McpServer(command=sys.executable, args=(script, how))
        else:
            server = McpServer(url=f"{serve('hostile.py', how, way)}/mcp")
        return load("calculator", mcp={"hostile": server})

    return start


def most_memory() -> int:
    """Megabytes that this process has held at the most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@fills_memory
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["lists", "objects", "deep", "digits", "nan", "long"])
def test_an_answer_beyond_all_bounds_is_an_error_of_its_call(
    how: str, way: str, hostile: Callable[..., ToolRegistry], execute_all: Execute
) -> None:
    executor = execute_all(hostile(how, way))
    before = most_memory()

    began = time.process_time()
    with pytest.raises(ToolError) as caught:
        executor.call("good", {})

    assert "hostile" in str(caught.value)
    assert len(str(caught.value)) <= 2_000
    assert time.process_time() - began < 30
    assert most_memory() - before < 256
    assert executor.call("calculator", {"expression": "1 + 1"}) == "2"


@announces
@pytest.mark.parametrize("way", WAYS)
def test_a_tool_that_cannot_be_used_costs_itself(
    way: str, hostile: Callable[..., ToolRegistry], execute_all: Execute
) -> None:
    registry = hostile("tools", way)
    told = {problem.name: problem.message for problem in registry.problems}

    assert registry.names() == ("calculator", "good", "half")
    assert execute_all(registry).call("good", {}) == "good"
    assert "nested deeper than 64 levels" in told["mcp.hostile: deep"]
    assert "infinite or none" in told["mcp.hostile: digits"]
    assert "infinite or none" in told["mcp.hostile: none"]
    assert "with its references followed it has more than 20,000 parts" in told["mcp.hostile: doubling"]
    assert "more than 20,000 parts" in told["mcp.hostile: wordy"]
    assert "its properties are not an object" in told["mcp.hostile: listed"]
    assert "its required is not a list of names" in told["mcp.hostile: required"]
    assert "its $schema is not a text" in told["mcp.hostile: dialect"]
    assert all(len(message) < 1_000 for message in told.values())


@announces
def test_a_name_of_half_characters_can_be_written_and_read_back(
    hostile: Callable[..., ToolRegistry],
) -> None:
    spec = next(line for line in hostile("tools").specs() if line.startswith("half"))

    assert read_json(json.dumps(spec), Limits()) == "half(): Half a character: \N{REPLACEMENT CHARACTER}"


@announces
def test_a_crowd_of_tools_is_cut(hostile: Callable[..., ToolRegistry]) -> None:
    registry = hostile("crowd")

    assert len(registry.names()) == 2_001
    assert "more tools, or longer ones" in registry.problems[0].message
    assert len(registry.problems) <= 101


@announces
def test_long_marks_of_pages_end_the_list(hostile: Callable[..., ToolRegistry]) -> None:
    (problem,) = hostile("pages").problems

    assert "it marks a page of its list by 1,000,000 characters" in problem.message


@announces
def test_results_are_checked_against_no_schema_that_has_no_end(
    hostile: Callable[..., ToolRegistry], execute_all: Execute
) -> None:
    assert execute_all(hostile("outputs")).call("good", {}) == {"a": "b"}


@fills_memory
def test_messages_that_nobody_asked_for_are_passed_over(
    hostile: Callable[..., ToolRegistry], execute_all: Execute
) -> None:
    assert execute_all(hostile("chatter")).call("good", {}) == "good"


@fills_memory
@pytest.mark.parametrize("way", ["http", "sse"])
def test_a_compressed_answer_is_not_unpacked(
    way: str, hostile: Callable[..., ToolRegistry], execute_all: Execute
) -> None:
    executor = execute_all(hostile("gzip", way))

    with pytest.raises(ToolError, match="MCP server 'hostile'"):
        executor.call("good", {})


@pytest.mark.parametrize("way", WAYS)
def test_half_a_character_in_a_result_is_replaced(
    way: str, hostile: Callable[..., ToolRegistry], execute_all: Execute
) -> None:
    assert execute_all(hostile("half", way)).call("good", {}) == "\N{REPLACEMENT CHARACTER}"


def test_an_error_of_a_server_is_cut_and_shown_without_what_moves_the_cursor(
    hostile: Callable[..., ToolRegistry], execute_all: Execute
) -> None:
    with pytest.raises(ToolError) as caught:
        execute_all(hostile("error")).call("good", {})

    assert len(str(caught.value)) <= 4_000
