"""A loopback server that speaks the OpenAI chat API, well or badly, as each test scripts it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: ChatServer
    # One connection a request: none is left open in a client's pool when the test ends.
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, json.loads(body)))
        index = min(len(self.server.requests), len(self.server.replies)) - 1
        self.server.replies[index](self)

    def send_body(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the test's standard error."""


class ChatServer(ThreadingHTTPServer):
    """Answers the n-th request with the n-th reply, and every later one with the last.

    Attributes:
        requests: path, headers (lower case) and decoded body of each request.
    """

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = replies
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


def says(text: str, *, tokens: tuple[int, int] | None = (11, 3), finish: str = "stop") -> Reply:
    """A good answer; `tokens` are those of the prompt and of the answer, or not reported."""
    body: dict[str, Any] = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
    }
    if tokens is not None:
        body["usage"] = {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
        }
    return sends(200, json.dumps(body).encode())


def calls(*wanted: tuple[str, str], text: str = "") -> Reply:
    """A wish for tool calls, each a name and its arguments as the model wrote them (JSON, or not)."""
    made = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(wanted, 1)
    ]
    body = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text or None, "tool_calls": made},
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
    }
    return sends(200, json.dumps(body).encode())


def fails(status: int, message: str = "no", code: str = "", **headers: str) -> Reply:
    """An error in the API's form."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
    return sends(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def sends(status: int, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    """These bytes, whatever they are."""
    return lambda handler: handler.send_body(status, body, headers)


def cuts_off(handler: Handler) -> None:
    """Half an answer, and then no connection."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "chat-1", "choices": [{"index": 0, "mess')


def hangs(handler: Handler) -> None:
    """Nothing, until the server stops."""
    handler.server.released.wait()


def drips(handler: Handler) -> None:
    """A byte now and then, so that no pause is ever long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.released.wait(0.05):
        try:
            handler.wfile.write(b" ")
        except OSError:
            break
