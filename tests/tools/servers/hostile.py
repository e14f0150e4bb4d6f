"""An MCP server that attacks who reads it: `hostile.py HOW [http|sse PORT]`. Standard library only."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOW = sys.argv[1]
GOOD = {"name": "good", "description": "Be good.", "inputSchema": {"type": "object", "properties": {}}}
DIGITS = "9" * 10_000
DEEP = "[" * 220 + "]" * 220


def doubling(levels: int) -> dict[str, Any]:
    parts = {f"p{n}": {"allOf": [{"$ref": f"#/$defs/p{n + 1}"}] * 2} for n in range(levels)}
    parts[f"p{levels}"] = {"type": "string"}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/p0"}}, "$defs": parts}


def tool(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "description": "A tool.", "inputSchema": {"type": "object", **schema}}


BAD_TOOLS = [
    tool("deep", properties={"a": {"default": "DEEP"}}),
    tool("digits", properties={"a": {"maximum": "DIGITS"}}),
    tool("none", properties={"a": {"default": "NAN"}}),
    {"name": "doubling", "inputSchema": doubling(60)},
    {"name": "half\ud800", "description": "Half a character: \ud83d", "inputSchema": {"type": "object"}},
    tool("long" * 1_000),
    tool("wordy", description="x" * 5_000_000),
    tool("listed", properties=["a"]),
    tool("required", required=[7]),
    tool("dialect", **{"$schema": {}}),
]
RESULTS: dict[str, str] = {
    "lists": "[" + "[]," * 5_000_000 + "0]",
    "objects": '{"a":' + '{"a":{}},'.join(['"b":'] * 10) + "1}",
    "deep": DEEP,
    "digits": DIGITS,
    "nan": "NaN",
    "half": '"\\ud83d"',
    "long": '"' + "x" * 20_000_000 + '"',
}


def result(method: str, params: dict[str, Any]) -> str:
    if method == "initialize":
        version = params["protocolVersion"]
        return json.dumps(
            {
                "protocolVersion": version,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "hostile", "version": "1"},
            }
        )
    if method == "tools/list":
        tools: list[Any] = [GOOD]
        if HOW == "tools":
            tools += BAD_TOOLS
        if HOW == "crowd":
            tools += [tool(f"tool_{number}") for number in range(5_000)]
        if HOW == "outputs":
            tools[0] = {**GOOD, "outputSchema": doubling(60)}
        text = json.dumps({"tools": tools})
        for word, value in (("DEEP", DEEP), ("DIGITS", DIGITS), ("NAN", "NaN")):
            text = text.replace(f'"{word}"', value)
        if HOW == "pages":
            text = json.dumps({"tools": [tool(f"tool_{len(params)}")], "nextCursor": "x" * 1_000_000})
        return text
    if HOW == "outputs":
        return json.dumps({"content": [], "structuredContent": {"a": "b"}})
    told = RESULTS.get(HOW, '"good"')
    if HOW == "error":
        text = json.dumps("\x1b[2J" + "no " * 1_000_000)
        return f'{{"isError": true, "content": [{{"type": "text", "text": {text}}}]}}'
    return f'{{"content": [], "structuredContent": {{"result": {told}}}}}'


def answer(message: dict[str, Any]) -> str:
    told = result(message["method"], message.get("params") or {})
    return f'{{"jsonrpc": "2.0", "id": {json.dumps(message["id"])}, "result": {told}}}'


def over_pipes() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message or "method" not in message:
            continue
        if HOW == "chatter" and message["method"] == "tools/call":
            ping = '{"jsonrpc": "2.0", "id": "p", "method": "ping"}\n'
            note = '{"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x"}}\n'
            print((ping + note) * 50_000, flush=True)
        print(answer(message), flush=True)


class Elsewhere(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in message or "method" not in message:
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = answer(message).encode()
        if sys.argv[2] == "sse":
            body = b"event: message\r\ndata: " + body + b"\r\n\r\n"
        self.send_response(200)
        kind = "text/event-stream" if sys.argv[2] == "sse" else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if HOW == "gzip" and message["method"] == "tools/call":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(405)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    if len(sys.argv) > 2:
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Elsewhere).serve_forever()
    over_pipes()
