"""Ten thousand calls of tools that raise, hang and kill their server: all answered, nothing left. JSON.

Run: `python benchmarks/tool_faults.py`. Of the calls 10 % raise, 2 % hang in a process of their own until
their deadline, 0.2 % kill their MCP server, and a tenth of the others go to that server. The exit code is 1
where a call had no outcome, an outcome was not the one that the call must have, or something was left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from fieldcraft.tools import ToolError, ToolExecutor, ToolPolicy, declare, load_tools
from fieldcraft.tools.sources.settings import McpServer, ToolSources

SERVER = """
import os
from mcp.server.mcpserver import MCPServer
server = MCPServer("faults", log_level="WARNING")

@server.tool()
def double(number: int) -> int:
    "Double a number."
    return number * 2

@server.tool()
def kill_server(number: int) -> int:
    "End the server in the middle of the call."
    os._exit(number % 100)

server.run()
"""
IN_FLIGHT = 8
HANG_SECONDS = 0.5
SETTLING_SECONDS = 10.0
ANSWERED, TOLD = "answered", "its error told"


@declare(effect="reads")
def square(number: int) -> int:
    """Square a number."""
    return number * number


@declare(effect="reads")
def fail(number: int) -> int:
    """Fail."""
    raise ValueError(f"no luck with {number}")


@declare(effect="reads", isolation="process", timeout=HANG_SECONDS)
def hang(number: int) -> int:
    """Hang."""
    time.sleep(1_000 + number)
    return number


EXPECTED = {"square": ANSWERED, "double": ANSWERED, "fail": TOLD, "hang": TOLD, "kill_server": TOLD}


def main() -> int:
    """Call, count, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="500 calls.")
    calls = 500 if parser.parse_args().quick else 10_000
    before = _footprint()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "server.py"
        script.write_text(SERVER)
        server = McpServer(command=sys.executable, args=(str(script),))
        began = time.perf_counter()
        with load_tools([], ToolSources(mcp={"faults": server})) as registry:
            for tool in (square, fail, hang):
                registry.add(tool)
            executor = ToolExecutor(registry, policy=ToolPolicy(calls_per_task=10**9, same_failures=10**9))
            outcomes = _call_all(executor, _calls(calls))
            executor.close()
        seconds = time.perf_counter() - began
    after = _settled(before)
    told = Counter(f"{name}: {outcome}" for name, outcome, _ in outcomes)
    # A call beside one that kills the server is cut off with it, and told so.
    wrong = [
        error
        for name, outcome, error in outcomes
        if outcome != EXPECTED[name] and not (name == "double" and "ended in the middle" in error)
    ]
    left = {name: after[name] - before[name] for name in before}
    report = {
        "calls": calls,
        "seconds": round(seconds, 1),
        "outcomes": dict(sorted(told.items())),
        "without_an_outcome": calls - len(outcomes),
        "with_a_wrong_outcome": len(wrong),
        "wrong": wrong[:5],
        "left": left,
    }
    print(json.dumps(report, indent=2))
    return int(len(outcomes) != calls or bool(wrong) or any(count > 0 for count in left.values()))


def _calls(count: int) -> list[tuple[str, int]]:
    names = ["fail"] * (count // 10) + ["hang"] * (count // 50) + ["kill_server"] * max(count // 500, 1)
    sound = count - len(names)
    names += ["double"] * (sound // 10) + ["square"] * (sound - sound // 10)
    random.Random(7).shuffle(names)
    return [(name, number) for number, name in enumerate(names)]


def _call_all(executor: ToolExecutor, calls: list[tuple[str, int]]) -> list[tuple[str, str, str]]:
    """(tool, outcome, error) of each call; so many are in flight as the executor has threads."""
    running: dict[Future[Any], str] = {}
    outcomes: list[tuple[str, str, str]] = []
    for name, number in calls:
        if len(running) >= IN_FLIGHT:
            outcomes += _take(running)
        running[executor.submit(name, {"number": number})] = name
    while running:
        outcomes += _take(running)
    return outcomes


def _take(running: dict[Future[Any], str]) -> Iterator[tuple[str, str, str]]:
    done, _ = wait(running, timeout=120, return_when=FIRST_COMPLETED)
    if not done:
        raise RuntimeError(f"no outcome within two minutes: {Counter(running.values())}")
    for future in done:
        name, error = running.pop(future), future.exception()
        if error is None:
            yield name, ANSWERED, ""
        else:
            yield name, TOLD if isinstance(error, ToolError) else type(error).__name__, str(error)


def _settled(before: dict[str, int]) -> dict[str, int]:
    """What is there once threads that were told to end have ended."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while any(now > before[name] for name, now in _footprint().items()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return _footprint()


def _footprint() -> dict[str, int]:
    return {
        "processes": len(_descendants()),
        "threads": threading.active_count(),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
    }


def _descendants() -> set[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family - {os.getpid()}


if __name__ == "__main__":
    sys.exit(main())
