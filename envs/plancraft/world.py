"""Plancraft as a world: each episode has an item to craft from what is held, where that can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.goals.own import kept_goal
from fieldcraft.envs.gym.picture import encoded
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.plancraft import working
from fieldcraft.envs.plancraft.examples import DEFAULT_SPLIT, MOST_STEPS, SPLITS, STEPS, Choice, choice_of
from fieldcraft.envs.plancraft.goals import TargetGoal
from fieldcraft.envs.plancraft.package import item_names, require_plancraft
from fieldcraft.envs.plancraft.play import ACHIEVEMENTS, Action, Play, grid_of
from fieldcraft.envs.plancraft.recipes import recipes_for
from fieldcraft.envs.plancraft.saved import played_again, written
from fieldcraft.envs.plancraft.slots import GRID, OUTPUT, STORE, Slot
from fieldcraft.envs.types import EnvironmentSpec, Examples, Names, OptionInfo, PrimitiveError, Progress

AIM = "reach the target of each episode in few steps, by ways that serve other targets too"
DESCRIPTION = (
    "A crafting table with a grid of 3 x 3 slots (A1 A2 A3 above, then B1 to B3 and C1 to C3), slot 0 that "
    "gives what the grid makes, 36 slots of an inventory (I1 to I36), and a furnace (Plancraft). An episode "
    "has a target item, many things of no use among what is held, and few steps; it ends when the target is "
    "in any slot but 0. Some targets cannot be made of what is held: then impossible() is right, and ends "
    "the episode. Moving, smelting and searching a recipe take a step each, also where they do nothing; "
    "looking takes none."
)
EXAMPLES = Examples(
    tasks=("Craft 4 stick", "Smelt 1 iron_ore", "Reach the target: oak_fence"),
    task="Reach the target: oak_fence",
    goal={"kind": "target", "item": "oak_fence"},
    step="Craft 4 stick",
    step_goal={"kind": "gain", "item": "stick", "count": 4},
    question="What is oak_fence made of?",
    program="make_target",
    needs="an ingredient",
    about="stick",
    fact="2 planks, one above the other, make 4 stick",
    advice=("A program that finds out what a target takes, and what that takes, serves many targets.",),
)
Times = Annotated[int, Field(ge=1, le=64)]


class PlancraftWorld(Environment):
    """The examples of Plancraft, one an episode. A step takes one tick."""

    goal_types = (TargetGoal,)

    def __init__(self) -> None:
        require_plancraft()
        self._choice = Choice()
        self._options: dict[str, Any] = {}
        self._play: Play | None = None
        self.spec = self._specified()

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin the example of a seed.

        Raises:
            ValueError: an option is unknown; the message has the nearest names.
        """
        wanted = dict(options or {})
        choice = choice_of(wanted)
        if not choice.examples():
            raise ValueError(f"option impossible: the example {choice.example} is one; use impossible=true")
        self._play = Play(choice, seed, self._stepped)
        self._choice, self._options = choice, wanted
        self._stepped(0)
        self.spec = self._specified()
        return self.observe()

    def observe(self) -> Observation:
        """The target, and what lies in which slot."""
        play = self._begun
        return Observation(
            tick=len(play.actions),
            inventory=dict(sorted(play.held().items())),
            words=_words(play),
            events=list(play.events),
            scores={"success": float(play.success)},
            task=_task(play),
            goal=kept_goal(TargetGoal(item=play.example.target)),
            ended=play.end,
        )

    def progress(self) -> Progress:
        """What was made in this episode, and the target where it is reached."""
        play = self._begun
        targets = {play.example.target: len(play.actions)} if play.success else {}
        return Progress(
            items=dict(play.firsts),
            gained=dict(play.gained),
            achieved={"achievements": dict(play.achieved), "targets": targets},
            given={"items": list(play.given)},
        )

    def happenings(self) -> Sequence[Happening]:
        """What was crafted and smelted since this was last asked."""
        if self._play is None:
            return ()
        happened, self._play.happened = self._play.happened, []
        return happened

    def target_now(self) -> tuple[str, bool]:
        """The target of the episode, and whether it is reached or was rightly said to be impossible."""
        return self._begun.example.target, self._begun.success

    def snapshot(self) -> bytes:
        """The example and the actions of the episode."""
        return written(self._begun)

    def restore(self, snapshot: bytes) -> None:
        """Play the actions of a snapshot again.

        Raises:
            ValueError: it is none of these examples, or its actions led elsewhere.
        """
        self._play = played_again(snapshot, self._choice, self._stepped)
        self._stepped(len(self._play.actions))

    def render(self) -> bytes:
        """The table with what lies in its slots, as Plancraft draws it."""
        return encoded(self._begun.table.table.frame)

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """Which examples there are, and the limit of steps."""
        return (
            OptionInfo(name="split", about=f"the data set: {', '.join(SPLITS)}", default=DEFAULT_SPLIT),
            OptionInfo(name="example", about="one example by its id, such as VAL0491; else one by the seed"),
            OptionInfo(name="impossible", about="whether some examples cannot be done", default=True),
            OptionInfo(name="max_steps", about=f"steps of an episode, 1 to {MOST_STEPS}", default=STEPS),
        )

    @primitive
    def look(self) -> dict[str, Any]:
        """What is known, without a step: `target`, `held` (how many of each item), `slots` and `steps_left`.

        `slots` has for each slot that is not empty its `item` and `count`; `0` is what the grid gives now.
        """
        play = self._going
        slots = {slot: {"item": item, "count": count} for slot, (item, count) in play.slots().items()}
        return {
            "target": play.example.target,
            "held": dict(sorted(play.held().items())),
            "slots": slots,
            "steps_left": play.choice.max_steps - len(play.actions),
        }

    @primitive
    def search(self, item: str) -> list[dict[str, Any]]:
        """The recipes that give an item, in one step; an empty list where there is none.

        Each has `kind` and `gives` (how many at once). `shaped` and `shapeless` ones have `grid`: for each
        slot the items of which one has to lie there; a shape may lie anywhere in the grid, the things of a
        shapeless one in any slots. `smelting` ones have `smelt`: the items of which one is smelted.
        """
        if item not in item_names():
            raise PrimitiveError(f"there is no item {item!r:.100}{nearest(item, item_names())}")
        self._going.act(Action(verb="search", item=item))
        return [dict(recipe) for recipe in recipes_for(item)]

    @primitive
    def craft(self, grid: dict[Slot, str], times: Times = 1) -> dict[str, Any]:
        """Lay out the grid with items, as {"A1": "oak_planks", "B1": "oak_planks"}, and take what it gives.

        What else lies in the grid goes into the inventory before. A step for each slot that is filled or
        emptied, and one for each time that slot 0 is taken. What is missing is said before a step is taken.
        Returns the `item` that was made and its `count`.
        """
        made, count = working.craft(self._going, grid, times)
        return {"item": made, "count": count}

    @primitive
    def smelt(self, item: str, count: Times = 1) -> str:
        """Smelt so many of an item in the furnace, wherever they lie; a step for each slot they lie in.

        Returns the name of what they became.
        """
        return working.smelt(self._going, item, count)

    @primitive
    def clear(self) -> dict[str, int]:
        """Move all that lies in the grid into the inventory, a step for each slot. Returns what is held."""
        working.clear(self._going)
        return dict(sorted(self._going.held().items()))

    @primitive
    def move(self, source: Slot, to: Slot, count: Times = 1) -> str | None:
        """Move so many things from a slot to an empty one, or to one with the same item. One step.

        Moving from slot 0 takes all that it gives and uses up one thing of each slot of the grid. A move that
        cannot be done takes a step too. Returns what slot 0 gives then, or None.
        """
        working.step(self._going, Action(verb="move", source=source, to=to, count=count))
        return self._given

    @primitive
    def smelt_slot(self, source: Slot, to: Slot, count: Times = 1) -> str | None:
        """Smelt so many things of a slot into another one. One step, also where it cannot be done.

        Returns what slot 0 gives then, or None.
        """
        working.step(self._going, Action(verb="smelt", source=source, to=to, count=count))
        return self._given

    @primitive
    def impossible(self) -> None:
        """Say that the target cannot be made of what is held, which ends the episode: a success if true."""
        self._going.act(Action(verb="impossible"))

    def _stepped(self, steps: int) -> None:
        self.tick = steps

    @property
    def _given(self) -> str | None:
        offered = self._begun.slots().get(OUTPUT)
        return None if offered is None else f"{offered[1]} {offered[0]}"

    @property
    def _begun(self) -> Play:
        if self._play is None:
            raise ValueError("plancraft-v1 was not reset")
        return self._play

    @property
    def _going(self) -> Play:
        """The episode, if it is not over."""
        self._begun.require_going()
        return self._begun

    def _specified(self) -> EnvironmentSpec:
        return EnvironmentSpec(
            id="plancraft-v1",
            description=DESCRIPTION,
            can_snapshot=True,
            can_render=True,
            tick_limit=2 * MOST_STEPS,
            goals=("item", "gain", "achieve"),
            names=Names(items=item_names(), kinds={"achievements": ACHIEVEMENTS}),
            aim=AIM,
            examples=EXAMPLES,
            options=self._options,
        )


def _task(play: Play) -> str:
    target = play.example.target
    return f"Craft {target}, the target of this episode" + (
        ", or call impossible() if what is held does not suffice" if play.choice.impossible else ""
    )


def _words(play: Play) -> str:
    """The slots in sentences."""
    slots = play.slots()
    offered = slots.get(OUTPUT)
    store = {slot: slots[slot] for slot in STORE if slot in slots}
    return "\n".join(
        [
            f"Target: {play.example.target}.",
            f"Grid ({GRID[0]} to {GRID[-1]}): {_listed(grid_of(slots))}; slot 0 gives "
            f"{'nothing' if offered is None else f'{offered[1]} {offered[0]}'}.",
            f"Slots of the inventory: {_listed(store)}.",
            f"Step {len(play.actions)} of {play.choice.max_steps}.",
        ]
    )


def _listed(slots: Mapping[str, tuple[str, int]]) -> str:
    return ", ".join(f"{slot} {count} {item}" for slot, (item, count) in slots.items()) or "empty"
