"""The world `crafter-v1`: Crafter (Hafner 2021) by the contract."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.crafter import game
from fieldcraft.envs.crafter.names import ACHIEVEMENTS, CREATURES, MATERIALS, VITALS
from fieldcraft.envs.crafter.play import Cell, Play, in_view_and_beyond, played, read, written
from fieldcraft.envs.crafter.working import Working
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import EnvironmentSpec, Examples, Names, OptionInfo, Progress

_COPIES = 8
"""Copies of episodes that are kept in memory, for beginnings and snapshots."""
_SHOWN = 6
"""Cells of one name that an observation lists."""
_DAY = 300

_EXAMPLES = Examples(
    tasks=("Collect 3 wood", "Drink water", "Place a table", "Make a wood_pickaxe", "Defeat a zombie"),
    task="Collect wood",
    goal={"kind": "achieve", "achievement": "collect_wood"},
    step="Collect 3 wood",
    step_goal={"kind": "item", "item": "wood", "count": 3},
    question="What does it take to make a stone_pickaxe?",
    program="collect_wood",
    needs="a table, a furnace or a material",
    about="stone",
    fact="stone is collected with a wood_pickaxe",
    advice=("Stay alive: when health, food, drink or energy is low, that comes first.",),
)


class CrafterWorld(Working):
    """Crafter: a land seen from above, with 22 achievements, hunger, thirst, tiredness, day and night.

    A step takes one tick. An episode ends by death or after 10,000 steps.

    Raises:
        NeedsCrafter: the package is not installed.
    """

    def __init__(self) -> None:
        items = sorted(name for name in game.package().constants.items if name not in VITALS)
        self._kept: OrderedDict[object, Play] = OrderedDict()
        self._items = items
        self._length = game.LENGTH
        self.spec = EnvironmentSpec(
            id="crafter-v1",
            description=(
                "Crafter: a land of 64 x 64 cells seen from above, with trees, water, caves and creatures. "
                "Health falls where food, drink or energy is 0, and when zombies and skeletons attack. "
                "Nights are dark and bring zombies. Tools are made beside a table."
            ),
            can_snapshot=True,
            can_render=True,
            tick_limit=2_000,
            day_ticks=_DAY,
            goals=("achieve", "item", "score"),
            names=Names(
                items=tuple(items),
                blocks=MATERIALS,
                mobs=tuple(sorted(CREATURES)),
                kinds={"achievements": ACHIEVEMENTS},
            ),
            achievements_per_episode=True,
            aim="Reach as many of the 22 achievements as possible in each episode, and stay alive.",
            examples=_EXAMPLES,
        )

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin the first episode of those with this seed.

        Raises:
            ValueError: an option is unknown or out of range.
        """
        return self.begin_episode(seed=seed, number=1, options=options)

    def begin_episode(
        self, *, seed: int, number: int, options: Mapping[str, Any] | None = None
    ) -> Observation:
        """Begin the episode `number`: the land of Crafter's own `Env(seed=seed)` after so many resets.

        Raises:
            ValueError: an option is unknown or out of range.
        """
        self._take_options(options or {})
        which = (seed, number, self._length)
        if which not in self._kept:
            self._keep(which, Play(*which))
        self._take_up(self._kept[which])
        return self.observe()

    def observe(self) -> Observation:
        """Vitals, inventory, and what is in view and was seen elsewhere, by name and cell."""
        play = self._playing
        return Observation(
            tick=play.steps,
            time=f"{'day' if play.daylight >= 0.5 else 'night'}{', asleep' if play.player.sleeping else ''}",
            inventory=play.inventory(),
            events=list(play.events),
            words=_words(play),
            extra={
                "vitals": ", ".join(f"{name} {play.held(name)}/9" for name in VITALS),
                "in_this_episode": f"{', '.join(play.firsts) or 'nothing'} achieved; all 22 count in each",
                "steps": f"{play.steps} of the {play.length} of this episode",
            },
            scores={"score": len(play.firsts)},
            ended=play.ended,
        )

    def progress(self) -> Progress:
        """The achievements; items are what they are made of, and count as no discoveries of their own."""
        play = self._playing
        times = play.times()
        return Progress(
            items=dict(play.items),
            achieved={"achievements": dict(play.firsts)},
            times={"achievements": times},
            placed=_of(times, "place"),
            killed=_of(times, "defeat"),
            given={"items": self._items},
            deaths=int(play.player.health <= 0),
        )

    def happenings(self) -> Sequence[Happening]:
        """What was collected, made, placed, eaten, killed and refused since this was last asked."""
        play = self._playing
        happened, play.happened = play.happened, []
        return happened

    def snapshot(self) -> bytes:
        """The seed and the actions of the episode; a copy of it stays in memory as well."""
        play = self._playing
        saved = play.saved()
        self._keep(saved.model_dump_json(), play.copied())
        return written(saved)

    def restore(self, snapshot: bytes) -> None:
        """Bring back an episode, by the copy in memory or else by its actions.

        Raises:
            ValueError: the bytes are no snapshot of this world, or lead elsewhere.
        """
        saved = read(snapshot)
        key = saved.model_dump_json()
        if key not in self._kept:
            self._keep(key, played(saved))
        self._take_up(self._kept[key])
        self._take_options({"length": saved.length})

    def render(self) -> bytes:
        """What Crafter shows, as a PNG."""
        return game.picture(self._playing.environment)

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The length of an episode."""
        about = f"steps after which an episode ends, 1 to {game.LENGTH}"
        return (OptionInfo(name="length", about=about, default=game.LENGTH),)

    def close(self) -> None:
        """Forget the episode."""
        self._play = None
        self._kept.clear()

    def _take_options(self, options: Mapping[str, Any]) -> None:
        for name in options:
            if name != "length":
                raise ValueError(f"unknown option {name!r}{nearest(name, ['length']) or '.'} Options: length")
        length = options.get("length", game.LENGTH)
        if not isinstance(length, int) or isinstance(length, bool) or not 1 <= length <= game.LENGTH:
            raise ValueError(f"option length: use 1 to {game.LENGTH} steps (got {length!r:.60})")
        self._length = length
        kept = {} if length == game.LENGTH else {"length": length}
        self.spec = self.spec.model_copy(update={"options": kept})

    def _keep(self, key: object, play: Play) -> None:
        self._kept[key] = play
        self._kept.move_to_end(key)
        if len(self._kept) > _COPIES:
            self._kept.popitem(last=False)

    def _take_up(self, play: Play) -> None:
        self._play = play.copied()
        self._play.happened.clear()
        self.tick = play.steps


def _of(times: Mapping[str, int], verb: str) -> dict[str, int]:
    """The counts of one verb's achievements, by what they are about."""
    return {
        name.removeprefix(f"{verb}_"): count for name, count in times.items() if name.startswith(f"{verb}_")
    }


def _words(play: Play) -> str:
    """What is seen, in words."""
    x, y = play.here
    near, far = in_view_and_beyond(play)
    lines = [
        f"At x={x}, y={y} (x grows to the right, y downwards), facing {play.facing}: "
        f"{play.faced() or 'the end of the land'}",
        f"In view (9 x 7 cells): {'; '.join(_listed(name, cells) for name, cells in near.items())}",
    ]
    beyond = [f"{_listed(name, cells[:1])} (of {len(cells)})" for name, cells in far.items()]
    return "\n".join([*lines, f"Seen elsewhere, the nearest: {'; '.join(beyond)}"] if beyond else lines)


def _listed(name: str, cells: Sequence[Cell]) -> str:
    shown = ", ".join(f"({x}, {y})" for x, y in cells[:_SHOWN])
    return f"{name} {shown}{f' and {len(cells) - _SHOWN} more' if len(cells) > _SHOWN else ''}"
