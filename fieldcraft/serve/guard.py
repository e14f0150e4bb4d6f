"""Who is served: only requests with the token, made by a page of this server, to a name of this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'sha256-{style}'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer says: nothing is loaded from elsewhere, framed, guessed, kept or passed on.

Of the styles in a page only the server's own counts, by its digest `style`.
"""


class Guard:
    """Refuses all requests whose path does not begin with the token, and those of other sites' pages.

    The token stands in the path and not in a cookie, which browsers send to every port of a machine.

    Args:
        app: what is guarded.
        token: what every path begins with.
        style: the style sheet that pages carry.
    """

    def __init__(self, app: ASGIApp, *, token: str, style: str) -> None:
        self._app = app
        self._token = token
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._headers = {name: value.replace("{style}", digest) for name, value in HEADERS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, self._with_headers(send))
        else:
            await send({"type": "websocket.close"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = scope["path"].split("/", 2)[1] if "/" in scope["path"] else ""
        if hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode()) and _is_ours(scope):
            await self._app(scope, receive, send)
        else:
            refusal = PlainTextResponse("Open the address that `fieldcraft serve` printed.\n", 403)
            await refusal(scope, receive, send)

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        return sending


def _is_ours(scope: Scope) -> bool:
    """Whether the request is to a name of this machine, and no page of another site makes it do something.

    A name that leads to this machine only for now (DNS rebinding) is not one of ours.
    """
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name not in OWN_NAMES:
        return False
    if scope["method"] in {"GET", "HEAD"}:
        return True
    origin = headers.get("origin")
    return origin is None or origin == f"http://{host}"
