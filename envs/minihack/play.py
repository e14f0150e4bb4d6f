"""One episode of a level: begun by a seed, played by keys, with what was achieved in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from typing import Literal

from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.gym.levels import Level, quiet
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.minihack.keys import MORE, codes_of
from fieldcraft.envs.minihack.levels import begun
from fieldcraft.envs.minihack.screen import Place, Screen
from fieldcraft.envs.minihack.tasks import task_of

MESSAGES_KEPT, MOST_MORE = 20, 50
_KILLED = re.compile(
    r"You (?:kill|destroy) (?:the |an? |it\b)?(?:poor |invisible |saddled )*([a-z][a-z' -]*)"
)
_ACHIEVED = {
    "eat": re.compile(r"You (?:finish eating|eat)|tastes|This food really hits the spot|delicious", re.I),
    "open_door": re.compile(r"The door opens|WHAMM.*door|As you kick the door, it (?:crashes|shatters)"),
    "unlock_door": re.compile(r"You (?:succeed in (?:unlocking|picking)|unlock)"),
    "pray": re.compile(r"You begin praying"),
    "put_on": re.compile(r"\(being worn\)|\(on (?:left|right) hand\)|You are now wearing"),
    "wield": re.compile(r"\(weapon in hand"),
}
ACHIEVEMENTS = tuple(sorted([*_ACHIEVED, "descend", "gain_level", "kill_creature", "pick_up", "task_done"]))
"""What can be achieved in an episode besides its task."""


class Play:
    """An episode.

    Args:
        level: in which it is.
        seed: of the episode.
        stepped: is called with the number of steps after each.

    Attributes:
        environment: of NLE.
        screen: what is seen now.
        codes: of the keys that the level has, by name.
        keys: that were pressed, by code.
        task: of the episode, in words; may be empty.
        limit: steps after which it ends.
        end: how it ended; `None` while it lasts.
        reward: of the whole episode, by the rules of the level.
        done: whether the task is done.
        messages: the latest, with the step of each.
        firsts, times: achievements with the step of the first time, and how often.
        depths: how deep the agent got, with the step.
        killed: creatures, how often.
        visited: places where the agent stood, by dungeon.
        blocked: steps that led nowhere, by dungeon.
        happened: what happened since it was last asked.
    """

    def __init__(self, level: Level, seed: int, stepped: Callable[[int], None] = lambda _: None) -> None:
        self.level, self.seed = level, seed
        self.environment = begun(level, seed)
        self.screen = Screen(self.environment)
        self.codes = codes_of(self.environment.actions)
        self._numbers = {int(action): number for number, action in enumerate(self.environment.actions)}
        self.keys: list[int] = []
        self.task = task_of(level.id)
        self.limit = int(self.environment._max_episode_steps)
        self.end: EpisodeEnd | None = None
        self.reward, self.done = 0.0, False
        self.messages: list[str] = [f"step 0: {self.screen.message}"]
        self.firsts: dict[str, int] = {}
        self.times: dict[str, int] = {}
        self.depths: dict[str, int] = {f"depth {self.screen.figures['depth']}": 0}
        self.killed: dict[str, int] = {}
        self.visited: set[tuple[tuple[int, int], Place]] = {(self.screen.dungeon, self.screen.here)}
        self.blocked: set[tuple[tuple[int, int], tuple[Place, str]]] = set()
        self.happened: list[Happening] = []
        self.stepped = stepped

    def act(self, code: int) -> None:
        """Press one key of the level.

        Raises:
            EpisodeEnded: the episode ended in it, or before.
        """
        self.require_going()
        before = self.screen
        with quiet():
            _, reward, terminated, truncated, info = self.environment.step(self._numbers[code])
        self.keys.append(code)
        self.stepped(len(self.keys))
        self.reward += float(reward) if isfinite(reward) else 0.0
        if terminated or truncated:
            self._over(str(info["end_status"].name), float(reward), before)
        else:
            self.screen = Screen(self.environment)
            self.visited.add((self.screen.dungeon, self.screen.here))
        self._note(before)
        self.require_going()

    def press(self, code: int) -> None:
        """Press a key, and go on where the game only waits to show what else happened.

        Raises:
            EpisodeEnded: the episode ended in it, or before.
        """
        self.act(code)
        for _ in range(MOST_MORE):
            if not (self.screen.more() and MORE in self._numbers):
                return
            self.act(MORE)

    def require_going(self) -> None:
        """Refuse to go on where the episode is over.

        Raises:
            EpisodeEnded: it is.
        """
        if self.end is not None:
            outcome: Literal["terminated", "truncated"] = (
                "terminated" if self.end.outcome == "terminated" else "truncated"
            )
            raise EpisodeEnded(outcome, self.end.why)

    def digest(self) -> str:
        """Of what is seen and how it goes, to tell whether keys led to the same again."""
        screen = self.screen
        state = (screen.here, screen.figures, screen.inventory, self.reward, self.done, self.messages)
        return sha256(f"{state} {screen.map()}".encode()).hexdigest()

    def close(self) -> None:
        """End the game and remove its files."""
        self.environment.close()

    def _note(self, before: Screen) -> None:
        """Count what a step achieved, by what was shown before it and is now."""
        now, step = self.screen, len(self.keys)
        message = now.message if self.end is None else ""
        if message and (message != before.message or now.figures["turn"] != before.figures["turn"]):
            self._tell(message)
            for name, pattern in _ACHIEVED.items():
                if pattern.search(message):
                    self._achieve(name)
            for creature in _KILLED.findall(message):
                self.killed[creature] = self.killed.get(creature, 0) + 1
                self._achieve("kill_creature")
                self.happened.append(Happening(what="killed", subject=creature, tick=step))
        self._note_figures(before)

    def _note_figures(self, before: Screen) -> None:
        now, step = self.screen, len(self.keys)
        if now.figures["depth"] > before.figures["depth"]:
            self._achieve("descend")
        self.depths.setdefault(f"depth {now.figures['depth']}", step)
        if now.figures["experience_level"] > before.figures["experience_level"] > 0:
            self._achieve("gain_level")
        for letter, item in now.inventory.items():
            if letter not in before.inventory:
                self._achieve("pick_up")
                self.happened.append(Happening(what="picked_up", subject=item, tick=step))

    def _achieve(self, name: str) -> None:
        self.firsts.setdefault(name, len(self.keys))
        self.times[name] = self.times.get(name, 0) + 1

    def _tell(self, message: str) -> None:
        self.messages = [*self.messages, f"step {len(self.keys)}: {message}"][-MESSAGES_KEPT:]

    def _over(self, status: str, reward: float, before: Screen) -> None:
        self.done = status == "TASK_SUCCESSFUL" and reward > 0
        if self.done:
            why = f"the task is done, reward {self.reward:.4g}"
            self._achieve("task_done")
        elif status == "TASK_SUCCESSFUL":
            why = f"the task failed, reward {self.reward:.4g}"
        elif status == "ABORTED":
            why = f"the limit of {self.limit} steps is reached"
        else:
            why = f"you died, or left the dungeon, at depth {before.figures['depth']}"
        self.end = EpisodeEnd(outcome="truncated" if status == "ABORTED" else "terminated", why=why)
        self._tell(f"the episode ended: {why}")
