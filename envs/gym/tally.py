"""What a world of Gymnasium counts: scores, ends of episodes, what was reached first, what happened."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from hashlib import sha256

from fieldcraft.common.text import visible_line
from fieldcraft.envs.episodes import EpisodeEnd
from fieldcraft.envs.gym.saved import Standing
from fieldcraft.envs.happenings import Happening

EVENTS_KEPT, HAPPENINGS_KEPT, REWARDS_TOLD, MILESTONES_KEPT = 8, 64, 8, 1_000
_SEEDS = 2**31


def end_of(standing: Standing) -> EpisodeEnd | None:
    """How the present episode ended; `None` while it lasts."""
    if not standing.ended:
        return None
    outcome, _, how = standing.ended.partition(" ")
    if outcome == "terminated":
        return EpisodeEnd(outcome="terminated", why=how)
    return EpisodeEnd(outcome="truncated", why=how if outcome == "truncated" else standing.ended)


class Tally:
    """The counts of one world.

    Attributes:
        standing: which a snapshot keeps.
    """

    def __init__(self, seed: int = 0) -> None:
        self.standing = Standing(seed=seed)
        self._happened: dict[tuple[str, str, str], tuple[int, int]] = {}

    def seed_of_episode(self) -> int:
        """The seed of the present episode: the world's own for the first, where Gymnasium takes it."""
        seed, episode = self.standing.seed, self.standing.episode
        if episode == 1 and 0 <= seed < _SEEDS:
            return seed
        return int.from_bytes(sha256(f"{seed}:{episode}".encode()).digest()[:4]) % _SEEDS

    def stepped(self, action: str, steps: int, reward: float) -> None:
        """Count steps of one action, and the rewards they gave together."""
        standing = self.standing
        standing.tick += steps
        standing.score += reward
        if not reward:
            return
        if reward > 0:
            self.reached(["first_reward"])
        self._tell(f"{action}: reward {reward:g}")
        if reward not in standing.rewards and len(standing.rewards) <= REWARDS_TOLD:
            standing.rewards.append(reward)
        if len(standing.rewards) <= REWARDS_TOLD:
            self._happen("rewarded", action, f"reward {reward:g}")

    def reached(self, names: Iterable[str]) -> None:
        """Count what was reached, if for the first time."""
        standing = self.standing
        for name in names:
            word = visible_line(name, 80)
            if word and word not in standing.milestones and len(standing.milestones) < MILESTONES_KEPT:
                standing.milestones[word] = standing.tick
                self._tell(f"reached {word} for the first time")

    def ended(self, outcome: str, why: str = "") -> None:
        """Count the end of the present episode.

        Args:
            outcome: `terminated`, `truncated`, `failed` or `abandoned`.
            why: more of it.
        """
        standing = self.standing
        standing.outcomes[outcome] = standing.outcomes.get(outcome, 0) + 1
        standing.total += standing.score
        standing.best = standing.score if standing.best is None else max(standing.best, standing.score)
        standing.ended = f"{outcome}{f' {why}' if why else ''}, score {standing.score:g}"
        if outcome in ("terminated", "truncated"):
            self.reached([f"episode_{outcome}"])
        self._tell(f"episode {standing.episode} ended: {standing.ended}")
        self._happen("ended", "episode", standing.ended)

    def begin_episode(self, seed: int, number: int) -> None:
        """Begin to count the episode of this number."""
        standing = self.standing
        standing.seed, standing.episode = seed, number
        standing.ended, standing.score = "", 0.0

    def happenings(self) -> list[Happening]:
        """What happened since this was last asked."""
        happened, self._happened = self._happened, {}
        return [
            Happening(what=what, subject=subject, why=why, tick=tick, times=times)
            for (what, subject, why), (tick, times) in happened.items()
        ]

    def take_up(self, standing: Standing) -> None:
        """Go on from the counts of a snapshot."""
        self.standing = copy.deepcopy(standing)

    def _tell(self, event: str) -> None:
        events = self.standing.events
        events.append(event)
        if len(events) > EVENTS_KEPT:
            del events[0]

    def _happen(self, what: str, subject: str, why: str) -> None:
        """Count what happened, equal things once with how often, the latest last."""
        key = (what, subject, why)
        _, times = self._happened.pop(key, (0, 0))
        self._happened[key] = (self.standing.tick, times + 1)
        if len(self._happened) > HAPPENINGS_KEPT:
            del self._happened[next(iter(self._happened))]
