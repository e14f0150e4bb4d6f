"""The play in an environment of Gymnasium: steps and episodes, what they gave, and how to bring them back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any, NoReturn

import numpy as np

from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.faults import WorldFault, told
from fieldcraft.envs.gym.actions import plain, read_action
from fieldcraft.envs.gym.describing import ALL_NUMBERS, NUMBERS_IN_FULL, TEXT_LIMIT, data_of, described, same
from fieldcraft.envs.gym.episode import Episode, Played, summed
from fieldcraft.envs.gym.saved import Saved
from fieldcraft.envs.gym.source import Source
from fieldcraft.envs.gym.tally import Tally, end_of
from fieldcraft.envs.types import PrimitiveError

_TEXTS, _NAME, _DEPTH, _MOST_STEPS = 24, 60, 20, 10_000_000

Warn = Callable[[str, str], None]
"""Says once what is wrong with the environment: which of its methods, and what."""


class Play:
    """Episodes of one environment, one after the other.

    Args:
        environment: of Gymnasium.
        source: what its user says about it.
        limit: steps of an episode.
        own_limit: whether the environment itself truncates its episodes.
        warn: see `Warn`.

    Attributes:
        episode: the present one.
        tally: the counts of all.
        seen, info: what the environment showed and said last.
    """

    def __init__(self, environment: Any, source: Source, *, limit: int, own_limit: bool, warn: Warn) -> None:
        self.episode = Episode(environment, source.reset_options)
        self.tally = Tally()
        self.seen: Any = None
        self.info: Mapping[str, Any] = {}
        self._source = source
        self._limit = limit
        self._own_limit = own_limit
        self._warn = warn
        self._checked = False

    def start(self, seed: int) -> None:
        """Begin the first episode, with counts from the beginning."""
        self.tally = Tally(seed)
        self._begin()

    def next_episode(self, seed: int, number: int) -> None:
        """Begin the episode of this number; one that lasts is given up."""
        if not self.tally.standing.ended:
            self._abandon()
        self.tally.begin_episode(seed, number)
        self._begin()

    def give_up(self) -> None:
        """End the episode.

        Raises:
            EpisodeEnded: always.
        """
        if not self.tally.standing.ended:
            self._abandon()
        self._end_program()

    def step(self, name: str, action: Any, times: int) -> dict[str, Any]:
        """Take an action so many times; what a program gets of it.

        Raises:
            EpisodeEnded: it was over before.
            Exception: the environment failed, which ends the episode.
        """
        standing = self.tally.standing
        if standing.ended:
            self._end_program()
        episode = self.episode
        possible = times if self._own_limit else min(times, self._limit - episode.steps)
        try:
            played = episode.play(action, possible)
        except BaseException:
            self.tally.ended("failed", f"in {name}")
            raise
        return self._counted(name, played)

    def look(self, whole: bool) -> dict[str, Any]:
        """What a program sees when it observes."""
        standing = self.tally.standing
        return {
            "observation": data_of(self.seen, numbers=ALL_NUMBERS if whole else NUMBERS_IN_FULL),
            "info": data_of(dict(self.info)),
            "score": standing.score,
            "episode": standing.episode,
            "step": self.episode.steps,
            "ended": standing.ended or None,
        }

    def texts(self) -> dict[str, str]:
        """The observation as texts by name, by the user's describer or the built-in one."""
        self._check_seen()
        try:
            said = (self._source.describe or described)(self.seen)
            if isinstance(said, Mapping):
                parts = list(said.items())[:_TEXTS]
                return {visible_line(name, _NAME): cut_text(str(text), TEXT_LIMIT) for name, text in parts}
            return {"observation": cut_text(str(said), TEXT_LIMIT)}
        except Exception as error:
            self._warn("describe", f"the observation cannot be described: {told(error)}")
        return {"observation": described(self.seen)}

    def saved(self, world: str, options: Mapping[str, Any]) -> Saved:
        """The play as a snapshot keeps it."""
        episode, get_state = self.episode, self._source.get_state
        saved = Saved(
            world=world,
            options=dict(options),
            standing=copy.deepcopy(self.tally.standing),
            seed=episode.seed,
            actions=[] if get_state else [(plain(action), times) for action, times in episode.actions],
            steps=episode.steps,
            digest=digest(self.seen),
        )
        if get_state is not None:
            saved.state, saved.seen = get_state(episode.environment), plain(self.seen)
            saved.info = data_of(dict(self.info))
        else:
            episode.keep_copy(_place(saved), self.seen, self.info)
        return saved

    def bring_back(self, saved: Saved) -> None:
        """Go on from what a snapshot kept.

        Raises:
            ValueError: it does not belong to this environment, or its actions led elsewhere; the play is as
                it was.
        """
        actions = self._actions_of(saved)
        before = self.episode.seed, list(self.episode.actions), self.seen, self.info
        state = self._source.get_state(self.episode.environment) if self._source.get_state else None
        try:
            self._go_to(saved, actions)
        except Exception as error:
            self.episode.play_all(before[0], before[1])
            self._set(state)
            self.seen, self.info = before[2:]
            raise ValueError(
                f"a snapshot could not be brought back ({told(error)}); if the environment does not repeat "
                "itself from a seed, give get_state and set_state, or repeatable=False"
            ) from error
        self.tally.take_up(saved.standing)

    def _abandon(self) -> None:
        self.tally.ended("abandoned", f"after {self.episode.steps:,} steps")

    def _end_program(self) -> NoReturn:
        end = end_of(self.tally.standing)
        assert end is not None
        raise EpisodeEnded("terminated" if end.outcome == "terminated" else "truncated", end.why)

    def _begin(self) -> None:
        self.seen, self.info = self.episode.begin(self.tally.seed_of_episode())
        self.tally.reached(self._achieved())

    def _counted(self, name: str, played: Played) -> dict[str, Any]:
        tally, steps = self.tally, len(played.rewards)
        reward, wrong = summed(played.rewards)
        if wrong:
            self._warn("step", f"{wrong} of {steps} rewards were no finite numbers and count as 0")
        changed = not same(self.seen, played.observation)
        self.seen, self.info = played.observation, played.info
        tally.stepped(name, steps, reward)
        if self.info:
            tally.reached(self._achieved())
        outcome = "terminated" if played.terminated else "truncated" if played.truncated else ""
        if not outcome and not self._own_limit and self.episode.steps >= self._limit:
            outcome = "truncated"
        if outcome:
            tally.ended(outcome, f"after {self.episode.steps:,} steps")
        return {
            "observation": data_of(self.seen),
            "reward": reward,
            "changed": changed,
            "steps": steps,
            "ended": tally.standing.ended or None,
        }

    def _achieved(self) -> Iterable[str]:
        """What the info says was achieved: by the user's function, or a dict of counts `achievements`."""
        if self._source.achieved is not None:
            try:
                return list(self._source.achieved(self.info))
            except Exception as error:
                self._warn("achieved", f"it failed: {told(error)}")
                return ()
        found = self.info.get("achievements")
        return [str(name) for name, count in found.items() if count] if isinstance(found, Mapping) else ()

    def _check_seen(self) -> None:
        """Warn once of an observation outside its space."""
        space = self.episode.environment.observation_space
        if self._checked or self.seen is None:
            return
        try:
            fits = bool(space.contains(self.seen))
        except Exception as error:
            fits = False
            self._warn("observation_space", f"it cannot tell what it contains: {told(error)}")
        if not fits:
            self._checked = True
            self._warn("step", f"an observation is outside of its space {visible_line(space, 200)}")

    def _actions_of(self, saved: Saved) -> list[tuple[Any, int]]:
        space = self.episode.environment.action_space
        try:
            actions = [(read_action(space, action), times) for action, times in saved.actions]
        except PrimitiveError as error:
            raise ValueError(f"a snapshot with an action that there is not: {error}") from None
        if any(times < 0 for _, times in actions) or sum(times for _, times in actions) > _MOST_STEPS:
            raise ValueError("a snapshot with more steps than an episode has")
        return actions

    def _go_to(self, saved: Saved, actions: list[tuple[Any, int]]) -> None:
        episode = self.episode
        if self._source.set_state is not None:
            episode.begin(saved.seed)
            self._set(saved.state)
            episode.steps = saved.steps
            self.seen, self.info = (
                _observation_of(episode.environment.observation_space, saved.seen),
                saved.info,
            )
            return
        found = episode.copy_taken_up(_place(saved), saved.seed, actions)
        seen, info = found or episode.play_all(saved.seed, actions)
        if digest(seen) != saved.digest:
            raise WorldFault("the same seed and actions gave another observation")
        self.seen, self.info = seen, info

    def _set(self, state: Any) -> None:
        if self._source.set_state is not None:
            self._source.set_state(self.episode.environment, state)


def digest(value: Any) -> str:
    """A name for an observation, the same for the same content in every process."""
    found = sha256()
    _add(found, value, 0)
    return found.hexdigest()


def _add(found: Any, value: Any, depth: int) -> None:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        found.update(f"{value.dtype}{value.shape}".encode())
        found.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping) and depth < _DEPTH:
        for key, part in value.items():
            found.update(f"{key!r}:".encode())
            _add(found, part, depth + 1)
    elif isinstance(value, list | tuple) and depth < _DEPTH:
        found.update(f"[{len(value)}".encode())
        for part in value:
            _add(found, part, depth + 1)
    else:
        found.update(described(value).encode())


def _place(saved: Saved) -> str:
    """A name for the point in an episode that a snapshot was taken at."""
    return sha256(json.dumps([saved.seed, saved.actions], sort_keys=True).encode()).hexdigest()


def _observation_of(space: Any, kept: Any) -> Any:
    """An observation from its JSON data, as the space has it."""
    try:
        return read_action(space, kept)
    except PrimitiveError:
        return kept
