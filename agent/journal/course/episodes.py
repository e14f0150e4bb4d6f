"""The episodes of a run: part of its state, kept by its reducer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from fieldcraft.common.fields import Count, Counts, Text
from fieldcraft.envs import EpisodeEnd, Progress

LATEST = 200
"""Ended episodes that the state remembers one by one."""


class EndedEpisode(BaseModel):
    """One episode that ended: how, at which tick and iteration, with which scores, and how much it found."""

    model_config = ConfigDict(extra="forbid")

    episode: Count
    end: EpisodeEnd
    iteration: Count = 0
    ticks: Count = 0
    scores: dict[Text, float] = {}
    found: Count = 0


class Episodes(BaseModel):
    """Where a run stands in its episodes.

    `number` is that of the present one, `ended` how it ended where it has; `outcomes` counts all that ended,
    `latest` has the last of them, and `best` the highest of each score at an end. `earlier` is what was
    reached in the episodes before this one. `since` is the iteration after which the present one began.

    `elsewhere` is the change of the world's options that holds now (`RunSettings.options_of`), `tried` the
    latest that was tried, and `moved_at` the iteration after which that was.
    """

    model_config = ConfigDict(extra="forbid")

    number: Count = 1
    ended: EpisodeEnd | None = None
    outcomes: Counts = {}
    latest: list[EndedEpisode] = []
    best: dict[Text, float] = {}
    earlier: Progress = Progress()
    since: Count = 0
    elsewhere: Count = 0
    tried: Count = 0
    moved_at: Count = 0

    @property
    def count(self) -> int:
        """How many episodes ended."""
        return sum(self.outcomes.values())

    def end(self, ended: EndedEpisode) -> None:
        """The present episode ended."""
        self.ended = ended.end
        outcome = ended.end.outcome
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.latest = [*self.latest, ended][-LATEST:]
        for name, score in ended.scores.items():
            self.best[name] = max(score, self.best.get(name, score))

    def begin(self, number: int, reached: Progress, *, iteration: int, elsewhere: int, tried: int) -> None:
        """The next episode begins; what was `reached` in the one before is kept apart."""
        self.number, self.ended, self.since = number, None, iteration
        self.earlier = together(self.earlier, reached)
        self.elsewhere = elsewhere
        if tried > self.tried:
            self.tried, self.moved_at = tried, iteration


def together(earlier: Progress, later: Progress) -> Progress:
    """What was reached in two episodes: first times as they first were, counts added."""
    merged: dict[str, Any] = {name: {**getattr(later, name), **getattr(earlier, name)} for name in _FIRSTS}
    for name in _ADDED:
        one, two = getattr(earlier, name), getattr(later, name)
        merged[name] = {key: one.get(key, 0) + two.get(key, 0) for key in {**one, **two}}
    for name in ("achieved", "times"):
        one, two = getattr(earlier, name), getattr(later, name)
        merged[name] = {kind: {**two.get(kind, {}), **one.get(kind, {})} for kind in {**one, **two}}
    merged["given"] = {
        kind: sorted(
            {*earlier.given.get(kind, []), *later.given.get(kind, [])} - _reached(earlier, later, kind)
        )
        for kind in {**earlier.given, **later.given}
    }
    return Progress(
        **merged,
        distance=earlier.distance + later.distance,
        deaths=earlier.deaths + later.deaths,
    )


def _reached(earlier: Progress, later: Progress, kind: str) -> set[str]:
    """What one of the episodes reached by itself, and that the other one was given."""
    found: set[str] = set()
    for part in (earlier, later):
        firsts = part.items if kind == "items" else part.achieved.get(kind, {})
        found |= set(firsts) - set(part.given.get(kind, []))
    return found


_FIRSTS = ("items", "milestones")
_ADDED = ("killed", "placed", "mined", "gained")
