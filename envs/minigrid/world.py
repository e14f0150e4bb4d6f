"""MiniGrid and BabyAI as a world: each episode has a mission in words, and its map is what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.goals.own import kept_goal
from fieldcraft.envs.gym.levels import Level
from fieldcraft.envs.gym.picture import encoded
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.minigrid import paths, walking
from fieldcraft.envs.minigrid.cells import COLOURS, PORTABLE, THINGS, Cell, Colour, Kind, Portable
from fieldcraft.envs.minigrid.goals import MissionGoal
from fieldcraft.envs.minigrid.levels import DEFAULT_ID, LEVELS, require_minigrid
from fieldcraft.envs.minigrid.memory import LEGEND
from fieldcraft.envs.minigrid.play import ACHIEVEMENTS, Play
from fieldcraft.envs.minigrid.saved import played_again, written
from fieldcraft.envs.minigrid.wording import seen_data, seen_text, thing_data
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import EnvironmentSpec, Examples, Names, OptionInfo, PrimitiveError, Progress

TILE = 32
"""Pixels of a cell in pictures."""
AIM = "do the mission of each episode in few steps, by ways that serve other missions too"
DESCRIPTION = (
    "Rooms with doors, keys, balls and boxes, seen in front of the agent only, and a mission in words "
    "that ends the episode when it is done (MiniGrid, BabyAI). 'Go to' a thing means to stand before it and "
    "face it; 'put' one thing next to another, to drop it in a cell beside the other. A locked door opens "
    "with the key of its colour, if that is carried; one thing can be carried at a time."
)
EXAMPLES = Examples(
    tasks=("Pick up a key", "Open a door", "Do the mission: go to the red ball"),
    task="Do the mission: go to the red ball",
    goal={"kind": "mission", "mission": "go to the red ball"},
    step="Pick up a key",
    step_goal={"kind": "achieve", "achievement": "pick_up_key"},
    question="What does it take to open a locked door?",
    program="find_and_go_to",
    needs="a thing or a door",
    about="locked door",
    fact="a locked door opens with toggle while the key of its colour is carried",
    advice=("A program that finds things of any kind and colour serves many missions.",),
)

MOST_TIMES = 100
"""Steps forward in one call."""


class MiniGridWorld(Environment):
    """A level of MiniGrid or BabyAI. A step takes one tick; only what was seen is known to primitives."""

    goal_types = (MissionGoal,)

    def __init__(self) -> None:
        require_minigrid()
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
        play = Play(level, seed % 2**31)
        play.stepped = self._stepped
        self._level, self._options, self._play = level, wanted, play
        self._stepped(0)
        self.spec = self._specified()
        return self.observe()

    def observe(self) -> Observation:
        """The mission, what is seen and was seen, and the map."""
        play = self._begun
        return Observation(
            tick=len(play.actions),
            words=seen_text(play),
            events=list(play.events),
            extra={"map": f"({LEGEND})\n{play.memory.drawn()}"},
            scores={"success": float(play.done), "reward": play.reward},
            task=play.mission,
            goal=kept_goal(MissionGoal(mission=play.mission)),
            ended=play.end,
        )

    def progress(self) -> Progress:
        """What was achieved in this episode, and the mission where it is done."""
        play = self._begun
        return Progress(
            achieved={"achievements": dict(play.firsts), "missions": dict(play.missions)},
            times={"achievements": dict(play.times)},
        )

    def happenings(self) -> Sequence[Happening]:
        """What was picked up, dropped, opened and unlocked since this was last asked."""
        if self._play is None:
            return ()
        happened, self._play.happened = self._play.happened, []
        return happened

    def mission_now(self) -> tuple[str, bool]:
        """The mission of the episode, and whether it is done."""
        return self._begun.mission, self._begun.done

    def snapshot(self) -> bytes:
        """Level, seed and actions of the episode."""
        return written(self._begun)

    def restore(self, snapshot: bytes) -> None:
        """Play the actions of a snapshot again.

        Raises:
            ValueError: it is none of this level, or its actions led elsewhere.
        """
        self._play = played_again(snapshot, self._level, self._stepped)
        self._stepped(len(self._play.actions))

    def render(self) -> bytes:
        """The cells that the agent sees, itself at the bottom, as a PNG."""
        return encoded(self._begun.environment.get_frame(tile_size=TILE, agent_pov=True))

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The level and its limit."""
        return (
            OptionInfo(name="id", about="the level: BabyAI-... or MiniGrid-...", default=DEFAULT_ID),
            OptionInfo(name="max_steps", about="steps after which an episode ends; by default the level's"),
        )

    @primitive
    def left(self) -> str:
        """Turn left by a quarter. One step, as each single action. Returns what is in front then."""
        return self._act(paths.LEFT)

    @primitive
    def right(self) -> str:
        """Turn right by a quarter. Returns what is in front then."""
        return self._act(paths.RIGHT)

    @primitive
    def forward(self, times: int = 1) -> str:
        """Go forward so many cells, each a step. Stepping onto a goal ends the episode, and so does lava.

        Returns what is in front then.
        """
        if not 1 <= times <= MOST_TIMES:
            raise PrimitiveError(f"forward: times has to be from 1 to {MOST_TIMES} (got {times})")
        for _ in range(times):
            ahead = self._going.memory.ahead
            if not ahead.free and ahead.kind not in ("goal", "lava"):
                raise PrimitiveError(f"cannot go forward: {_in_front(ahead)} is in the way")
            self._act(paths.FORWARD)
        return str(self._going.memory.ahead)

    @primitive
    def toggle(self) -> str:
        """Open or close the door in front, or open the box in front, which leaves what it contains.

        Returns what is in front then.
        """
        play = self._going
        ahead = play.memory.ahead
        if ahead.kind not in ("door", "box"):
            raise PrimitiveError(
                f"cannot toggle: need a door or a box in front (there is {_in_front(ahead)})"
            )
        if ahead.state == "locked" and not paths.opens(play.memory, play.memory.front):
            raise PrimitiveError(
                f"cannot open the {ahead}: need a {ahead.colour} key (you carry {self._carried})"
            )
        return self._act(paths.TOGGLE)

    @primitive
    def done(self) -> str:
        """Say that the mission is done, which some levels of MiniGrid wait for. Returns what is in front."""
        return self._act(paths.DONE)

    @primitive
    def pick_up(self, kind: Portable | None = None, colour: Colour | None = None) -> str:
        """Pick up the thing in front; with a kind or colour, go to the nearest such thing before.

        Kinds are ball, box, key, and object for any of them. Returns its name.
        """
        play = self._going
        if play.memory.carrying is not None:
            raise PrimitiveError(f"cannot pick up a second thing: drop() the {self._carried} first")
        if kind is not None or colour is not None:
            walking.go_to(play, kind or "object", colour)
        ahead = play.memory.ahead
        if ahead.kind not in PORTABLE:
            raise PrimitiveError(f"cannot pick up {_in_front(ahead)}: need a ball, a box or a key in front")
        self._act(paths.PICK_UP)
        return str(ahead)

    @primitive
    def drop(self) -> str:
        """Drop what is carried into the cell in front, which has to be empty. Returns its name."""
        play = self._going
        carried, ahead = play.memory.carrying, play.memory.ahead
        if carried is None:
            raise PrimitiveError("cannot drop: you carry nothing")
        if ahead.kind != "empty":
            raise PrimitiveError(f"cannot drop: need an empty cell in front (there is {_in_front(ahead)})")
        self._act(paths.DROP)
        return str(carried)

    @primitive
    def open(self, kind: Kind = "door", colour: Colour | None = None) -> str:
        """Go to the nearest such door that is closed, or to such a box, and open it.

        A locked door takes the key of its colour, carried. Returns what is in front then.
        """
        if kind not in ("door", "box"):
            raise PrimitiveError(f"cannot open a {kind}: only a door or a box can be opened")
        walking.go_to_closed(self._going, kind, colour)
        return self._act(paths.TOGGLE)

    @primitive
    def go_to(self, kind: Kind, colour: Colour | None = None) -> str:
        """Go to the nearest such thing that was seen, and face it; onto a goal. Opens doors on the way.

        Kinds are ball, box, door, goal, key, and object for any that can be carried; colours are blue, green,
        grey, purple, red and yellow. Returns the thing's name.
        """
        play = self._going
        walking.go_to(play, kind, colour)
        if kind == "goal":
            self._act(paths.FORWARD)
        return str(play.memory.ahead)

    @primitive
    def go_next_to(self, kind: Kind, colour: Colour | None = None) -> str:
        """Go to where an empty cell in front is beside the nearest such thing, so that drop() puts it there.

        Returns where the thing is then, such as `1 ahead, 1 left`.
        """
        play = self._going
        walking.go_next_to(play, kind, colour)
        near = min(
            play.memory.matching(kind, colour),
            key=lambda place: abs(place[0] - play.memory.front[0]) + abs(place[1] - play.memory.front[1]),
        )
        return play.memory.where(near)

    @primitive
    def explore(self) -> list[dict[str, Any]]:
        """Go to the nearest place from where new cells are seen. Opens doors on the way.

        Returns the things that were never seen before, as look() does; the list may be empty.
        """
        play = self._going
        new = walking.explore(play)
        return [thing_data(play.memory, *pair) for pair in play.memory.things(new)]

    @primitive
    def look(self) -> dict[str, Any]:
        """What is known, without a step: `mission`, `facing`, `position` (cells east and south of the start),
        `carrying` (None or a thing), `in_front`, `things` and `steps_left`.

        Each thing has `name`, `kind`, `colour`, `state` (of doors), `where`, `ahead` and `right` (less than 0
        is behind and left), `position`, and whether it is `in_view`; the nearest comes first.
        """  # noqa: D205 - the agent reads it whole
        return seen_data(self._going)

    @primitive
    def map(self) -> str:
        """The map of all that was seen in this episode, without a step, with its legend."""
        return f"{self._going.memory.drawn()}\n{LEGEND}"

    def _act(self, action: int) -> str:
        play = self._going
        play.act(action)
        return str(play.memory.ahead)

    def _stepped(self, steps: int) -> None:
        self.tick = steps

    @property
    def _begun(self) -> Play:
        if self._play is None:
            raise ValueError("minigrid-v1 was not reset")
        return self._play

    @property
    def _going(self) -> Play:
        """The episode, if it is not over."""
        self._begun.require_going()
        return self._begun

    @property
    def _carried(self) -> str:
        return str(self._begun.memory.carrying or "nothing")

    def _specified(self) -> EnvironmentSpec:
        kinds = {
            "achievements": ACHIEVEMENTS,
            "colours": tuple(sorted(COLOURS)),
            "things": tuple(sorted(THINGS)),
        }
        return EnvironmentSpec(
            id="minigrid-v1",
            description=f"{DESCRIPTION} The level is {self._level.id}.",
            can_snapshot=True,
            can_render=True,
            tick_limit=10_000,
            goals=("achieve",),
            names=Names(kinds=kinds),
            aim=AIM,
            examples=EXAMPLES,
            options=self._options,
        )


def _in_front(cell: Cell) -> str:
    return "nothing" if cell.kind in ("empty", "floor") else f"a {cell}"
