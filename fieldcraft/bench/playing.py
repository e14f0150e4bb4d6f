"""An episode that a benchmark's own player plays: at random, or as an expert."""

from __future__ import annotations

import time
from collections.abc import Sequence
from random import Random
from typing import Any, Literal

from fieldcraft.agent.journal.state import Spent
from fieldcraft.bench.definition import Player
from fieldcraft.bench.registry import benchmark
from fieldcraft.common.errors import FieldcraftError
from fieldcraft.envs import Environment, EpisodeEnded, make
from fieldcraft.envs.environment import seen_of
from fieldcraft.study.sources import fingerprint
from fieldcraft.study.trials import Ended, Measured, Request, keep_result, read_result


class PlayRequest(Request):
    """The request to play one episode; the fields are those of `EpisodeTrial` and `BenchPlan`."""

    benchmark: str
    player: Literal["random", "expert"]
    variant: str
    seed: int
    number: int
    steps: int | None


class Worlds:
    """The worlds of a process, each made once, since some take seconds to start."""

    def __init__(self) -> None:
        self._made: dict[str, Environment] = {}

    def get(self, name: str) -> Environment:
        """The world of this id."""
        if name not in self._made:
            self._made[name] = make(name)
        return self._made[name]

    def close(self) -> None:
        """Close them all."""
        for world in self._made.values():
            world.close()


class _Stopped(FieldcraftError):
    """The episode is not played on."""


class _Watched:
    """A world that refuses to go on once it was asked to stop."""

    def __init__(self, world: Environment) -> None:
        self._world = world
        self.stopped = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def call_primitive(self, name: str, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        if self.stopped:
            raise _Stopped(self.stopped)
        return self._world.call_primitive(name, args, kwargs)


class PlayRun:
    """Plays one episode in this process.

    Args:
        request: which.
        worlds: of this process.
    """

    def __init__(self, request: PlayRequest, worlds: Worlds) -> None:
        self._request = request
        self._benchmark = benchmark(request.benchmark)
        self._world = _Watched(worlds.get(self._benchmark.environment))

    def stop(self, reason: str) -> None:
        """Stop at the next call of a primitive. Safe from any thread."""
        self._world.stopped = reason

    def run(self) -> Ended:
        """Play the episode to its end, from its beginning: an interrupted one left nothing."""
        folder = self._request.runs / self._request.name
        if known := read_result(folder):
            return Ended(outcome="done", spent=known.spent, measured=known)
        began = time.monotonic()
        try:
            played = self._played()
        except _Stopped as stop:
            return Ended(outcome="stopped", reason=str(stop))
        spent = Spent(seconds=time.monotonic() - began)
        measured = played.model_copy(update={"spent": spent})
        keep_result(folder, measured)
        return Ended(outcome="done", spent=spent, measured=measured)

    def _played(self) -> Measured:
        asked = self._request
        start = self._benchmark.beginning(asked.variant, asked.seed, asked.number, asked.steps)
        self._world.reset(seed=start.seed, options=dict(start.options))
        draws = Random(f"{asked.benchmark} {asked.variant} {asked.seed} {asked.number}")  # noqa: S311
        ended = None
        try:
            self._player(self._world, draws)
        except EpisodeEnded as end:
            ended = end.end
        observation, progress = seen_of(self._world._world)
        return Measured(
            spent=Spent(),
            ticks=observation.tick,
            scores=observation.scores,
            achieved={kind: list(reached) for kind, reached in progress.achieved.items()},
            ended=ended or observation.ended,
            code=fingerprint(),
        )

    @property
    def _player(self) -> Player:
        player = self._benchmark.random if self._request.player == "random" else self._benchmark.expert
        assert player is not None  # `plan_of` refuses others
        return player
