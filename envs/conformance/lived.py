"""What shows only where a world is lived in: again, beside another, elsewhere, and from a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from fieldcraft.envs.apart.world import NotApart, WorldApart
from fieldcraft.envs.conformance.drawing import Drawer
from fieldcraft.envs.conformance.sequences import (
    Call,
    Step,
    difference,
    drawn,
    lived,
    moment_of,
    unlike,
)
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.faults import faults_of, told
from fieldcraft.envs.missing import BrokenEnvironment, UnknownEnvironment

SEQUENCES, HASH_SEEDS = 2, (1, 2)
_PROBE = "fieldcraft_probe"


@dataclass
class Lived:
    """A world, the calls that were drawn in it, and what came of them.

    Attributes:
        environment: the world.
        seed, options: of its resets.
        calls, steps: the last sequence.
    """

    environment: Environment
    seed: int
    options: Mapping[str, Any]
    calls: list[Call] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def begin(self, *, other: int = 0) -> None:
        """Reset the world; `other` makes it another seed."""
        self.environment.reset(seed=self.seed + other, options=dict(self.options))


def lived_problems(
    environment: Environment, *, seed: int, options: Mapping[str, Any], name: str | None
) -> Iterator[tuple[str, str]]:
    """Live in a world by random calls; the promises that it broke, each with the detail.

    Args:
        environment: the world, of which the checks of single methods found nothing that forbids going on.
        seed: of its resets.
        options: of its resets.
        name: by which another process can make the world; without one, it is not lived in elsewhere.
    """
    for number in range(SEQUENCES):
        life = Lived(environment, seed + number, options)
        found = list(_life_problems(life, number, name if number == 0 else None))
        yield from found
        if found:
            return


def _life_problems(life: Lived, number: int, name: str | None) -> Iterator[tuple[str, str]]:
    environment = life.environment
    faults_of(environment).unsaid()
    life.begin()
    seen, progress = environment.observe(), environment.progress()
    before = seen.model_dump_json(), progress.model_dump_json()
    drawer = Drawer(environment, number)
    begin = {"seed": life.seed, "options": dict(life.options)}
    life.calls, life.steps = drawn(environment, drawer, list(environment.primitives), begin)
    for line in faults_of(environment).unsaid():
        if line.startswith("bot."):
            yield "primitives answer with data or refuse in words", f"by drawn arguments, {line[4:]}"
    yield from _copies(environment, before, (seen.model_dump_json(), progress.model_dump_json()))
    checks: list[Callable[[Lived], Iterator[tuple[str, str]]]] = []
    if environment.spec.repeatable:
        checks += [_again, _beside_another]
    if environment.spec.can_snapshot:
        checks.append(_through_a_snapshot)
    for check in checks:
        found = list(check(life))
        yield from found
        if found:
            return
    if name is not None and environment.spec.repeatable:
        yield from _elsewhere(life, name)


def _copies(
    environment: Environment, before: tuple[str, str], after: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    promise = "what was seen stays as it was seen"
    for what, was, became in zip(("observation", "progress"), before, after, strict=True):
        if was != became:
            yield (
                promise,
                f"an earlier {what} changed while the world was lived in; return a new one each time",
            )
    seen = environment.observe()
    seen.inventory[_PROBE] = 1
    seen.events.append(_PROBE)
    seen.extra[_PROBE] = _PROBE
    now = environment.observe()
    if _PROBE in now.inventory or _PROBE in now.events or _PROBE in now.extra:
        yield (
            promise,
            "what is written into an observation comes back with the next; return a new one each time",
        )
    progress = environment.progress()
    progress.items[_PROBE] = 1
    if _PROBE in environment.progress().items:
        yield promise, "what is written into a progress comes back with the next; return a new one each time"


def _again(life: Lived) -> Iterator[tuple[str, str]]:
    """The same seed and calls, in the same object."""
    life.begin()
    if found := difference(life.calls, life.steps, lived(life.environment, life.calls)):
        yield (
            "the same seed and calls lead to the same world",
            f"after a second reset, {found}; draw all randomness from the seed, and reset all state",
        )


def _beside_another(life: Lived) -> Iterator[tuple[str, str]]:
    """The same again, while another world of this class is lived in."""
    try:
        other = type(life.environment)()
    except Exception:  # a class that needs arguments
        return
    with closing(other):
        life.begin()
        other.reset(seed=life.seed + 1, options=dict(life.options))
        turned = life.calls[::-1]

        def live_in_the_other(number: int) -> None:
            lived(other, turned[number : number + 1])

        steps = lived(life.environment, life.calls, between=live_in_the_other)
    if found := difference(life.calls, life.steps, steps):
        yield (
            "two worlds share nothing",
            f"while another one of this class was lived in, {found}; keep all state in the object",
        )


def _through_a_snapshot(life: Lived) -> Iterator[tuple[str, str]]:
    """From a snapshot in the middle, in a world that went on, and in one that began with another seed."""
    promise, environment, half = "a snapshot is the whole world", life.environment, len(life.calls) // 2
    life.begin()
    lived(environment, life.calls[:half])
    snapshot, then = environment.snapshot(), moment_of(environment)
    rest = life.calls[half:]
    first = lived(environment, rest)
    if environment.spec.repeatable and (found := difference(rest, life.steps[half:], first)):
        yield promise, f"taking one changed what came later: {found}"
        return
    for where in ("", " in a world of another seed"):
        if where:
            with suppress(ValueError):
                life.begin(other=1)
        environment.restore(snapshot)
        if found := unlike(then, moment_of(environment)):
            yield promise, f"restoring one after {half} calls{where} brought back something else: {found}"
            return
        if found := difference(rest, first, lived(environment, rest)):
            yield promise, f"after restoring one{where}, {found}; keep all state in it, random state too"
            return


def _elsewhere(life: Lived, name: str) -> Iterator[tuple[str, str]]:
    """The same in two other processes, in which sets and dicts of objects have other orders."""
    promise = "every process sees the same world"
    with ThreadPoolExecutor(len(HASH_SEEDS)) as pool:
        found = list(pool.map(lambda seed: _lived_in_a_process(life, name, seed), HASH_SEEDS))
    for steps in found:
        if isinstance(steps, str):
            yield promise, f"it cannot be lived in elsewhere: {steps}"
            return
        if steps is not None and (unlikeness := difference(life.calls, life.steps, steps)):
            yield (
                promise,
                (
                    f"in another process, {unlikeness}; never let the order of a set, `hash()`, `id()` or "
                    "anything else of the process decide"
                ),
            )
            return


def _lived_in_a_process(life: Lived, name: str, hash_seed: int) -> list[Step] | str | None:
    """What came of the calls there; `None` where the world cannot live there, words where it failed."""
    try:
        apart = WorldApart(name, hash_seed=hash_seed)
    except (NotApart, UnknownEnvironment, BrokenEnvironment):
        return None
    with closing(apart):
        try:
            if apart.spec.id != life.environment.spec.id:
                return None
            apart.reset(seed=life.seed, options=dict(life.options))
            return lived(apart, life.calls)
        except Exception as error:
            return told(error)


def name_of(environment: Environment) -> str | None:
    """The name by which another process can make a world; `None` where there is none."""
    cls = type(environment)
    given = getattr(cls, "world_name", None)
    if isinstance(given, str):
        return given
    if cls.__module__ == "__main__" or "<" in cls.__qualname__:
        return None
    return f"{cls.__module__}:{cls.__qualname__}"
