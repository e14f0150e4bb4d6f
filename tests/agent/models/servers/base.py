"""What the servers share: HTTP, the script, and what is asked and said apart from any protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass(frozen=True)
class Call:
    """A tool call that the model asks for.

    Attributes:
        arguments: an object; `raw` is sent in its place where it is not `...`.
        signature: what the provider wants back with this call.
        extra: more members of the call's object, in the protocol's own form.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str | None = "call_1"
    signature: str = ""
    raw: Any = ...
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What the model says.

    Attributes:
        reasoning: beside the text, in the protocol's own place for it.
        signature: what the provider wants back with the reasoning.
        content: the content in the protocol's own form, in the place of text, reasoning and calls.
        extra: more members of the message's object.
        wanted: those of them that must come back with the tool calls.
        cut: bytes of the body after which the connection ends.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    reasoning: str = ""
    signature: str = ""
    content: Any = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    finish: str = "stop"
    cut: int | None = None


@dataclass(frozen=True)
class Asked:
    """A request: the texts of its turns in one, the outcomes of tool calls, its number, and the model."""

    text: str
    tools: tuple[str, ...]
    outcomes: tuple[str, ...]
    number: int
    model: str


class Refused(Exception):
    """The request is refused, in the provider's words."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


Script = Callable[[Asked], Said]


class ProtocolServer(ThreadingHTTPServer):
    """A server of one protocol on a port of its own.

    Attributes:
        name: of a model that `resolve_model` connects to it, given `url` as `base_url`; any name goes.
        bodies: the requests, decoded.
        refusals: the messages of those that were refused.
        issued: what was said with tool calls, in order.
    """

    daemon_threads = True
    name: ClassVar[str]
    content_type: ClassVar[str] = "application/json"

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.bodies: list[dict[str, Any]] = []
        self.refusals: list[str] = []
        self.issued: list[Said] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def reply(self, body: dict[str, Any]) -> tuple[int, bytes, int | None]:
        """Status, bytes, and where they are cut."""
        self.bodies.append(body)
        try:
            said = self.script(self.read(body))
        except Refused as refusal:
            self.refusals.append(str(refusal))
            return refusal.status, json.dumps(self.error(str(refusal), refusal.status)).encode(), None
        if said.calls:
            self.issued.append(said)
        return 200, self.write(said, body), said.cut

    def issued_with(self, names: list[str], arguments: list[Any]) -> Said | None:
        """The latest answer that asked for these calls, in this order."""
        for said in reversed(self.issued):
            if [call.name for call in said.calls] == names and all(
                given == call.arguments or call.raw is not ...
                for call, given in zip(said.calls, arguments, strict=True)
            ):
                return said
        return None

    def read(self, body: dict[str, Any]) -> Asked:
        """What is asked; raises `Refused` for what the provider would refuse."""
        raise NotImplementedError

    def write(self, said: Said, body: dict[str, Any]) -> bytes:
        """The answer's body."""
        raise NotImplementedError

    def error(self, message: str, status: int) -> dict[str, Any]:
        """The error's body."""
        raise NotImplementedError


class _Handler(BaseHTTPRequestHandler):
    server: ProtocolServer
    # One connection a request: none is left open in a client's pool when the test ends.
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # Gemini has the model in the path: /v1beta/models/NAME:generateContent
        body.setdefault("model", self.path.rpartition("/")[2].partition(":")[0])
        status, data, cut = self.server.reply(body)
        self.send_response(status)
        self.send_header("Content-Type", self.server.content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if cut is None else data[:cut])

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the test's standard error."""
