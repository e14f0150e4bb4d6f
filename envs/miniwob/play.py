"""One episode: what was done in it, what is seen, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.miniwob.browser import Browser, BrowserLost, PageRefused
from fieldcraft.envs.miniwob.elements import Element, page_words
from fieldcraft.envs.miniwob.page import Page

T = TypeVar("T")

EVENTS, CHANGES = 8, 6
"""Events that are kept, and lines of what changed on the page."""
TIMED_OUT = "timed out"
"""The page's own reason where its time is over."""


class Play:
    """An episode.

    Args:
        browser: in which it is.
        task: its name.
        seed: of what is drawn in it.
        seconds: see `Page`.

    Attributes:
        page: of the task.
        actions: that were done.
        elements: that were seen last.
        end: how it ended; `None` while it lasts.
        success: whether the page takes the instruction as followed, in full.
        reward: from -1 to 1, without the loss by time; 0 while it lasts.
        events: what happened lately.

    Raises:
        BrowserLost: it did not begin.
    """

    def __init__(self, browser: Browser, task: str, seed: int, seconds: float | None) -> None:
        self.task, self.page = task, Page(browser, task, seed, seconds)
        self.actions = 0
        self.elements: tuple[Element, ...] = ()
        self.end: EpisodeEnd | None = None
        self.success, self.reward = False, 0.0
        self.events: list[str] = []
        self.look()

    @property
    def words(self) -> str:
        """The page in words, as it was seen last."""
        return page_words(self.elements)

    def look(self) -> None:
        """See what is there now, unless it is over; where the page does not tell, what was seen last."""
        if self.end is not None:
            return
        try:
            seen = self._unless_lost(self.page.look)
        except PageRefused:
            return
        if seen is None:
            return
        if not seen.done:
            self.elements = seen.elements
            return
        self.reward, self.success = max(-1.0, min(1.0, seen.raw)), seen.raw == 1
        late = seen.reason == TIMED_OUT
        why = "the time is over" if late else f"the page took the answer, reward {self.reward:.4g}"
        self._over("truncated" if late else "terminated", why)

    def act(self, name: str, *arguments: Any) -> str:
        """Do an action of the page, or only count it where it has no name; returns what changed.

        Raises:
            EpisodeEnded: it was over.
        """
        self.require_going()
        before = [one.words() for one in self.elements]
        self.actions += 1
        if name:
            self._unless_lost(getattr(self.page, name), *arguments)
        self.look()
        after = [one.words() for one in self.elements]
        gone = [f"- {line}" for line in before if line not in after]
        new = [f"+ {line}" for line in after if line not in before]
        lines = [*new, *gone]
        more = [f"and {len(lines) - CHANGES} more"] if len(lines) > CHANGES else []
        return "\n".join([*lines[:CHANGES], *more]) or "nothing changed on the page"

    def point(self, element: Element) -> tuple[float, float] | str:
        """Where an element takes a click; see `Page.point`."""
        found = self._unless_lost(self.page.point, element)
        self.require_going()
        return "" if found is None else found

    def source(self) -> str:
        """The page's HTML."""
        found = self._unless_lost(self.page.source)
        self.require_going()
        return found or ""

    def picture(self) -> bytes:
        """The page as a PNG.

        Raises:
            ValueError: the browser has ended.
        """
        try:
            return self.page.picture()
        except (BrowserLost, PageRefused) as error:
            raise ValueError(f"the browser draws no picture: {error}") from error

    def require_going(self) -> None:
        """Refuse to go on where the episode is over.

        Raises:
            EpisodeEnded: it is.
        """
        if self.end is not None:
            terminated = self.end.outcome == "terminated"
            raise EpisodeEnded("terminated" if terminated else "truncated", self.end.why)

    def _unless_lost(self, call: Callable[..., T], *arguments: Any) -> T | None:
        """What a call gives; where the browser was lost, the episode is over."""
        try:
            return call(*arguments)
        except BrowserLost as error:
            self._over("truncated", f"the browser was lost: {error}")
            return None

    def _over(self, outcome: Literal["terminated", "truncated"], why: str) -> None:
        if self.end is None:
            self.end = EpisodeEnd(outcome=outcome, why=why)
            self.events = [*self.events, f"action {self.actions}: the episode ended: {why}"][-EVENTS:]
