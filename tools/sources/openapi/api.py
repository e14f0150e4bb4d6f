"""The web APIs of a run: their operations as tools, and their shared connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import httpx

from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.background import BackgroundLoop
from fieldcraft.tools.errors import BrokenTool, ToolError, TransientToolError
from fieldcraft.tools.sources.openapi.answers import Answer, data_of, received, refusal
from fieldcraft.tools.sources.openapi.content.files import upload_schema
from fieldcraft.tools.sources.openapi.credentials import Credentials
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.openapi.kept import Found, opened
from fieldcraft.tools.sources.openapi.operations import Operation
from fieldcraft.tools.sources.openapi.requests import request_for
from fieldcraft.tools.sources.openapi.schemas import UPLOAD
from fieldcraft.tools.sources.openapi.servers import Servers
from fieldcraft.tools.sources.remote import RemoteTool
from fieldcraft.tools.sources.settings import OpenApiDocument, filled
from fieldcraft.tools.sources.urls import place_of, shown
from fieldcraft.tools.traits import Effect, ToolTraits

MOST_REDIRECTS = 5
_SECONDS = 30.0
_LONGEST_COMPLAINT = 1_000
_EFFECTS = {
    **dict.fromkeys(("GET", "HEAD", "OPTIONS", "TRACE", "QUERY"), Effect.READS),
    **dict.fromkeys(("PUT", "DELETE"), Effect.IDEMPOTENT),
}
_FOR_A_WHILE = {429, 502, 503, 504}


class WebApis:
    """Opens documents, and sends requests until it is closed."""

    def __init__(self) -> None:
        self._loop = BackgroundLoop("fieldcraft-openapi")
        self._clients: list[httpx.AsyncClient] = []

    def open(self, settings: OpenApiDocument) -> Iterator[RemoteTool | tuple[str, BrokenTool]]:
        """The operations of a document as tools; for an unusable one, its place and the reason.

        Raises:
            BrokenTool: the document cannot be read, or none of its servers is allowed.
        """
        document, operations = opened(filled(settings.document))
        seconds = settings.timeout or _SECONDS
        client = httpx.AsyncClient(timeout=httpx.Timeout(seconds), follow_redirects=False)
        api = _Api(document, settings, client)
        self._clients.append(client)
        return self._tools(api, settings, operations)

    def close(self) -> None:
        """End the connections. Safe to call twice."""
        clients, self._clients = self._clients, []
        for client in clients:
            self._loop.submit(client.aclose()).result(_SECONDS)
        self._loop.close()

    def _tools(
        self, api: _Api, settings: OpenApiDocument, operations: Iterable[Found]
    ) -> Iterator[RemoteTool | tuple[str, BrokenTool]]:
        for operation in operations:
            if not isinstance(operation, Operation):
                yield operation
                continue
            if not settings.wants(operation.name):
                continue
            try:
                server = api.servers.of_operation(operation.name, operation.servers)
            except BrokenTool as error:
                yield operation.name, error
                continue
            except (TypeError, ValueError, AttributeError) as error:
                yield operation.name, BrokenTool(f"its servers cannot be read: {visible_line(error)}")
                continue
            effect = settings.effect_of(operation.name, _EFFECTS.get(operation.method, Effect.WRITES))
            yield RemoteTool(
                partial(self._call, api, operation, server),
                name=operation.name,
                description=operation.description,
                schema=api.schema_of(operation),
                parts=operation.parts,
                traits=ToolTraits(
                    effect=effect, isolation="async", timeout=settings.timeout, reads_world=False
                ),
            )

    def _call(self, api: _Api, operation: Operation, server: str, arguments: dict[str, Any]) -> Future[Any]:
        try:
            return self._loop.submit(api.call(operation, server, arguments))
        except RuntimeError as error:
            raise ToolError(f"the web API of {operation.name} was closed") from error


class _Api:
    """The web API of one document."""

    def __init__(self, document: Document, settings: OpenApiDocument, client: httpx.AsyncClient) -> None:
        self.servers = Servers(document, settings)
        self._folders = tuple(filled(folder) for folder in settings.files)
        self._headers = {name: filled(value) for name, value in settings.headers.items()}
        self._credentials = Credentials(document, settings.credentials)
        self._client = client

    def schema_of(self, operation: Operation) -> dict[str, Any]:
        """The schema of an operation's arguments, with what an uploaded file may be."""
        schema = dict(operation.schema)
        if UPLOAD in schema.get("$defs", ()):
            schema["$defs"] = {**schema["$defs"], UPLOAD: upload_schema(self._folders)}
        return schema

    async def call(self, operation: Operation, server: str, arguments: dict[str, Any]) -> Any:
        """Send the request of a call; the answer as data.

        Raises:
            ToolError: the request could not be sent, or was refused.
        """
        credentials = self._credentials.for_operation(operation.security)
        request = request_for(
            operation,
            server,
            arguments,
            headers=self._headers,
            credentials=credentials,
            folders=self._folders,
        )
        if not self.servers.allows(str(request.url)):
            raise ToolError(
                f"{operation.name} would be sent to {shown(str(request.url))}, which is not allowed"
            )
        try:
            answer = await self._sent(request, {*self._headers, *credentials["header"], "Cookie"})
        except httpx.HTTPError as error:
            raise _unsent(operation, request, error) from error
        if not answer.response.is_success:
            raise self._refused(operation, answer)
        return data_of(answer)

    async def _sent(self, request: httpx.Request, ours: Iterable[str]) -> Answer:
        """The complete answer, after following allowed redirections.

        Args:
            request: the first request.
            ours: headers that no other origin gets, even if it is allowed.
        """
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._client.send(request, stream=True)
            try:
                following = response.next_request
                if following is None or not self.servers.allows(str(following.url)):
                    return await received(response)
            finally:
                await response.aclose()
            if place_of(following.url) != place_of(request.url):
                for name in ours:
                    following.headers.pop(name, None)
            request = following
        raise ToolError(f"{shown(str(request.url))} redirects without end")

    def _refused(self, operation: Operation, answer: Answer) -> ToolError:
        status = answer.response.status_code
        hint = self._credentials.hint(operation.security) if status in {401, 403} else ""
        said = refusal(answer, _LONGEST_COMPLAINT, hint)
        again = operation.method in _EFFECTS and status in _FOR_A_WHILE
        return TransientToolError(said) if again else ToolError(said)


def _unsent(operation: Operation, request: httpx.Request, error: httpx.HTTPError) -> ToolError:
    """The error for a missing answer; it is transient if the request never reached the server."""
    place = shown(str(request.url.copy_with(raw_path=b"/"))).rstrip("/")
    said = f"{operation.name}: {place} gave no answer: {visible_line(error, 300) or type(error).__name__}"
    safe = isinstance(error, httpx.ConnectError) or operation.method in _EFFECTS
    return TransientToolError(said) if safe else ToolError(said)
