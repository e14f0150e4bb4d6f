"""An MCP server of the tests, by the official SDK: on stdio, or as `http PORT` or `sse PORT` says."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("weather", log_level="WARNING")


@server.tool()
def forecast(city: str, days: int = 1) -> str:
    """Say what the weather will be."""
    return f"{city}: sun for {days} days"


@server.tool(name="read-file", annotations=ToolAnnotations(read_only_hint=True))
def read_file(path: str) -> dict[str, str]:
    """Read a file, or say so."""
    return {"path": path}


@server.tool()
def awkward(config: str, run_manager: int, self: int) -> str:
    """Take arguments whose names mean something elsewhere."""
    return f"{config} {run_manager} {self}"


@server.tool()
def count(number: int) -> list[int]:
    """Count."""
    return list(range(number))


@server.tool()
def picture() -> Image:
    """Draw."""
    return Image(data=b"not really", format="png")


@server.tool()
def text(size: int) -> str:
    """Give a text."""
    return "x" * size


@server.tool()
def variable(name: str) -> str | None:
    """Say what a variable holds."""
    return os.environ.get(name)


@server.tool()
def arguments() -> list[str]:
    """Say how the server was started."""
    return sys.argv[1:]


@server.tool()
async def header(context: Context, name: str) -> str | None:
    """Say what a header holds."""
    return context.headers.get(name) if context.headers else None


@server.tool()
def die(code: int) -> str:
    """End in the middle."""
    print("giving up", file=sys.stderr, flush=True)
    os._exit(code)


@server.tool()
def wait(seconds: float) -> str:
    """Wait."""
    time.sleep(seconds)
    return "waited"


@server.tool()
def breed() -> int:
    """Start a process and leave it."""
    return subprocess.Popen(["sleep", "1000"]).pid


@server.tool()
def process() -> int:
    """Say which process this is."""
    return os.getpid()


if __name__ == "__main__":
    if sys.argv[1:2] == ["http"]:
        server.run("streamable-http", port=int(sys.argv[2]))
    elif sys.argv[1:2] == ["sse"]:
        server.run("sse", port=int(sys.argv[2]))
    else:
        server.run()
