"""One episode of a level: begun by a seed, played by actions, with what was achieved in it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from typing import Any, Literal

from fieldcraft.common.text import visible_line
from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.gym.levels import Level, quiet
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.minigrid.cells import PORTABLE, Cell, Place
from fieldcraft.envs.minigrid.levels import begun
from fieldcraft.envs.minigrid.memory import Memory
from fieldcraft.envs.minigrid.paths import DROP, PICK_UP, TOGGLE

EVENTS_KEPT = 8
ACHIEVEMENTS = tuple(
    sorted(
        [
            *(f"{verb}_{kind}" for verb in ("go_to", "pick_up", "drop") for kind in PORTABLE),
            *("go_to_door", "open_door", "unlock_door", "open_box", "mission_done"),
        ]
    )
)
"""What can be achieved in an episode besides the missions themselves."""


class Play:
    """An episode.

    Args:
        level: in which it is.
        seed: of the episode.
        stepped: is called with the number of steps after each.

    Attributes:
        environment: of MiniGrid.
        memory: what was seen.
        actions: that were taken.
        mission: of the episode, in words.
        limit: steps after which it ends.
        end: how it ended; `None` while it lasts.
        reward: of the whole episode, by the rules of the level.
        done: whether the mission is done.
        events: what happened lately.
        firsts, times: achievements with the step of the first time, and how often.
        missions: those that were done, with the step.
        happened: what happened since it was last asked.
    """

    def __init__(self, level: Level, seed: int, stepped: Callable[[int], None] = lambda _: None) -> None:
        self.level, self.seed = level, seed
        self.environment, seen = begun(level, seed)
        self.actions: list[int] = []
        self.memory = Memory()
        self._start = self._position()
        self.mission = visible_line(seen["mission"], 300)
        self.limit = int(self.environment.max_steps)
        self.end: EpisodeEnd | None = None
        self.reward, self.done = 0.0, False
        self.events: list[str] = []
        self.firsts: dict[str, int] = {}
        self.times: dict[str, int] = {}
        self.missions: dict[str, int] = {}
        self.happened: list[Happening] = []
        self.stepped = stepped
        self._look(seen)

    def act(self, action: int) -> None:
        """Take one step.

        Raises:
            EpisodeEnded: the episode ended in it, or before.
        """
        self.require_going()
        memory = self.memory
        front, ahead, carried = memory.front, memory.ahead, memory.carrying
        with quiet():
            seen, reward, terminated, truncated, _ = self.environment.step(action)
        self.actions.append(action)
        self.stepped(len(self.actions))
        self._look(seen)
        self._note(action, front, ahead, carried)
        self.reward += float(reward) if isfinite(reward) else 0.0
        if terminated or truncated:
            self._over(bool(terminated), float(reward))
        self.require_going()

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
        """Of the whole grid and the agent, to tell whether actions led to the same again."""
        level = self.environment
        carried = None if level.carrying is None else level.carrying.encode()
        state = (self._position(), int(level.agent_dir), level.step_count, carried, self.mission)
        return sha256(level.grid.encode().tobytes() + repr(state).encode()).hexdigest()

    def _look(self, seen: Any) -> None:
        here = self._position()
        place = here[0] - self._start[0], here[1] - self._start[1]
        self.memory.see(seen["image"], place, int(seen["direction"]))

    def _position(self) -> Place:
        east, south = self.environment.agent_pos
        return int(east), int(south)

    def _note(self, action: int, front: Place, ahead: Cell, carried: Cell | None) -> None:
        """Count what a step achieved, by what was in front and carried before it and what is now."""
        memory = self.memory
        if action == PICK_UP and carried is None and memory.carrying is not None:
            self._achieve(f"pick_up_{memory.carrying.kind}", "picked up", memory.carrying)
        elif action == DROP and carried is not None and memory.carrying is None:
            self._achieve(f"drop_{carried.kind}", "dropped", carried)
        elif action == TOGGLE and memory.ahead != ahead:
            if ahead.state == "locked":
                self._achieve("unlock_door", "unlocked", ahead)
            if ahead.kind == "box" or memory.ahead.state == "open":
                self._achieve(f"open_{ahead.kind}", "opened", ahead)
        elif memory.front != front and memory.ahead.kind in (*PORTABLE, "door"):
            self._achieve(f"go_to_{memory.ahead.kind}")

    def _achieve(self, name: str, verb: str = "", what: Cell | None = None) -> None:
        step = len(self.actions)
        self.firsts.setdefault(name, step)
        self.times[name] = self.times.get(name, 0) + 1
        if verb and what is not None:
            thing = f"{what.colour} {what.kind}".strip()
            self.tell(f"{verb} the {thing}")
            self.happened.append(Happening(what=verb.replace(" ", "_"), subject=thing, tick=step))

    def tell(self, event: str) -> None:
        """Keep what happened among the latest events."""
        self.events = [*self.events, f"step {len(self.actions)}: {event}"][-EVENTS_KEPT:]

    def _over(self, terminated: bool, reward: float) -> None:
        self.done = terminated and reward > 0
        if self.done:
            why = f"the mission is done, reward {self.reward:.4g}"
            self._achieve("mission_done")
            self.missions[self.mission] = len(self.actions)
        elif terminated:
            why = "the mission failed"
        else:
            why = f"the limit of {self.limit} steps is reached"
        self.end = EpisodeEnd(outcome="terminated" if terminated else "truncated", why=why)
        self.tell(f"the episode ended: {why}")
