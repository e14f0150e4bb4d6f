"""Web APIs of a run: their operations as tools, and the connections that these share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from fieldcraft.common.redaction import redact
from fieldcraft.tools.background import BackgroundLoop
from fieldcraft.tools.errors import BrokenTool, ToolError, TransientToolError
from fieldcraft.tools.sources.openapi.credentials import Credentials
from fieldcraft.tools.sources.openapi.document import Document, read
from fieldcraft.tools.sources.openapi.operations import Operation, operations_of
from fieldcraft.tools.sources.openapi.requests import request_for
from fieldcraft.tools.sources.openapi.servers import Servers
from fieldcraft.tools.sources.remote import RemoteTool
from fieldcraft.tools.sources.settings import OpenApiDocument, filled
from fieldcraft.tools.traits import Effect, ToolTraits

LARGEST_RESULT = 1 << 28
"""Bytes of an answer."""
MOST_REDIRECTS = 5
_SECONDS = 30.0
_LONGEST_COMPLAINT = 1_000
_EFFECTS = {
    **dict.fromkeys(("GET", "HEAD", "OPTIONS", "TRACE"), Effect.READS),
    **dict.fromkeys(("PUT", "DELETE"), Effect.IDEMPOTENT),
}
_FOR_A_WHILE = {429, 502, 503, 504}


class WebApis:
    """Opens documents, and sends requests until it is closed."""

    def __init__(self) -> None:
        self._loop = BackgroundLoop("fieldcraft-openapi")
        self._clients: list[httpx.AsyncClient] = []

    def open(self, settings: OpenApiDocument) -> Iterator[RemoteTool | tuple[str, BrokenTool]]:
        """The operations of a document as tools; for one that cannot be had, its place and why.

        Raises:
            BrokenTool: the document cannot be read, or no server that it names is allowed.
        """
        document = read(filled(settings.document))
        seconds = settings.timeout or _SECONDS
        client = httpx.AsyncClient(timeout=httpx.Timeout(seconds), follow_redirects=False)
        api = _Api(document, settings, client)
        self._clients.append(client)
        return self._tools(api, settings)

    def close(self) -> None:
        """End the connections. Safe to call twice."""
        clients, self._clients = self._clients, []
        for client in clients:
            self._loop.submit(client.aclose()).result(_SECONDS)
        self._loop.close()

    def _tools(self, api: _Api, settings: OpenApiDocument) -> Iterator[RemoteTool | tuple[str, BrokenTool]]:
        for operation in operations_of(api.document):
            if not isinstance(operation, Operation):
                yield operation
                continue
            try:
                server = api.servers.of_operation(operation.servers) if operation.servers else api.server
            except BrokenTool as error:
                yield operation.name, error
                continue
            effect = settings.effect_of(operation.name, _EFFECTS.get(operation.method, Effect.WRITES))
            yield RemoteTool(
                partial(self._call, api, operation, server),
                name=operation.name,
                description=operation.description,
                schema=dict(operation.schema),
                traits=ToolTraits(effect=effect, isolation="async", timeout=settings.timeout),
            )

    def _call(self, api: _Api, operation: Operation, server: str, arguments: dict[str, Any]) -> Future[Any]:
        try:
            return self._loop.submit(api.call(operation, server, arguments))
        except RuntimeError as error:
            raise ToolError(f"the web API of {operation.name} was closed") from error


class _Api:
    """One document's API."""

    def __init__(self, document: Document, settings: OpenApiDocument, client: httpx.AsyncClient) -> None:
        self.document = document
        self.servers = Servers(document, settings)
        self.server = self.servers.default()
        self._headers = {name: filled(value) for name, value in settings.headers.items()}
        self._credentials = Credentials(document, settings.credentials)
        self._client = client

    async def call(self, operation: Operation, server: str, arguments: dict[str, Any]) -> Any:
        """Send the request of a call; the answer as data.

        Raises:
            ToolError: the request could not be sent, or was refused.
        """
        credentials = self._credentials.for_operation(operation.security)
        request = request_for(operation, server, arguments, headers=self._headers, credentials=credentials)
        try:
            answer = await self._sent(request)
        except httpx.HTTPError as error:
            raise _unsent(operation, request, error) from error
        return self._data(operation, answer)

    async def _sent(self, request: httpx.Request) -> _Answer:
        """The answer, read whole; redirections are followed as far as they are allowed."""
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._client.send(request, stream=True)
            try:
                following = response.next_request
                if following is None or not self.servers.allows(str(following.url)):
                    return _Answer(response, await _read(response))
            finally:
                await response.aclose()
            request = following
        raise ToolError(f"{request.url} redirects without end")

    def _data(self, operation: Operation, answer: _Answer) -> Any:
        if not answer.response.is_success:
            raise self._refused(operation, answer)
        kind = answer.response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not answer.content:
            return None
        if "json" in kind or not kind:
            try:
                return json.loads(answer.content)
            except (ValueError, RecursionError):
                return answer.text
        if kind.startswith("text/") or kind.endswith(("xml", "yaml", "javascript", "x-www-form-urlencoded")):
            return answer.text
        return f"[{kind} of {len(answer.content):,} bytes, not shown]"

    def _refused(self, operation: Operation, answer: _Answer) -> ToolError:
        response = answer.response
        status = f"{response.status_code} {response.reason_phrase}".strip()
        told = f"{operation.method} {response.request.url.path} answered {status}"
        if response.is_redirect:
            place = redact(response.headers.get("location", "nowhere"))[:300]
            return ToolError(f"{told}: it leads to {place}, which is not allowed")
        if response.status_code in {401, 403}:
            told += self._credentials.hint(operation.security)
        if words := redact(" ".join(answer.text[: 10 * _LONGEST_COMPLAINT].split()))[:_LONGEST_COMPLAINT]:
            told += f": {words}"
        again = operation.method in _EFFECTS and response.status_code in _FOR_A_WHILE
        return TransientToolError(told) if again else ToolError(told)


@dataclass(frozen=True)
class _Answer:
    """A response, and what it carries."""

    response: httpx.Response
    content: bytes

    @property
    def text(self) -> str:
        try:
            return self.content.decode(self.response.charset_encoding or "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


async def _read(response: httpx.Response) -> bytes:
    """What the response carries, up to a limit.

    Raises:
        ToolError: it is longer.
    """
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST_RESULT:
            raise ToolError(f"{response.request.url} answered more than {LARGEST_RESULT:,} bytes")
    return bytes(content)


def _unsent(operation: Operation, request: httpx.Request, error: httpx.HTTPError) -> ToolError:
    """Why there is no answer. What never reached the server may be sent again."""
    place = f"{request.url.scheme}://{request.url.netloc.decode('ascii', 'replace')}"
    told = f"{operation.name}: {place} gave no answer: {str(error) or type(error).__name__}"
    safe = isinstance(error, httpx.ConnectError) or operation.method in _EFFECTS
    return TransientToolError(told) if safe else ToolError(told)
