"""A web API in this process that records each request as it came, and answers as a test asks it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request


@dataclass(frozen=True)
class Sent:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.path).query, keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The pairs of an urlencoded body."""
        return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body))

    def parts(self) -> list[tuple[str, str | None, str | None, bytes]]:
        """Name, file name, content type and content of each part of a multipart form, read by Starlette."""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def read() -> list[tuple[str, str | None, str | None, bytes]]:
            headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
            request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
            found: list[tuple[str, str | None, str | None, bytes]] = []
            async with request.form() as form:
                for name, value in form.multi_items():
                    if isinstance(value, str):
                        found.append((name, None, None, value.encode()))
                    else:
                        found.append((name, value.filename, value.content_type, await value.read()))
            return found

        return asyncio.run(read())


@dataclass
class Api:
    """The recorded requests, and what is answered."""

    url: str = ""
    sent: list[Sent] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None

    @property
    def last(self) -> Sent:
        return self.sent[-1]


def answering(content: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer with these headers (`_` for `-`); `Content_Length` may lie."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


@contextmanager
def recording() -> Iterator[Api]:
    """A server on loopback until the block ends."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            api.sent.append(Sent(self.command, self.path, headers, body))
            (api.answer or answering(b"{}", Content_Type="application/json"))(self)

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_any)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def written(folder: Path, paths: dict[str, Any], **more: Any) -> str:
    """The path of a document with these paths."""
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, **more}
    file = folder / "api.json"
    file.write_text(json.dumps(document))
    return str(file)


def taking(content: dict[str, Any], method: str = "post", **more: Any) -> dict[str, Any]:
    """A path with one operation, `send`, that takes a body."""
    return {method: {"operationId": "send", "requestBody": {"content": content}, **more}}
