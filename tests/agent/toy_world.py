"""A world small enough to read at once: wood, planks, and a die, with snapshots."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any, ClassVar

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Goal,
    Happening,
    ItemGoal,
    Names,
    Observation,
    Position,
    PrimitiveError,
    Progress,
    primitive,
)


class ToyWorld(Environment):
    """Chop wood (a die says how much), saw planks."""

    spec = EnvironmentSpec(
        id="toy-v1",
        description="A clearing with a tree.",
        can_snapshot=True,
        names=Names(items=("plank", "wood")),
    )

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._tick = 0
        self._random = random.Random(0)

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        self._held, self._first, self._tick = {}, {}, 0
        self._random = random.Random(seed)
        return self.observe()

    def observe(self) -> Observation:
        return Observation(tick=self._tick, position=Position(x=0, y=64, z=0), inventory=dict(self._held))

    def progress(self) -> Progress:
        return Progress(items=dict(self._first))

    def snapshot(self) -> bytes:
        version, state, gauss = self._random.getstate()
        return json.dumps([self._held, self._first, self._tick, [version, list(state), gauss]]).encode()

    def restore(self, snapshot: bytes) -> None:
        try:
            self._held, self._first, self._tick, (version, state, gauss) = json.loads(snapshot)
        except ValueError as error:
            raise ValueError("not a snapshot of a toy world") from error
        self._random.setstate((version, tuple(state), gauss))

    @primitive
    def chop(self) -> int:
        """Chop the tree; returns how much wood fell."""
        fell = self._random.randint(1, 3)
        self._gain("wood", fell)
        return fell

    @primitive
    def saw(self, count: int = 1) -> int:
        """Saw planks, two from one wood."""
        if self._held.get("wood", 0) < count:
            raise PrimitiveError(f"cannot saw: need {count} wood (have {self._held.get('wood', 0)})")
        self._held["wood"] -= count
        self._gain("plank", 2 * count)
        return 2 * count

    def _gain(self, item: str, count: int) -> None:
        self._tick += 10
        self._held[item] = self._held.get(item, 0) + count
        self._first.setdefault(item, self._tick)


class ForgetfulWorld(ToyWorld):
    """The same without snapshots, as a game server is."""

    spec = ToyWorld.spec.model_copy(update={"id": "forgetful-v1", "can_snapshot": False})


class LastingWorld(ForgetfulWorld):
    """A world without snapshots that lives on between the lives of a run, as on a server."""

    spec = ForgetfulWorld.spec.model_copy(update={"id": "lasting-v1"})
    kept: ClassVar[dict[str, Any]] = {}

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        super().reset(seed=seed)
        if (options or {}).get("as_it_is"):
            self._held, self._first, self._tick = json.loads(json.dumps(self.kept["world"]))
        return self.observe()

    def options_to_resume(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {**options, "as_it_is": True}

    def _gain(self, item: str, count: int) -> None:
        super()._gain(item, count)
        self.kept["world"] = [self._held, self._first, self._tick]


class _Counted:
    """Notes each reset with its options, and each restoring."""

    notes: ClassVar[list[Any]] = []

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        if options and "bad" in options:
            raise ValueError("the option bad is bad")
        self.notes.append(dict(options or {}))
        return super().reset(seed=seed)  # type: ignore[misc, no-any-return]

    def restore(self, snapshot: bytes) -> None:
        self.notes.append("restored")
        super().restore(snapshot)  # type: ignore[misc]

    def options_to_resume(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {**options, "as_it_is": True}


class CountedWorld(_Counted, ToyWorld):
    """A toy world that counts."""


class CountedForgetfulWorld(_Counted, ForgetfulWorld):
    """The same without snapshots."""


class PantryWorld(ToyWorld):
    """A toy world with two slots and a box to stow wood in, which says what happened."""

    spec = ToyWorld.spec.model_copy(
        update={"id": "pantry-v1", "container": "box", "goals": ("item", "gain", "mine")}
    )

    def __init__(self) -> None:
        super().__init__()
        self._happened: list[Happening] = []

    def observe(self) -> Observation:
        used = sum(self._held.values())
        seen = {
            "slots_used": min(36, 20 + 5 * used),
            "slots_total": 36,
            "chests": {"(5, 64, 0)": None, "(1, 64, 0)": None, "(2, 64, 0)": None},
            "chest_slots": {"(1, 64, 0)": 0, "(2, 64, 0)": 12},
        }
        return super().observe().model_copy(update=seen)

    def progress(self) -> Progress:
        return super().progress().model_copy(update={"gained": {"wood": self._tick}})

    def happenings(self) -> list[Happening]:
        found, self._happened = self._happened, []
        return found

    @primitive
    def stow(self) -> int:
        """Put all wood into the box."""
        count = self._held.pop("wood", 0)
        self._happened.append(Happening(what="stored", subject="wood", used={"wood": count}))
        return count


class HeedingWorld(ToyWorld):
    """A toy world where more wood falls for the goal of wood."""

    spec = ToyWorld.spec.model_copy(update={"id": "heeding-v1"})
    _wanted = ""

    def pursue(self, goal: Goal | None) -> None:
        self._wanted = goal.item if isinstance(goal, ItemGoal) else ""

    def _gain(self, item: str, count: int) -> None:
        super()._gain(item, 2 * count if item == self._wanted else count)
