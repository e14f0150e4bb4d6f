"""An MCP server written by hand that misbehaves as its arguments say. Standard library only."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

HOW = set(sys.argv[1:])
FINE = {"type": "object", "properties": {}}
TOOLS: list[dict[str, Any]] = [{"name": "good", "description": "Be good.", "inputSchema": FINE}]
if "schemas" in HOW:
    TOOLS += [
        {"name": "bare", "inputSchema": {"type": "object"}},
        {"name": "no-object", "inputSchema": {"type": "array"}},
        {"name": "bad-type", "inputSchema": {"type": "object", "properties": {"a": {"type": "wish"}}}},
        {"name": "nowhere", "inputSchema": {**FINE, "properties": {"a": {"$ref": "#/$defs/b"}}}},
        {
            "name": "circle",
            "inputSchema": {
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/node"}},
                "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
            },
        },
        {"name": "good", "description": "Be good again.", "inputSchema": FINE},
        {"name": "häh?!", "inputSchema": FINE},
        {"name": "!!", "inputSchema": FINE},
    ]
if "liar" in HOW:
    TOOLS[0]["outputSchema"] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "rude", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": TOOLS, **({"nextCursor": "again"} if "endless" in HOW else {})}
    if method == "tools/call" and "liar" in HOW:
        return {"content": [], "structuredContent": {"n": "no number"}}
    if method == "tools/call" and "nonsense" in HOW:
        return {"content": "what?"}
    return {"content": [{"type": "text", "text": "good"}]}


if "silent" in HOW:
    print("I am thinking", file=sys.stderr, flush=True)
    time.sleep(1000)
if "flood" in HOW:
    while True:
        sys.stdout.write("x" * (1 << 20))
if "junk" in HOW:
    print("Welcome to the rude server! \x1b[2J", flush=True)
    sys.stdout.buffer.write(b"\xff\xfe\x00\n")
for line in sys.stdin:
    message = json.loads(line)
    if "junk" in HOW:
        print("got", message.get("method"), flush=True)
    if "id" in message:
        if message["method"] == "tools/call" and "mute" in HOW:
            continue
        result = answer(message["method"], message.get("params") or {})
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
if "stubborn" in HOW:
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)
