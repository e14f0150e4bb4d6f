"""MiniHack and NetHack as a world: a dungeon read in words, with a task for each episode or a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.goals.own import kept_goal
from fieldcraft.envs.gym.levels import Level
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.minihack import acting
from fieldcraft.envs.minihack.keys import Direction, all_names
from fieldcraft.envs.minihack.levels import DEFAULT_ID, LEVELS, require_minihack
from fieldcraft.envs.minihack.play import ACHIEVEMENTS, Play
from fieldcraft.envs.minihack.saved import played_again, written
from fieldcraft.envs.minihack.tasks import TaskGoal
from fieldcraft.envs.minihack.wording import seen_data, seen_text
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import EnvironmentSpec, Examples, Names, OptionInfo, PrimitiveError, Progress

AIM = "do the task of each episode, or get deep into the dungeon where there is none, and stay alive"
DESCRIPTION = (
    "A dungeon of NetHack, seen as far as the agent has looked: rooms, corridors, doors, stairs, things and "
    "creatures, by NetHack's descriptions (MiniHack, NetHack). Each key that is pressed is a step; some "
    "levels have few keys. Walking into a creature attacks it, into a closed door opens it where it is not "
    "locked. A task that is done, or death, ends the episode."
)
EXAMPLES = Examples(
    tasks=("Pick up the key", "Reach the staircase down", "Find what lies in the next room"),
    task="Do the task: reach the staircase down",
    goal={"kind": "task", "task": "reach the staircase down"},
    step="Pick up the key",
    step_goal={"kind": "achieve", "achievement": "pick_up"},
    question="How is a locked door opened?",
    program="find_and_reach",
    needs="a thing, a door or a staircase",
    about="locked door",
    fact="a locked door opens with apply('key', DIRECTION) beside it",
    advice=("A program that finds a thing wherever it is serves many levels.",),
)
Times = Annotated[int, Field(ge=1, le=100)]
Key = Annotated[str, Field(min_length=1, max_length=40, examples=["north", "search", "pickup", "far_east"])]
Command = Literal[
    "cast",
    "chat",
    "close",
    "dip",
    "drop",
    "engrave",
    "fight",
    "fire",
    "force",
    "invoke",
    "kick",
    "loot",
    "open",
    "pray",
    "puton",
    "quaff",
    "quiver",
    "read",
    "remove",
    "rub",
    "sit",
    "takeoff",
    "throw",
    "untrap",
    "wear",
    "wield",
    "zap",
]


class MiniHackWorld(Environment):
    """A level of MiniHack or NetHack. A key that is pressed takes one tick."""

    goal_types = (TaskGoal,)

    def __init__(self) -> None:
        require_minihack()
        self._level = Level(DEFAULT_ID)
        self._options: dict[str, Any] = {}
        self._play: Play | None = None
        self.spec = self._specified()

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin an episode of the level `id`.

        Raises:
            ValueError: an option or a level is unknown; the message has the nearest names.
        """
        wanted = dict(options or {})
        level = LEVELS.of(wanted)
        play = Play(level, seed % 2**31, self._stepped)
        self._take_up(play)
        self._level, self._options = level, wanted
        self.spec = self._specified()
        return self.observe()

    def observe(self) -> Observation:
        """The task, what is seen, the map, and what the game said."""
        play = self._begun
        figures = play.screen.figures
        scores = {"reward": play.reward, "score": float(figures["score"]), "depth": float(figures["depth"])}
        return Observation(
            tick=len(play.keys),
            words=seen_text(play),
            events=list(play.messages[-8:]),
            extra={"map": f"(north is up, you are @)\n{play.screen.map()}"},
            scores={**scores, "success": float(play.done)} if play.task else scores,
            task=play.task or None,
            goal=kept_goal(TaskGoal(task=play.task)) if play.task else None,
            ended=play.end,
        )

    def progress(self) -> Progress:
        """What was achieved in this episode, how deep it led, and the task where it is done."""
        play = self._begun
        tasks = {play.task: len(play.keys)} if play.done else {}
        return Progress(
            achieved={"achievements": dict(play.firsts), "depths": dict(play.depths), "tasks": tasks},
            times={"achievements": dict(play.times)},
            killed=dict(play.killed),
            given={"depths": [name for name, step in play.depths.items() if step == 0]},
            deaths=int(play.end is not None and play.end.why.startswith("you died")),
        )

    def happenings(self) -> Sequence[Happening]:
        """What was picked up and killed since this was last asked."""
        if self._play is None:
            return ()
        happened, self._play.happened = self._play.happened, []
        return happened

    def task_now(self) -> tuple[str, bool]:
        """The task of the episode, and whether it is done."""
        return self._begun.task, self._begun.done

    def snapshot(self) -> bytes:
        """Level, seed and keys of the episode."""
        return written(self._begun)

    def restore(self, snapshot: bytes) -> None:
        """Press the keys of a snapshot again.

        Raises:
            ValueError: it is none of this level, or its keys led elsewhere.
        """
        self._take_up(played_again(snapshot, self._level, self._stepped))

    def close(self) -> None:
        """End the game, and remove its files."""
        if self._play is not None:
            self._play.close()
            self._play = None

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The level and its limit."""
        about = "steps after which an episode ends; by default the level's"
        return (
            OptionInfo(name="id", about="the level: MiniHack-... or NetHack...", default=DEFAULT_ID),
            OptionInfo(name="max_steps", about=about),
        )

    @primitive
    def look(self) -> dict[str, Any]:
        """What is known, without a step.

        It has `task`, `x`, `y`, `message`, `asks`, `menu`, `things`, `inventory`, `figures` (health, depth,
        ...) and `steps_left`. Each thing has `name`, `x`, `y`, `east` and `south` (of you, less than 0 is
        west and north), `steps` and whether it is a `creature`; the nearest comes first. `inventory` has
        names by their letters.
        """
        return seen_data(self._going)

    @primitive
    def map(self) -> str:
        """The map as NetHack draws it, north up, without a step: you are @, > is stairs down, + a door."""
        return self._going.screen.map()

    @primitive
    def messages(self) -> list[str]:
        """The latest messages of the game, the last one last, without a step."""
        return list(self._going.messages)

    @primitive
    def move(self, direction: Direction, steps: Times = 1) -> str:
        """Take so many steps; ends early where the way does or a creature comes into view.

        Walking into a creature attacks it. Returns what the game said.
        """
        acting.move(self._going, direction, steps)
        return self._going.screen.message

    @primitive
    def walk_to(self, thing: str) -> bool:
        """Walk the shortest way over seen ground onto the nearest thing of this name: staircase down, key.

        A part of the description is enough. Where it cannot be walked onto (a closed door, a creature),
        beside it. Returns whether it was reached: not where a creature came into view on the way.
        """
        return acting.walk_to_thing(self._going, thing)

    @primitive
    def walk_to_place(self, x: int, y: int) -> bool:
        """Walk the shortest way over seen ground to a place. Returns whether it was reached, as walk_to."""
        return acting.walk_to_place(self._going, (x, y))

    @primitive
    def explore(self) -> list[str]:
        """Walk to the nearest place from where unseen parts may come into view.

        Returns the names of things that were not in view before; the list may be empty.
        """
        before = {thing.name for thing in self._going.screen.things()}
        acting.explore(self._going)
        return sorted({thing.name for thing in self._going.screen.things()} - before)

    @primitive
    def pick_up(self, item: str | None = None) -> str:
        """Pick up what lies where you stand: all of it, or what has `item` in its name.

        Returns what the game said.
        """
        return acting.pick_up(self._going, item)

    @primitive
    def apply(self, item: str, direction: Direction | None = None) -> str:
        """Apply a tool that you hold, by its letter or a part of its name, in a direction if it takes one.

        Returns what the game said.
        """
        return acting.use(self._going, "apply", item, direction)

    @primitive
    def eat(self, item: str | None = None) -> str:
        """Eat something that you hold, by its letter or a part of its name, or what lies here.

        Returns what the game said.
        """
        return acting.use(self._going, "eat", item, None)

    @primitive
    def use(self, command: Command, item: str | None = None, direction: Direction | None = None) -> str:
        """Give a command of NetHack, with an item that you hold and a direction where it asks for them.

        Commands are cast, chat, close, dip, drop, engrave, fight, fire, force, invoke, kick, loot, open,
        pray, puton, quaff, quiver, read, remove, rub, sit, takeoff, throw, untrap, wear, wield and zap.
        Questions whether to go on are answered by yes. Returns what the game said.
        """
        return acting.use(self._going, command, item, direction)

    @primitive
    def choose(self, letters: str = "") -> str:
        """Choose these letters in the menu that is open, and close it. Returns what the game said."""
        play = self._going
        if not play.screen.menu():
            raise PrimitiveError("no menu is open")
        return acting.choose(play, list(letters))

    @primitive
    def press(self, key: Key, times: Times = 1) -> str:
        """Press one key, by its name (north, far_east, down, search, pickup, esc, ...) or as it is typed.

        Each press is a step. Returns what the game said.
        """
        for _ in range(times):
            acting.press(self._going, key)
        return self._going.screen.message

    def _take_up(self, play: Play) -> None:
        if self._play is not None:
            self._play.close()
        self._play = play
        self._stepped(len(play.keys))

    def _stepped(self, steps: int) -> None:
        self.tick = steps

    @property
    def _begun(self) -> Play:
        if self._play is None:
            raise ValueError("minihack-v1 was not reset")
        return self._play

    @property
    def _going(self) -> Play:
        """The episode, if it is not over."""
        self._begun.require_going()
        return self._begun

    def _specified(self) -> EnvironmentSpec:
        codes = () if self._play is None else self._play.codes
        keys = tuple(sorted(name for name in codes if len(name) > 1)) or all_names()
        return EnvironmentSpec(
            id="minihack-v1",
            description=f"{DESCRIPTION} The level is {self._level.id}.",
            can_snapshot=True,
            tick_limit=10_000,
            goals=("achieve", "score"),
            names=Names(kinds={"achievements": ACHIEVEMENTS, "keys": keys}),
            aim=AIM,
            examples=EXAMPLES,
            options=self._options,
        )
