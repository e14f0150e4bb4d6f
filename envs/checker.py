"""A conformance test for any environment."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fieldcraft.envs.conformance.lived import lived_problems, name_of
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.faults import faults_of, told
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.trying import arguments_for, tried
from fieldcraft.envs.types import EnvironmentSpec, GoalCheck, ItemGoal, PrimitiveError, Progress

LIVED = "a world can be lived in by any calls"
CALLS = "primitives answer with data or refuse in words"
_ROUNDS, _LONGEST = 3, 500

_Begin = Callable[[], Observation]


@dataclass(frozen=True)
class EnvironmentProblem:
    """One violation of the contract by an environment, and what to do about it."""

    promise: str
    detail: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.detail}"


def check_environment(
    environment: Environment,
    *,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> list[EnvironmentProblem]:
    """Check every rule of the contract; the list of violations is empty for a valid environment.

    Optional capabilities are checked if the spec announces them. Each method and primitive is tried, and the
    world is lived in by random calls: twice, beside another world, in other processes and through a snapshot.
    The environment is reset several times and left open.

    Args:
        environment: a new environment that was not reset.
        seed: the seed of its resets.
        options: the options of its resets.
        name: by which other processes can make the world, to be lived in there too; by default the module and
            name of its class.
    """
    problems: list[EnvironmentProblem] = []
    begin = partial(environment.reset, seed=seed, options=options or {})
    for promise, check in _CHECKS:
        try:
            problems += (EnvironmentProblem(promise, detail) for detail in check(environment, begin))
        except Exception as error:
            problems.append(EnvironmentProblem(promise, _what_raised(environment, error)))
            if check is _check_spec or check is _check_reset:
                return problems
    try:
        lived = lived_problems(
            environment, seed=seed, options=options or {}, name=name or name_of(environment)
        )
        problems += (EnvironmentProblem(promise, detail[:_LONGEST]) for promise, detail in lived)
    except Exception as error:
        problems.append(EnvironmentProblem(LIVED, _what_raised(environment, error)))
    return problems


def check_closing(environment: Environment) -> list[EnvironmentProblem]:
    """Close a world twice, as a run may; the list of violations is empty for a valid environment."""
    faults_of(environment).unsaid()
    environment.close()
    environment.close()
    failed = [line for line in faults_of(environment).unsaid() if line.startswith("close: ")]
    return [EnvironmentProblem("a world can be closed, twice too", f"it failed in {line}") for line in failed]


def _what_raised(environment: Environment, error: Exception) -> str:
    """What failed, with the method where that is known."""
    said = told(error)
    for line in reversed(faults_of(environment).unsaid()):
        if line.endswith(said):
            return f"it failed in {line}"[:_LONGEST]
    return f"it raised {said}"[:_LONGEST]


def _check_spec(environment: Environment, begin: _Begin) -> Iterator[str]:  # noqa: ARG001
    spec = getattr(environment, "spec", None)
    if not isinstance(spec, EnvironmentSpec):
        raise TypeError("set `spec = EnvironmentSpec(id=..., description=...)` on the class")
    if EnvironmentSpec.model_validate_json(spec.model_dump_json()) != spec:
        yield "it changes when written as JSON and read back; keep `options` to JSON data"
    names = spec.names
    for kind in ("items", "blocks", "mobs"):
        listed = getattr(names, kind)
        if list(listed) != sorted(set(listed)):
            yield f"names.{kind} is not sorted and free of doubles"


def _check_reset(environment: Environment, begin: _Begin) -> Iterator[str]:
    first = begin()
    if not isinstance(first, Observation):
        raise TypeError(f"reset returned {type(first).__name__}; return an Observation")
    again = begin()
    if not environment.spec.repeatable:
        return
    if first != again:
        yield f"the same seed began differently twice, in {_changed(first, again)}; draw all from it"
    if environment.observe() != again:
        yield "reset did not return what observe sees right after it"


def _check_observation(environment: Environment, begin: _Begin) -> Iterator[str]:
    begin()
    seen = environment.observe()
    if environment.spec.repeatable and environment.observe() != seen:
        yield f"two looks in a row differ in {_changed(seen, environment.observe())}; change nothing"
    seen = environment.observe()
    if not isinstance(seen.text(), str):
        yield "its text is no string"
    if environment.tick != seen.tick:
        yield f"`tick` is {environment.tick} and the observation says {seen.tick}"


def _check_progress(environment: Environment, begin: _Begin) -> Iterator[str]:
    begin()
    progress = environment.progress()
    if not isinstance(progress, Progress):
        raise TypeError(f"progress returned {type(progress).__name__}; return a Progress")
    if progress is environment.progress():
        yield "it returned the same object twice; return a new Progress each time"
    held = {name for name, count in environment.observe().inventory.items() if count}
    missing = sorted(held - set(progress.items))
    if missing:
        yield f"{missing[0]} is held and not in progress().items, which lists every item ever held"
    listed = environment.spec.names.items
    item = listed[0] if listed else "nothing_at_all"
    check = environment.check(ItemGoal(item=item, count=10**6), progress)
    if not isinstance(check, GoalCheck) or check.met:
        yield "a goal out of reach is reported as met"


def _check_primitives(environment: Environment, begin: _Begin) -> Iterator[str]:
    begin()
    if not environment.primitives:
        yield "there are none; mark what programs may call with @primitive"
    for name, function in environment.primitives.items():
        if not inspect.getdoc(function):
            yield f"{name} has no docstring; the model reads it as the API reference"
        for parameter in inspect.signature(function).parameters.values():
            if parameter.annotation is parameter.empty:
                yield f"{name}: argument {parameter.name} has no type annotation, so it cannot be validated"
    try:
        environment.call_primitive("no_such_primitive")
        yield "an unknown primitive was called without an error"
    except PrimitiveError:
        pass


def _check_calls(environment: Environment, begin: _Begin) -> Iterator[str]:
    """Call each primitive in a new world, with arguments of its types; each may refuse with a message."""
    for name in environment.primitives:
        arguments = arguments_for(environment, name)
        if arguments is not None and f"bot.{name}" not in faults_of(environment).hung:
            begin()
            yield from tried(environment, name, arguments)


def _check_life(environment: Environment, begin: _Begin) -> Iterator[str]:
    """Look at the world again and again while something happens in it."""
    begin()
    before = environment.progress()
    for _ in range(_ROUNDS):
        _live_a_little(environment)
        environment.observe()
        now = environment.progress()
        for kind in ("items", "milestones", "killed", "placed", "mined", "gained"):
            lost = sorted(set(getattr(before, kind)) - set(getattr(now, kind)))
            if lost:
                yield f"progress().{kind} has lost {lost[0]}; what was ever reached stays"
                return
        environment.check(ItemGoal(item="nothing_at_all"), before)
        if environment.spec.can_snapshot:
            environment.snapshot()
        before = now


def _check_snapshot(environment: Environment, begin: _Begin) -> Iterator[str]:
    if not environment.spec.can_snapshot:
        return
    begin()
    start = environment.snapshot()
    if not isinstance(start, bytes):
        raise TypeError(f"snapshot returned {type(start).__name__}; return bytes")
    if environment.snapshot() != start:
        yield "two snapshots of the same world differ"
    before, progress = environment.observe(), environment.progress()
    _live_a_little(environment)
    after = environment.snapshot()
    environment.restore(start)
    if environment.observe() != before or environment.progress() != progress:
        yield f"restoring it did not bring the world back: {_changed(before, environment.observe())}"
    _live_a_little(environment)
    if environment.snapshot() != after:
        yield "the same calls after a restore led to another world; randomness must be part of the snapshot"
    for damaged in (b"", start[: len(start) // 2], b"\0" + start):
        _refuses(environment, damaged)


def _refuses(environment: Environment, damaged: bytes) -> None:
    before = environment.snapshot()
    try:
        environment.restore(damaged)
    except ValueError:
        if environment.snapshot() != before:
            raise AssertionError("a damaged snapshot was refused, but the world had changed") from None
        return
    raise AssertionError("a damaged snapshot was accepted; raise ValueError and change nothing")


def _check_picture(environment: Environment, begin: _Begin) -> Iterator[str]:
    if not environment.spec.can_render:
        return
    begin()
    before = environment.snapshot() if environment.spec.can_snapshot else None
    if not environment.render().startswith(b"\x89PNG"):
        yield "render did not return a PNG"
    if before is not None and environment.snapshot() != before:
        yield "drawing changed the world"


def _live_a_little(environment: Environment) -> None:
    """Call each primitive; what fails was said by the check of calls."""
    for name in environment.primitives:
        arguments = arguments_for(environment, name)
        if arguments is None or f"bot.{name}" in faults_of(environment).hung:
            continue
        for _ in tried(environment, name, arguments):
            pass


def _changed(one: Observation, other: Observation) -> str:
    left, right = one.model_dump(), other.model_dump()
    return ", ".join(name for name in left if left[name] != right[name]) or "something unseen"


_Check = Callable[[Environment, _Begin], Iterator[str]]
_CHECKS: list[tuple[str, _Check]] = [
    ("the spec says what the world is", _check_spec),
    ("the same seed gives the same world", _check_reset),
    ("observing changes nothing", _check_observation),
    ("progress says what was ever reached", _check_progress),
    ("primitives explain and validate themselves", _check_primitives),
    (CALLS, _check_calls),
    ("a world can be looked at while it is lived in", _check_life),
    ("a snapshot is the whole world", _check_snapshot),
    ("drawing gives a picture and changes nothing", _check_picture),
]
