"""Real MCP servers: held, restarted when they die, and gone when the run is over."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import SERVERS, children, free_port, lives
from machine import PATIENCE, eventually

from fieldcraft.tools import ToolError, ToolExecutor, ToolRegistry, load_tools, traits_of
from fieldcraft.tools.sources.settings import McpServer, ToolSources

Load = Callable[..., ToolRegistry]
Execute = Callable[..., ToolExecutor]
Serve = Callable[..., str]


def weather(**settings: Any) -> McpServer:
    arguments = (str(SERVERS / "weather.py"), *settings.pop("args", ()))
    return McpServer(command=sys.executable, args=arguments, **settings)


def rude(*how: str, **settings: Any) -> McpServer:
    return McpServer(command=sys.executable, args=(str(SERVERS / "rude.py"), *how), **settings)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def only_problem(registry: ToolRegistry) -> str:
    (problem,) = registry.problems
    return problem.message


def test_each_tool_of_a_server_is_a_tool(load: Load, execute_all: Execute) -> None:
    registry = load(mcp={"weather": weather()})
    executor = execute_all(registry)

    assert registry.problems == []
    assert registry.origin("forecast") == "mcp.weather"
    assert "forecast(city: str, days: int = 1): Say what the weather will be." in registry.specs()
    assert executor.call("forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"
    assert executor.call("count", {"number": 3}) == [0, 1, 2]
    assert executor.call("read_file", {"path": "a"}) == {"path": "a"}
    assert executor.call("picture", {}) == "[image/png of 10 bytes, not shown]"
    arguments = {"config": "a", "run_manager": 1, "self": 2}
    assert executor.call("awkward", arguments) == "a 1 2"
    assert registry.get("forecast").invoke({"city": "Bergen"}) == "Bergen: sun for 1 days"
    with pytest.raises(ToolError, match="forecast takes no argument 'town'; it takes: city, days"):
        executor.call("forecast", {"town": "Oslo"})


def test_one_session_is_held(load: Load, execute_all: Execute) -> None:
    executor = execute_all(load(mcp={"weather": weather()}))

    calls = [executor.submit("process", {}) for _ in range(8)]

    assert len({call.result(timeout=PATIENCE) for call in calls}) == 1


def test_a_server_over_http(load: Load, execute_all: Execute, serve: Serve) -> None:
    origin = serve("weather.py", "http")
    registry = load(mcp={"weather": McpServer(url=f"{origin}/mcp", headers={"X-Team": "moss"})})
    executor = execute_all(registry)

    assert registry.problems == []
    assert executor.call("forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"
    assert executor.call("header", {"name": "x-team"}) == "moss"


def test_a_url_alone_is_a_server(load: Load, execute_all: Execute, serve: Serve) -> None:
    registry = load(f"{serve('weather.py', 'http')}/mcp")

    assert execute_all(registry).call("forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"


def test_a_server_over_sse(load: Load, execute_all: Execute, serve: Serve) -> None:
    origin = serve("weather.py", "sse")
    registry = load(mcp={"weather": McpServer(url=f"{origin}/sse", type="sse")})

    assert execute_all(registry).call("forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"


def test_a_url_of_the_older_protocol_is_found_out(load: Load, execute_all: Execute, serve: Serve) -> None:
    registry = load(f"{serve('weather.py', 'sse')}/sse")

    assert execute_all(registry).call("forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"


def test_a_server_that_ends_in_the_middle_is_told_and_started_again(load: Load, execute_all: Execute) -> None:
    executor = execute_all(load(mcp={"weather": weather()}))
    first = executor.call("process", {})

    with pytest.raises(
        ToolError, match=r"'weather' ended in the middle of die: it exited with code 7; .*giv"
    ):
        executor.call("die", {"code": 7})

    assert executor.call("process", {}) != first


def test_a_server_that_is_killed_between_calls_is_started_again_unseen(
    load: Load, execute_all: Execute
) -> None:
    executor = execute_all(load(mcp={"weather": weather()}))
    first = executor.call("process", {})
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not lives(first))

    assert executor.call("process", {}) != first


def test_a_server_elsewhere_that_comes_back_is_found_again(
    load: Load, execute_all: Execute, serve: Serve
) -> None:
    port = free_port()
    serve("weather.py", "http", port=port)
    executor = execute_all(load(f"http://127.0.0.1:{port}/mcp"), same_failures=100)
    first = executor.call("process", {})
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not lives(first))

    with pytest.raises(ToolError, match="MCP server .* cannot be reached|in the middle of process"):
        executor.call("process", {})
    serve("weather.py", "http", port=port)

    assert executor.call("process", {}) != first


def test_servers_that_do_not_start_are_named_and_the_rest_works(load: Load, execute_all: Execute) -> None:
    complain = "import sys; print('loading'); print('no licence found', file=sys.stderr); sys.exit(3)"
    registry = load(
        "calculator",
        mcp={
            "absent": McpServer(command="no-such-program"),
            "failing": McpServer(command=sys.executable, args=("-c", complain)),
            "silent": rude("silent", start_timeout=1),
            "unset": McpServer(command=sys.executable, args=("${NO_SUCH_VARIABLE}",)),
            "away": McpServer(url=f"http://127.0.0.1:{free_port()}/mcp"),
            "weather": weather(only=("forecast",)),
        },
    )
    told = {problem.name: problem.message for problem in registry.problems}

    assert registry.names() == ("calculator", "forecast")
    assert execute_all(registry).call("forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"
    assert "no program 'no-such-program'; install it" in told["mcp.absent"]
    assert "exited with code 3; it last said: no licence found; " in told["mcp.failing"]
    assert "was no message, such as 'loading'" in told["mcp.failing"]
    assert (
        "no answer within 1 s (start_timeout waits longer); it last said: I am thinking" in told["mcp.silent"]
    )
    assert "the environment variable NO_SUCH_VARIABLE is not set" in told["mcp.unset"]
    assert "/mcp cannot be reached" in told["mcp.away"]


def test_a_url_where_no_mcp_server_is_says_what_it_answered(load: Load, serve: Serve) -> None:
    origin = serve("shop.py")
    paths = ("locked", "missing", "plain", "away", "never")
    servers = {
        path: McpServer(url=f"{origin}/{path}", start_timeout=3 if path == "never" else PATIENCE)
        for path in paths
    }
    told = {problem.name: problem.message for problem in load(mcp=servers).problems}

    assert "/locked answered 401 Unauthorized; give it `headers`" in told["mcp.locked"]
    assert "/missing answered 404 Not Found" in told["mcp.missing"]
    assert "/plain answered what is no MCP: Failed to parse" in told["mcp.plain"]
    assert "Redirect to http://127.0.0.1:9/pets not followed" in told["mcp.away"]
    assert "no answer within 3 s" in told["mcp.never"]
    assert all("\n" not in message and len(message) < 600 for message in told.values())


def test_junk_between_messages_is_passed_over(load: Load, execute_all: Execute) -> None:
    registry = load(mcp={"rude": rude("junk")})

    assert registry.problems == []
    assert execute_all(registry).call("good", {}) == "good"


def test_a_server_that_floods_is_ended(load: Load) -> None:
    processes = children()
    registry = load(mcp={"rude": rude("flood")})

    assert "it sent a message of more than 16,000,000 bytes" in only_problem(registry)
    assert children() <= processes


def test_an_endless_list_of_tools_ends(load: Load) -> None:
    assert "has more than 1,000 pages of tools; its list may be endless" in only_problem(
        load(mcp={"rude": rude("endless")})
    )


def test_bad_schemas_are_named_and_the_rest_works(load: Load, execute_all: Execute) -> None:
    registry = load(mcp={"rude": rude("schemas")})
    executor = execute_all(registry)
    told = {problem.name: problem.message for problem in registry.problems}

    assert set(registry.names()) == {"bare", "good", "circle", "nowhere", "h_h", "tool_812f1742"}
    assert "its arguments are not an object" in told["mcp.rude: no-object"]
    assert "'wish' is not valid" in told["mcp.rude: bad_type"]
    assert "there is a tool 'good' already (mcp.rude)" in told["mcp.rude: good"]
    assert executor.call("circle", {"a": {"next": {"next": {}}}}) == "good"
    with pytest.raises(ToolError, match="circle cannot take these arguments: a.next: 3 is not of type"):
        executor.call("circle", {"a": {"next": 3}})
    with pytest.raises(ToolError, match="announces a schema that cannot be followed"):
        executor.call("nowhere", {"a": 1})
    assert "circle(a: {next?: {next?: dict}} = ...)" in registry.reference()
    assert "bare(): bare" in registry.specs()
    assert registry.get("bare").invoke({}) == "good"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("liar", "MCP server 'rude' does not keep to its own schema"),
        ("nonsense", "MCP server 'rude': good gave what is no result"),
    ],
)
def test_a_result_that_is_none_is_told(how: str, message: str, load: Load, execute_all: Execute) -> None:
    executor = execute_all(load(mcp={"rude": rude(how)}))

    with pytest.raises(ToolError, match=message):
        executor.call("good", {})
    with pytest.raises(ToolError, match=message):
        executor.call("good", {})


def test_an_answer_that_never_comes_ends_with_its_deadline(load: Load, execute_all: Execute) -> None:
    registry = load(mcp={"rude": rude("mute", timeout=0.3), "weather": weather(only=("forecast",))})
    executor = execute_all(registry)

    with pytest.raises(ToolError, match=r"tool 'good' gave no result within 0\.3 s"):
        executor.call("good", {})
    assert executor.call("forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"


def test_a_long_result_goes_to_a_file(load: Load, tmp_path: Path) -> None:
    executor = ToolExecutor(load(mcp={"weather": weather()}), results=tmp_path)

    shown = executor.call("text", {"size": 5_000_000})

    assert len(shown) < 21_000
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [5_000_000]
    executor.close()


def test_a_server_gets_its_variables_and_none_of_ours(
    load: Load, execute_all: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret-token")
    settings = weather(args=("${MY_TOKEN}", "${NO_SUCH:-else}"), env={"TOKEN": "${MY_TOKEN}"})
    executor = execute_all(load(mcp={"weather": settings}))

    assert executor.call("variable", {"name": "TOKEN"}) == "secret-token"
    assert executor.call("variable", {"name": "MY_TOKEN"}) is None
    assert executor.call("arguments", {}) == ["secret-token", "else"]


def test_effects_are_declared_or_taken_from_a_trusted_server(load: Load) -> None:
    wary = load(mcp={"weather": weather(effects={"fore*": "pure"})})
    trusting = load(mcp={"weather": weather(trust_hints=True)})

    assert [str(traits_of(wary.get(name)).effect) for name in ("forecast", "read_file")] == ["pure", "writes"]
    assert str(traits_of(trusting.get("read_file")).effect) == "reads"


def test_tools_are_filtered_and_prefixed(load: Load, execute_all: Execute) -> None:
    registry = load(
        mcp={
            "weather": weather(only=("forecast", "die"), without=("d*",)),
            "other": weather(only=("forecast",), prefix="other_"),
            "third": weather(only=("forecast",)),
        }
    )

    assert registry.names() == ("forecast", "other_forecast")
    assert only_problem(registry).startswith("there is a tool 'forecast' already (mcp.weather)")
    assert execute_all(registry).call("other_forecast", {"city": "Oslo"}) == "Oslo: sun for 1 days"


def test_nothing_is_left_when_the_registry_is_closed() -> None:
    threads, processes = set(threading.enumerate()), children()
    files = open_files()
    servers = {"weather": weather(), "stubborn": rude("stubborn")}
    with load_tools([], ToolSources(mcp=servers)) as registry:
        executor = ToolExecutor(registry)
        left = executor.call("breed", {})
        waiting = executor.submit("wait", {"seconds": 1000})
        assert lives(left)
        executor.close()
    registry.close()

    with pytest.raises(ToolError, match="was cut off"):
        waiting.result(timeout=PATIENCE)
    with pytest.raises(ToolError, match="MCP server 'weather' was closed"):
        registry.get("forecast").invoke({"city": "Oslo"})
    assert eventually(lambda: not lives(left))
    assert children() <= processes
    assert eventually(lambda: set(threading.enumerate()) <= threads)
    assert eventually(lambda: open_files() <= files)
