"""Pages that change while they are looked at: their sections, and the streams of what is new in them."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Protocol

import anyio.to_thread
from sse_starlette import ServerSentEvent

TICK = 0.06
"""Seconds between two looks at what is shown."""
REST = 0.12
"""Seconds at least between two changes that are sent."""
BEHIND = 0.4
"""Seconds at least between two changes while a long journal is being read."""
SOON = 0.3
"""Seconds in which a page that was sent without its sections asks for them."""
LINGER = 20.0
"""Seconds for which a page that nobody looks at any more is kept up to date."""

logger = logging.getLogger(__name__)


class Source(Protocol):
    """What a page shows."""

    def step(self) -> bool:
        """Take in what is new, a bounded piece of it; returns whether anything is. Called in a thread."""

    def sections(self) -> Mapping[str, str]:
        """The page's sections by name, as HTML. Called in a thread, never while `step` runs."""

    @property
    def behind(self) -> bool:
        """Whether there is more to take in at once."""


class Channel:
    """Keeps one page up to date while somebody looks at it, and streams its changed sections.

    All lookers share the sections; each gets the latest of those that changed, however slowly it reads.
    """

    def __init__(self, source: Source, *, tick: float = TICK) -> None:
        self._source = source
        self._tick = tick
        self._sections: dict[str, tuple[int, str]] = {}
        self._version = 0
        self._life = secrets.token_hex(4)
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._looking: set[asyncio.Future[None]] = set()
        self._lookers = 0
        self._looked = 0.0
        self._made = 0.0
        self._stale = True

    @property
    def in_use(self) -> bool:
        """Whether somebody looks at it, or did a moment ago."""
        return self._lookers > 0 or time.monotonic() - self._looked < LINGER

    @property
    def version(self) -> str:
        """Names what the sections are now; a stream that begins here sends only what changes after."""
        return f"{self._life}-{self._version}"

    async def look(self) -> dict[str, str]:
        """The sections as they are now: the page's first view."""
        self._looked = time.monotonic()
        async with self._starting:
            if self._task is None or self._task.done():
                await self._update()
                self._task = asyncio.create_task(self._keep_up())
        return {name: html for name, (_, html) in self._sections.items()}

    def look_soon(self) -> None:
        """Make the sections in a moment, if no stream asks for them before: the page itself goes first."""

        async def look() -> None:
            await asyncio.sleep(SOON)
            await self.look()

        looking = asyncio.ensure_future(look())
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)

    async def stream(self, seen: str) -> AsyncIterator[ServerSentEvent]:
        """What changes after the version `seen`, for as long as the reader stays."""
        life, _, number = seen.partition("-")
        have = int(number) if life == self._life and number.isascii() and number.isdigit() else -1
        self._lookers += 1
        try:
            await self.look()
            while True:
                changed = self._changed
                new = {name: html for name, (version, html) in self._sections.items() if version > have}
                if new:
                    have = self._version
                    yield ServerSentEvent(json.dumps(new), event="patch", id=self.version, sep="\n")
                await changed.wait()
        finally:
            self._lookers -= 1
            self._looked = time.monotonic()

    async def close(self) -> None:
        """Stop keeping it up to date."""
        for looking in tuple(self._looking):
            looking.cancel()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_up(self) -> None:
        while self.in_use:
            changed = await self._update()
            await asyncio.sleep(0 if self._source.behind else REST if changed else self._tick)

    async def _update(self) -> bool:
        changed, sections = await anyio.to_thread.run_sync(self._work)
        different = {
            name: html for name, html in sections.items() if self._sections.get(name, (0, None))[1] != html
        }
        if different:
            self._version += 1
            self._sections |= {name: (self._version, html) for name, html in different.items()}
            self._changed.set()
            self._changed = asyncio.Event()
        return changed

    def _work(self) -> tuple[bool, Mapping[str, str]]:
        try:
            changed = self._source.step()
            self._stale = self._stale or changed
            wait = BEHIND if self._source.behind and self._sections else 0.0
            if not self._stale or time.monotonic() - self._made < wait:
                return changed, {}
            sections = self._source.sections()
            self._made, self._stale = time.monotonic(), False
            return changed, sections
        except Exception as error:  # a page that cannot be made now is made again at the next look
            logger.warning("a page was not updated: %s: %s", type(error).__name__, error)
            return True, {}
