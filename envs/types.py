"""The words every world speaks: positions, goals, observations, progress, and what a world can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.errors import FieldcraftError
from fieldcraft.common.fields import Count, Counts, Data, Text, Texts
from fieldcraft.envs.goals.kinds import (
    FORMS,
    AchieveGoal,
    GainGoal,
    Goal,
    GoalCheck,
    GoalForm,
    ItemGoal,
    KillGoal,
    MineGoal,
    OwnGoal,
    PlaceGoal,
    ReachGoal,
    RoomGoal,
    ScoreGoal,
)
from fieldcraft.envs.values import FURTHEST, Frozen, Line, Position
from fieldcraft.envs.words import Examples

__all__ = [
    "FURTHEST",
    "AchieveGoal",
    "Chart",
    "EnvironmentSpec",
    "Examples",
    "Frozen",
    "GainGoal",
    "Goal",
    "GoalCheck",
    "GoalForm",
    "ItemGoal",
    "KillGoal",
    "MineGoal",
    "Names",
    "OptionInfo",
    "OwnGoal",
    "PlaceGoal",
    "Position",
    "PrimitiveError",
    "Progress",
    "ReachGoal",
    "Requirement",
    "RoomGoal",
    "ScoreGoal",
]


class PrimitiveError(FieldcraftError):
    """A primitive could not do what was asked; the message says what is missing.

    Raised by primitives. The program sees it and may catch it; the agent reads it as feedback.
    It is an expected event, never a fault of the world.
    """


@dataclass(frozen=True)
class Chart:
    """A picture of land from above, north up.

    Attributes:
        png: of any resolution; transparent where nothing is known.
        west, north: x and z of its upper left corner, in blocks.
        across, down: blocks that it covers.
    """

    png: bytes
    west: float
    north: float
    across: float
    down: float


class Progress(BaseModel):
    """What was ever reached in a world since its reset; counters only grow.

    `items` and `milestones` map a name to the tick it was first reached; `killed`, `placed`, `mined` (blocks)
    and `gained` (items, see `GainGoal`) are counts; `distance` is blocks walked. `achieved` has by kinds of
    the world's own (rooms, files, questions) what was reached and when first, `times` how often, where the
    world counts that. `given` has by the same kinds, and `items`, what was there from the beginning and is no
    discovery.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, revalidate_instances="always")

    items: Counts = {}
    milestones: Counts = {}
    killed: Counts = {}
    placed: Counts = {}
    mined: Counts = {}
    gained: Counts = {}
    distance: float = 0.0
    deaths: Count = 0
    achieved: dict[Text, Counts] = {}
    times: dict[Text, Counts] = {}
    given: dict[Text, Texts] = {}

    def found(self) -> dict[str, int]:
        """Everything first reached that counts as a discovery, with when: items, and what was achieved.

        Achievements go by their name, things of another kind by name and kind: `attic (rooms)`. What was
        given is left out.
        """
        if not self.achieved and not self.given:
            return dict(self.items)
        kinds = {"items": self.items, **self.achieved}
        given = {kind: frozenset(names) for kind, names in self.given.items()}
        return {
            labelled(name, kind): tick
            for kind, firsts in kinds.items()
            for name, tick in firsts.items()
            if name not in given.get(kind, ())
        }

    def times_of(self, name: str, of: str = "") -> int:
        """How often a thing was achieved: of the kind `of`, or of any; once where that is not counted."""
        firsts = {"items": self.items, "milestones": self.milestones, **self.achieved}
        kinds = [of] if of else [*firsts, *(kind for kind in self.times if kind not in firsts)]
        return max(
            (self.times.get(kind, {}).get(name, int(name in firsts.get(kind, {}))) for kind in kinds),
            default=0,
        )


def labelled(name: str, kind: str) -> str:
    """How a thing that was found is called among all others."""
    return name if kind in ("items", "achievements") else f"{name} ({kind})"


class Names(Frozen):
    """The names a program may pass to primitives, each sorted. Nothing else is said about them.

    `kinds` has those of kinds of the world's own by the kind in the plural: rooms, files, questions. Where it
    lists `achievements`, these are what an `AchieveGoal` may name.
    """

    items: tuple[Text, ...] = ()
    blocks: tuple[Text, ...] = ()
    mobs: tuple[Text, ...] = ()
    kinds: dict[Text, tuple[Text, ...]] = Field(default={})

    def every(self) -> tuple[str, ...]:
        """All names, each once."""
        own = (name for names in self.kinds.values() for name in names)
        return tuple(dict.fromkeys([*self.items, *self.blocks, *self.mobs, *own]))

    def achievements(self) -> tuple[str, ...]:
        """What can be achieved besides items, where the world lists it."""
        return self.kinds.get("achievements", ())


class OptionInfo(Frozen):
    """One option of `Environment.reset`; `choices` holds the values it may take, each with what it means."""

    name: Text
    about: Text
    default: Data = None
    choices: dict[Text, Text] = Field(default={})


class Requirement(Frozen):
    """Something that a world needs of this machine, and whether it is there.

    `detail` says what was found or what is missing; `cure` is the command or the place to get it from.
    """

    name: Text
    met: bool
    detail: Text = ""
    cure: Text = ""


class EnvironmentSpec(Frozen):
    """What a world is and can do; serialisable, so that a run can say where it was lived.

    `repeatable` is false for a world that lives on by itself, where no reset brings the same moment back.
    `options` are the options of the last reset. `tick_limit` ends a program (world ticks), and
    `failure_limit` ends it at that many failed primitive calls, caught or not. `seconds_limit` of
    wall time is a fuse. `day_ticks` is the length of
    a day, `None` in a world without days. `container` names the block that holds items, where the
    world has one of that name. `goals` are the built-in kinds of goals that the world can check, but for
    `room`, which an observation that counts slots is enough for; kinds of its own are the classes in
    `Environment.goal_types`. `aim` is what an agent is to make of the world, in a sentence, and `examples`
    are the words of which its prompts take theirs. With
    `achievements_per_episode` an achievement counts in each episode, as benchmarks score them, and may be set
    as a task in each.
    """

    id: Text = Field(pattern=r"^[a-z][a-z0-9-]*-v[0-9]+$")
    description: Text
    can_snapshot: bool = False
    can_render: bool = False
    repeatable: bool = True
    languages: tuple[Literal["python", "javascript"], ...] = ("python",)
    tick_limit: int = Field(default=6000, ge=1)
    failure_limit: int = Field(default=5, ge=1)
    seconds_limit: float = Field(default=60.0, gt=0)
    day_ticks: int | None = Field(default=None, ge=1)
    container: Text = "chest"
    goals: tuple[Text, ...] = ("item", "place", "kill", "reach")
    names: Names = Names()
    aim: Line = ""
    achievements_per_episode: bool = False
    examples: Examples = Examples()
    options: dict[Text, Data] = Field(default={})

    @property
    def has_items(self) -> bool:
        """Whether things are held in this world: it lists items, or prompts offer goals of them."""
        return bool(self.names.items) or any(form.kind in ("item", "gain") for form in self.offered_goals())

    @property
    def has_places(self) -> bool:
        """Whether there are positions in this world that can be reached."""
        return "reach" in self.goals

    def offered_goals(self) -> tuple[GoalForm, ...]:
        """The built-in kinds of goals that prompts offer: those that are checked, and that have any names.

        In a world that lists no names at all every kind may have some.
        """
        names = self.names
        listed = {
            "item": names.items,
            "gain": names.items,
            "mine": names.blocks,
            "place": names.blocks,
            "kill": names.mobs,
        }
        unlisted = not names.every()
        return tuple(
            form
            for form in FORMS
            if form.kind in self.goals and (unlisted or form.kind not in listed or listed[form.kind])
        )
