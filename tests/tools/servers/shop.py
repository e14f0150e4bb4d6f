"""A web API of the tests: it answers with what it was sent, and in odd ways where its path asks for them."""

from __future__ import annotations

import gzip
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

DOCUMENT = Path(__file__).with_name("shop.yaml")


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tries = 0

    def answer(
        self, status: int = 200, kind: str = "application/json", content: bytes = b"", **more: str
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def echo(self, body: bytes) -> None:
        told = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(),
        }
        self.answer(content=json.dumps(told).encode())

    def handle_any(self) -> None:  # noqa: PLR0912 - one case for each odd answer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        match path.rpartition("/")[2]:
            case "openapi.yaml":
                self.answer(kind="application/yaml", content=DOCUMENT.read_bytes())
            case "missing":
                self.answer(404, content=b'{"detail": "no such pet"}')
            case "locked":
                self.answer(401, kind="text/plain", content=b"who are you?")
            case "nonsense":
                self.answer(content=b"{not json")
            case "picture":
                self.answer(kind="image/png", content=b"\x89PNG\x00\xff")
            case "nothing":
                self.answer(204)
            case "huge":
                self.answer(content=json.dumps("x" * 20_000_000).encode())
            case "enormous":
                self.answer(content=json.dumps("x" * 40_000_000).encode())
            case "bomb":
                packed = gzip.compress(b"0" * 500_000_000, 1)
                self.answer(content=packed, **{"Content-Encoding": "gzip"})
            case "deep":
                self.answer(content=b"[" * 220 + b"]" * 220)
            case "wander":
                self.answer(307, Location=f"{sys.argv[1]}/landed")
            case "never":
                time.sleep(1000)
            case "heavy.yaml":
                packed = gzip.compress(b"0" * 500_000_000, 1)
                self.answer(302, content=packed, **{"Content-Encoding": "gzip", "Location": "openapi.yaml"})
            case "wandering.yaml":
                self.answer(302, Location=f"{sys.argv[1]}/openapi.yaml")
            case "away":
                self.answer(302, Location="http://127.0.0.1:9/pets")
            case "round":
                self.answer(307, Location=self.path)
            case "slash":
                self.answer(307, Location=f"{path}ed")
            case "busy":
                Shop.tries += 1
                self.answer(503 if Shop.tries % 2 else 200, content=b'"at last"')
            case "hangup":
                self.close_connection = True
            case _:
                self.echo(body)

    def log_message(self, *_: object) -> None:
        pass


for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"):
    setattr(Shop, f"do_{method}", Shop.handle_any)

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[-1])), Shop).serve_forever()
