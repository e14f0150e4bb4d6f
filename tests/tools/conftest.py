"""Fixtures of the tools' tests: registries and executors that are closed, and servers on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.tools import ToolContext, ToolExecutor, ToolPolicy, ToolRegistry, load_tools
from fieldcraft.tools.sources.settings import McpServer, OpenApiDocument, ToolSources

sys.path.insert(0, str(Path(__file__).parent))

from loopback import SERVERS, free_port, wait_for_port


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, for the names of the sources' tools."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(folder))
    return folder


@pytest.fixture
def load() -> Iterator[Callable[..., ToolRegistry]]:
    """Load tools and sources; what was started ends with the test."""
    loaded: list[ToolRegistry] = []

    def start(
        *wanted: str,
        mcp: dict[str, McpServer] | None = None,
        openapi: dict[str, OpenApiDocument] | None = None,
    ) -> ToolRegistry:
        loaded.append(load_tools(wanted, ToolSources(mcp=mcp or {}, openapi=openapi or {})))
        return loaded[-1]

    yield start
    for registry in loaded:
        registry.close()


@pytest.fixture
def execute() -> Iterator[Callable[..., ToolExecutor]]:
    """An executor of these functions."""
    opened: list[ToolExecutor] = []

    def start(*tools: Callable[..., Any], context: ToolContext | None = None, **policy: Any) -> ToolExecutor:
        opened.append(ToolExecutor(ToolRegistry(tools), context=context, policy=ToolPolicy(**policy)))
        return opened[-1]

    yield start
    for executor in opened:
        executor.close()


@pytest.fixture
def execute_all() -> Iterator[Callable[..., ToolExecutor]]:
    """An executor over a registry."""
    opened: list[ToolExecutor] = []

    def start(registry: ToolRegistry, **policy: Any) -> ToolExecutor:
        opened.append(ToolExecutor(registry, policy=ToolPolicy(**policy)))
        return opened[-1]

    yield start
    for executor in opened:
        executor.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Start a server of the tests on loopback; gives its origin once it listens."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str, *arguments: str, port: int | None = None) -> str:
        chosen = port or free_port()
        command = [sys.executable, str(SERVERS / script), *arguments, str(chosen)]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for_port(chosen)
        return f"http://127.0.0.1:{chosen}"

    yield start
    for process in started:
        process.kill()
        process.wait()
