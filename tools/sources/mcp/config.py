"""Read the `mcpServers` JSON files of other clients."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fieldcraft.common.data import DataError, Limits, bounded, read_json_parts
from fieldcraft.common.files import UnsafeFile, read_file
from fieldcraft.common.invalid import in_words
from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.arguments import one_line
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.settings import McpServer

MOST_SERVERS = 200
"""The most servers of one file; further ones are not started."""
_LIMITS = Limits(size=16_000_000, items=600_000)
"""The limits of an OpenAPI document, since the file may be one."""
_ENTRY = Limits(depth=8, items=2_000)
_TABLES = ("mcpServers", "servers")
_URLS = ("url", "serverUrl", "httpUrl")
_TYPES = ("type", "transport", "transportType")
_KNOWN = ("command", "args", "env", "cwd", "headers")
_HTTP = ("http", "streamablehttp")


def is_mcp_configuration(data: object) -> bool:
    """Whether a JSON document configures MCP servers, under `mcpServers`, or `servers` as in editors."""
    return isinstance(data, Mapping) and any(isinstance(data.get(key), Mapping) for key in _TABLES)


def servers_of(data: Mapping[str, Any]) -> dict[str, McpServer | BrokenTool]:
    """The enabled servers of a configuration by name; for an unreadable entry, the reason."""
    table = next(data[key] for key in _TABLES if isinstance(data.get(key), Mapping))
    wanted = (
        (name, entry)
        for name, entry in table.items()
        if not (isinstance(entry, Mapping) and entry.get("disabled") is True)
    )
    return {visible_line(name, 100): server_of(entry) for name, entry in islice(wanted, MOST_SERVERS)}


def server_of(entry: object) -> McpServer | BrokenTool:
    """Read one entry; keys that only other clients know are ignored."""
    if not isinstance(entry, Mapping):
        return BrokenTool("its entry is not an object with command, args, env or url")
    try:
        known = {key: bounded(entry[key], _ENTRY) for key in _KNOWN if entry.get(key) is not None}
    except DataError as error:
        return BrokenTool(f"its entry cannot be used: {error}")
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
        found = ((detail["loc"], in_words(detail)) for detail in error.errors(include_url=False))
        return BrokenTool(f"its entry cannot be used: {one_line(found)}")


def read_configuration(path: Path) -> Any:
    """Read the JSON document in a file.

    Raises:
        BrokenTool: the file cannot be read, or is not JSON.
    """
    try:
        return read_json_parts(read_file(path), _LIMITS)
    except UnsafeFile as error:
        raise BrokenTool(str(error)) from error
    except OSError as error:
        raise BrokenTool(f"{path} cannot be read: {error.strerror}") from error
    except DataError as error:
        raise BrokenTool(f"{path} is not JSON: {error}") from error
