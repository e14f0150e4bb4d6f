"""The `mcpServers` JSON of other clients, read as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fieldcraft.tools.arguments import complaints
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.settings import McpServer

_TABLES = ("mcpServers", "servers")
_URLS = ("url", "serverUrl", "httpUrl")
_TYPES = ("type", "transport", "transportType")
_HTTP = ("http", "streamablehttp")


def is_mcp_configuration(data: object) -> bool:
    """Whether a JSON document is one of MCP servers: `mcpServers`, or `servers` as an editor writes it."""
    return isinstance(data, Mapping) and any(isinstance(data.get(key), Mapping) for key in _TABLES)


def servers_of(data: Mapping[str, Any]) -> dict[str, McpServer | BrokenTool]:
    """The servers of a configuration by name, without disabled ones; for one that cannot be read, why."""
    table = next(data[key] for key in _TABLES if isinstance(data.get(key), Mapping))
    return {
        str(name): server_of(entry)
        for name, entry in table.items()
        if not (isinstance(entry, Mapping) and entry.get("disabled") is True)
    }


def server_of(entry: object) -> McpServer | BrokenTool:
    """One entry. What other clients know and this one does not is passed over."""
    if not isinstance(entry, Mapping):
        return BrokenTool("its entry is no object of command, args, env or url")
    known = {
        key: entry[key] for key in ("command", "args", "env", "cwd", "headers") if entry.get(key) is not None
    }
    known["url"] = next((entry[key] for key in _URLS if entry.get(key)), None)
    kind = next((entry[key] for key in _TYPES if entry.get(key)), None)
    if isinstance(kind, str):
        plain = kind.lower().replace("-", "").replace("_", "")
        known["type"] = "http" if plain in _HTTP else plain
    if isinstance(environment := known.get("env"), Mapping):
        known["env"] = {name: str(value) for name, value in environment.items() if value is not None}
    try:
        return McpServer.model_validate(known)
    except ValidationError as error:
        return BrokenTool(f"its entry cannot be used: {complaints(error)}")


def read_json(path: Path) -> Any:
    """The JSON document in a file.

    Raises:
        BrokenTool: there is none.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BrokenTool(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BrokenTool(f"{path} is not JSON: {error}") from error
