"""The `mcpServers` JSON that other clients keep is read as it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import SERVERS
from pydantic import ValidationError

from fieldcraft.tools import BrokenTool, ToolRegistry
from fieldcraft.tools.sources.mcp.config import server_of, servers_of
from fieldcraft.tools.sources.settings import McpServer, filled

Load = Callable[..., ToolRegistry]


@pytest.mark.parametrize(
    ("entry", "server"),
    [
        (
            {"command": "npx", "args": ["-y", "files"], "env": {"DEBUG": 1}, "alwaysAllow": ["read"]},
            McpServer(command="npx", args=("-y", "files"), env={"DEBUG": "1"}),
        ),
        ({"type": "stdio", "command": "a", "cwd": "/tmp"}, McpServer(command="a", type="stdio", cwd="/tmp")),
        (
            {"type": "http", "url": "https://a/mcp", "headers": {"Authorization": "Bearer ${KEY}"}},
            McpServer(type="http", url="https://a/mcp", headers={"Authorization": "Bearer ${KEY}"}),
        ),
        ({"type": "streamableHttp", "url": "https://a"}, McpServer(type="http", url="https://a")),
        ({"transport": "streamable-http", "url": "https://a"}, McpServer(type="http", url="https://a")),
        ({"type": "sse", "url": "https://a"}, McpServer(type="sse", url="https://a")),
        ({"serverUrl": "https://a"}, McpServer(url="https://a")),
        ({"httpUrl": "https://a", "timeout": 5000, "trust": True}, McpServer(url="https://a")),
    ],
)
def test_entries_of_many_clients(entry: dict[str, Any], server: McpServer) -> None:
    assert server_of(entry) == server


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("npx files", "its entry is not an object with command, args, env or url"),
        ({}, "either a command to start or a url"),
        ({"command": "a", "url": "https://a"}, "either a command to start or a url"),
        ({"command": "a", "type": "http"}, "type stdio goes with a command"),
        ({"command": ["a", "b"]}, "command: must be a text"),
        ({"url": "https://a", "type": "carrier pigeon"}, "type: must be"),
    ],
)
def test_an_entry_that_cannot_be_used_says_why(entry: object, words: str) -> None:
    problem = server_of(entry)

    assert isinstance(problem, BrokenTool)
    assert words in str(problem)


def test_disabled_servers_are_left_out() -> None:
    data = {"mcpServers": {"a": {"command": "a", "disabled": True}, "b": {"command": "b"}}}

    assert list(servers_of(data)) == ["b"]


def test_a_file_by_its_name_alone(load: Load, tmp_path: Path) -> None:
    weather = {"command": sys.executable, "args": [str(SERVERS / "weather.py")]}
    file = tmp_path / ".mcp.json"
    file.write_text(json.dumps({"mcpServers": {"weather": weather, "broken": {}}}))

    registry = load(str(file))

    assert "forecast" in registry
    assert registry.origin("forecast") == "mcp.weather"
    assert [problem.name for problem in registry.problems] == ["mcp.broken"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is not JSON: "),
        ("[" * 100_000, "is not JSON: "),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    content: str | None, words: str, load: Load, tmp_path: Path
) -> None:
    file = tmp_path / "servers.json"
    if content is not None:
        file.write_text(content)

    registry = load("calculator", str(file))

    assert registry.names() == ("calculator",)
    assert registry.problems[0].name == str(file)
    assert words in registry.problems[0].message


def test_variables_are_filled_in_as_clients_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY", "Oslo")
    monkeypatch.delenv("NO_SUCH", raising=False)

    assert filled("${CITY} ${env:CITY} ${NO_SUCH:-else} $CITY {CITY}") == "Oslo Oslo else $CITY {CITY}"
    assert filled("${workspaceFolder}:${userHome}") == f"{Path.cwd()}:{Path.home()}"
    with pytest.raises(BrokenTool, match="the environment variable NO_SUCH is not set"):
        filled("${NO_SUCH}")
    with pytest.raises(BrokenTool, match=r"\$\{input:key\} is an editor's input variable"):
        filled("${input:key}")


def test_settings_of_ours_are_read_strictly() -> None:
    with pytest.raises(ValidationError, match="comand"):
        McpServer.model_validate({"comand": "npx"})
