"""What a benchmark is: its world, its protocol, its score, its players, and what others published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import fmean
from typing import Any, Literal

from fieldcraft.common.system import installed
from fieldcraft.envs import EpisodeEnd, nearest

APART = 1_000
"""How far the seeds of episodes of two neighbouring seeds of a benchmark are apart."""


@dataclass(frozen=True)
class Variant:
    """What an episode is in: a level, a game, a task, by the options of the world."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EpisodeStart:
    """How an episode begins: the seed of the world's reset, and options that join its variant's."""

    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EpisodeResult:
    """An episode that was played.

    Attributes:
        variant: the name of its variant.
        seed, number: which of the benchmark's seeds it belongs to, and which of the episodes of that seed and
            variant it is, from 1.
        steps: the world's ticks at its end.
        scores: `Observation.scores` at its end.
        achieved: what was achieved in it, by kind: `Progress.achieved` without the ticks.
        end: how it ended; `None` where the player left it, or its budget was used up before.
    """

    variant: str
    seed: int
    number: int
    steps: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)
    achieved: Mapping[str, Sequence[str]] = field(default_factory=dict)
    end: EpisodeEnd | None = None


@dataclass(frozen=True)
class Protocol:
    """How the benchmark is played by default.

    Attributes:
        episodes: of each variant and seed.
        seeds: how many seeds there are, from 1.
        steps: after how many an episode ends; `None` for the world's own limit.
        iterations: the most programs that a model writes in one episode. Papers know no such limit.
        curriculum: `auto`, where the agent sets itself tasks; `episodes`, where the world gives the task.
    """

    episodes: int
    seeds: int = 1
    steps: int | None = None
    iterations: int = 40
    curriculum: Literal["auto", "episodes"] = "episodes"


@dataclass(frozen=True)
class Published:
    """A figure of others, in the unit of the benchmark's score.

    Attributes:
        who: the method or player.
        score: what was published.
        source: where: paper, table, or board.
        spread: a standard deviation or error, as published, where one was.
        note: in what the protocol differed from this one; empty where it did not.
    """

    who: str
    score: float
    source: str
    spread: float | None = None
    note: str = ""


Player = Callable[[Any, Random], None]
"""Plays a world that was just reset, by `world.call_primitive(name, arguments)`, until `EpisodeEnded` passes
through it or it returns; draws from the `Random` alone. An expert may look into the world."""

Score = Callable[[Sequence[EpisodeResult]], float]


def next_seed(_variant: Variant, seed: int, number: int) -> EpisodeStart:
    """The start of an episode by default: seeds of the world that no other episode has."""
    return EpisodeStart(seed * APART + number)


def mean_of(score: str, *, scale: float = 100.0) -> Score:
    """The mean of one of the world's scores over episodes, times `scale`: a success rate in percent, say."""

    def mean(episodes: Sequence[EpisodeResult]) -> float:
        return scale * fmean(episode.scores.get(score, 0.0) for episode in episodes)

    return mean


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark of the field.

    Attributes:
        name: by which `fieldcraft bench` finds it.
        title: its own name.
        source: the paper that defines it.
        environment: the id of the world.
        extra: of `pip install 'fieldcraft[EXTRA]'`, and the modules that it brings.
        modules: which have to be importable.
        measures: what the score is, in a few words: `success rate`.
        score: over the episodes of one seed, in `unit`; there is at least one.
        unit: of the score and of published figures.
        protocol: how it is played by default.
        variants: what episodes are in; each seed has the protocol's episodes in each.
        steps_option: the world's option that limits the steps of an episode; empty where it has none.
        start: how the episode `number` (from 1) of a variant and seed begins. It depends on nothing else, so
            that all players and arms play the same episodes.
        random: acts at random, as the paper's random player does.
        expert: plays as well as is known; `None` where there is none.
        parts: figures that the score consists of, by name, over the episodes of all seeds; the score of each
            variant where there are several, unless it says otherwise.
        published: figures of others.
    """

    name: str
    title: str
    source: str
    environment: str
    extra: str
    modules: tuple[str, ...]
    measures: str
    score: Score
    protocol: Protocol
    random: Player
    expert: Player | None = None
    unit: str = "%"
    variants: tuple[Variant, ...] = (Variant("default"),)
    steps_option: str = ""
    start: Callable[[Variant, int, int], EpisodeStart] = next_seed
    parts: Callable[[Sequence[EpisodeResult]], Mapping[str, float]] | None = None
    published: tuple[Published, ...] = ()

    def variant(self, name: str) -> Variant:
        """The variant of a name.

        Raises:
            LookupError: there is none; the message has the nearest names.
        """
        named = {each.name: each for each in self.variants}
        if name not in named:
            hint = nearest(name, named) or f"; there are {', '.join(named)}"
            raise LookupError(f"{self.name} has no variant {name!r}{hint}")
        return named[name]

    def beginning(self, variant: str, seed: int, number: int, steps: int | None) -> EpisodeStart:
        """The seed and all options of an episode's reset, with the limit of its steps."""
        chosen = self.variant(variant)
        start = self.start(chosen, seed, number)
        limit = {self.steps_option: steps} if self.steps_option and steps is not None else {}
        return EpisodeStart(start.seed, {**chosen.options, **start.options, **limit})

    @property
    def missing(self) -> str:
        """The command that brings what is not installed; empty where nothing is missing."""
        return "" if installed(*self.modules) else f"pip install 'fieldcraft[{self.extra}]'"

    def parts_of(self, episodes: Sequence[EpisodeResult]) -> dict[str, float]:
        """The figures that the score consists of; none where there is one variant and no `parts`."""
        if self.parts is not None:
            return dict(self.parts(episodes))
        names = dict.fromkeys(episode.variant for episode in episodes)
        if len(self.variants) < 2:
            return {}
        return {name: self.score([one for one in episodes if one.variant == name]) for name in names}
