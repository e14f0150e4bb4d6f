"""The addresses of the page, and what each answers."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from pydantic import TypeAdapter
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from fieldcraft.agent.journal.run import list_runs
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.journal.watching.growing import is_open
from fieldcraft.agent.seeing import RunPictures
from fieldcraft.agent.steering import BadNote, Note, send
from fieldcraft.agent.steering.hearing import OVER_AT_THE_END
from fieldcraft.common.errors import FieldcraftError
from fieldcraft.serve.guard import Guard
from fieldcraft.serve.land import Land
from fieldcraft.serve.pages import (
    comparison,
    facts_page,
    iteration_page,
    iterations_page,
    rendered,
    style,
    warm_up,
)
from fieldcraft.serve.run_page import NAMES, RunPage
from fieldcraft.serve.runs_page import RunsPage
from fieldcraft.serve.streams import Channel
from fieldcraft.serve.watched import Describe

CHANNELS = 6
"""Runs that are kept in memory at a time, beside those that somebody looks at."""
STREAMS = 200
"""Streams of events at a time."""
NOTE_BYTES = 20_000
UNREAD = {**dict.fromkeys(NAMES, ""), "status": '<p class="lead">Reading the journal…</p>'}
"""The sections of a long run until they are made; the stream sends them."""
STATIC = Path(__file__).parent / "static"
_SEEN = re.compile(r"[0-9a-f]{0,16}-?[0-9]{0,12}")

JSON_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
Result = TypeVar("Result")


class PageApp:
    """The page of all runs in a folder, as an ASGI application in `app`.

    Args:
        runs: the folder of the runs.
        token: what every address begins with.
        describe: says what an event means to a person.
        read_only: refuse notes to runs.
    """

    def __init__(self, runs: Path, *, token: str, describe: Describe, read_only: bool = False) -> None:
        self._runs = runs
        self._root = f"/{token}"
        self._describe = describe
        self._read_only = read_only
        self._land = Land()
        self._background = ThreadPoolExecutor(1, thread_name_prefix="past")
        self._list = Channel(RunsPage(runs), tick=0.5)
        self._pages: OrderedDict[str, tuple[RunPage, Channel]] = OrderedDict()
        self._streams = 0
        warm_up()
        inner = Starlette(
            routes=[Mount(self._root, routes=self._routes())],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _refused, FieldcraftError: _refused},
        )
        self.app: ASGIApp = Guard(inner, token=token, style=style())

    def _routes(self) -> list[Route]:
        run = "/r/{name}"
        return [
            Route("/", self._show_runs),
            Route("/events", self._runs_events),
            Route("/page.js", _file("page.js", "text/javascript")),
            Route("/icon.svg", _file("icon.svg", "image/svg+xml")),
            Route("/compare", self._compare),
            Route(f"{run}/", self._show_run),
            Route(f"{run}/events", self._run_events),
            Route(f"{run}/land.png", self._land_picture),
            Route(run + "/pictures/{digest}.png", self._seen_picture),
            Route(f"{run}/iterations", self._show_iterations),
            Route(run + "/iterations/{number:int}", self._show_iteration),
            Route(f"{run}/facts", self._show_facts),
            Route(f"{run}/notes", self._take_note, methods=["POST"]),
        ]

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for channel in (self._list, *(channel for _, channel in self._pages.values())):
                await channel.close()
            self._background.shutdown(wait=False, cancel_futures=True)
            self._land.close()

    async def _show_runs(self, _: Request) -> Response:
        sections = await self._list.look()
        names = [folder.name for folder in await _in_thread(partial(list_runs, self._runs))]
        return self._page("runs.html", sections=sections, version=self._list.version, names=names[::-1])

    async def _runs_events(self, request: Request) -> Response:
        return self._stream(request, self._list)

    async def _show_run(self, request: Request) -> Response:
        page, channel = await self._run(request)
        if page.is_long_and_unread:
            channel.look_soon()
            sections = UNREAD
        else:
            sections = await channel.look()
        return self._page(
            "run.html", run=page.watched.overview.run, sections=sections, version=channel.version
        )

    async def _run_events(self, request: Request) -> Response:
        _, channel = await self._run(request)
        return self._stream(request, channel)

    async def _land_picture(self, request: Request) -> Response:
        page, _ = await self._run(request)
        picture = self._land.chart_of(page.watched.folder)
        if picture is None:
            raise HTTPException(404, "no picture of the land was drawn yet")
        return Response(picture.chart.png, media_type="image/png")

    async def _seen_picture(self, request: Request) -> Response:
        page, _ = await self._run(request)
        png = await _in_thread(partial(RunPictures(page.watched.folder).read, request.path_params["digest"]))
        if png is None:
            raise HTTPException(404, "the run has no such picture")
        return Response(png, media_type="image/png")

    async def _show_iterations(self, request: Request) -> Response:
        page, channel = await self._run(request)
        await channel.look()
        last = request.query_params.get("last", "")[:12]
        number = int(last) if last.isascii() and last.isdigit() else None
        values = await _in_thread(partial(iterations_page, page, number))
        return self._page("iterations.html", **values)

    async def _show_iteration(self, request: Request) -> Response:
        page, channel = await self._run(request)
        await channel.look()
        pictures = f"{request.url.path.rpartition('/iterations/')[0]}/pictures"
        values = await _in_thread(partial(iteration_page, page, request.path_params["number"], pictures))
        if values is None:
            raise HTTPException(404, "the run has no such iteration")
        part = "sections/iteration.html" if "part" in request.query_params else "iteration.html"
        return self._page(part, **values)

    async def _show_facts(self, request: Request) -> Response:
        page, channel = await self._run(request)
        await channel.look()
        return self._page("facts.html", **await _in_thread(partial(facts_page, page)))

    async def _compare(self, request: Request) -> Response:
        names = [request.query_params.get(name, "") for name in ("a", "b")]
        pages = [await self._run(request, name) for name in names]
        for page, channel in pages:
            await channel.look()
            while page.behind:
                await anyio.sleep(0.02)
        values = await _in_thread(partial(comparison, [page for page, _ in pages]))
        return self._page("compare.html", **values)

    async def _take_note(self, request: Request) -> Response:
        if self._read_only:
            raise HTTPException(403, "this page is read-only; serve it without --read-only to steer")
        page, channel = await self._run(request)
        body = await _body(request)
        try:
            note = Note(**body)
        except (TypeError, ValueError):
            raise HTTPException(400, "this is no note that a run understands") from None
        if note.kind == "approve":
            await self._check_waits(page, channel, note.call)
        elif note.kind in OVER_AT_THE_END | {"skip"} and not await _in_thread(
            partial(is_open, page.watched.folder)
        ):
            raise HTTPException(409, "the run is not running, so there is nothing to stop, skip or let go on")
        try:
            await _in_thread(partial(send, page.watched.folder, note))
        except BadNote as problem:
            raise HTTPException(400, str(problem)) from None
        except OSError as problem:
            raise HTTPException(500, f"the run's inbox cannot be written ({problem.strerror})") from None
        heard = await _in_thread(partial(is_open, page.watched.folder))
        return JSONResponse({"sent": note.kind, "running": heard})

    async def _check_waits(self, page: RunPage, channel: Channel, call: str) -> None:
        """Refuse an answer to a call that does not wait for one."""
        await channel.look()
        while page.behind:
            await anyio.sleep(0.02)
        if not any(waiting.call == call and not waiting.answered for waiting in page.watched.parked):
            raise HTTPException(
                400, f"no call {call[:100]!r} waits for an answer; it was answered already, or has expired"
            )

    def _page(self, template: str, **values: Any) -> Response:
        return HTMLResponse(rendered(template, root=self._root, read_only=self._read_only, **values))

    def _stream(self, request: Request, channel: Channel) -> Response:
        if self._streams >= STREAMS:
            raise HTTPException(503, f"{STREAMS} pages are open already; close some")
        seen = request.query_params.get("seen", "")
        seen = seen if _SEEN.fullmatch(seen) else ""

        async def events() -> AsyncIterator[Any]:
            self._streams += 1
            try:
                async for event in channel.stream(seen):
                    yield event
            finally:
                self._streams -= 1

        return EventSourceResponse(events(), ping=10, sep="\n", send_timeout=30)

    async def _run(self, request: Request, name: str = "") -> tuple[RunPage, Channel]:
        """The page of the run that the address names; answered with 404 where there is none."""
        name = name or request.path_params.get("name", "")
        folder = self._runs / name
        if name in {"", ".", ".."} or "/" in name or "\0" in name or not await _in_thread(_holds_run(folder)):
            raise HTTPException(404, f"there is no run {name[:100]!r} here")
        if name not in self._pages:
            page = RunPage(folder, self._describe, self._land, self._background, read_only=self._read_only)
            self._pages[name] = page, Channel(page)
        self._pages.move_to_end(name)
        for other in [one for one, (_, channel) in self._pages.items() if not channel.in_use][:-CHANNELS]:
            if other != name:
                await self._pages.pop(other)[1].close()
        return self._pages[name]


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    content = (STATIC / name).read_bytes()
    return lambda _: Response(content, media_type=kind)


def _holds_run(folder: Path) -> Callable[[], bool]:
    def look() -> bool:
        try:
            return Journal(folder).last_segment() is not None
        except (JournalError, ValueError):
            return False

    return look


async def _in_thread(work: Callable[[], Result]) -> Result:
    return await anyio.to_thread.run_sync(work)


async def _body(request: Request) -> Mapping[str, Any]:
    """The JSON object that a page sent; refused where it is anything else, or too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "a note is sent as application/json")
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > NOTE_BYTES:
            raise HTTPException(413, "the note is too long")
    try:
        body = JSON_OBJECT.validate_json(data)
    except ValueError:
        raise HTTPException(400, "this is no note that a run understands") from None
    return {name: body[name] for name in ("kind", "text", "call") if name in body}


async def _refused(request: Request, error: Exception) -> Response:
    """What went wrong: for the script as JSON, for a person as a page of one line."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = str(error.detail if isinstance(error, HTTPException) else error)
    if request.method == "POST":
        return JSONResponse({"problem": words}, status)
    root = f"/{request.url.path.split('/')[1]}"
    return HTMLResponse(rendered("problem.html", root=root, words=words, read_only=False), status)
