"""A sequence of calls in a world, and what came of each: drawn once, lived again, compared."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fieldcraft.envs.conformance.drawing import Drawer
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.faults import faults_of, without_exit
from fieldcraft.envs.fuse import within
from fieldcraft.envs.types import PrimitiveError

CALLS, SECONDS = 30, 0.4
"""Calls of one sequence, and seconds after which no more are drawn."""
_SHOWN = 120
_ENDED = "ended: "

NEXT_EPISODE = "begin_episode"
"""What stands in place of a primitive where the next episode of a world begins."""

Call = tuple[str, dict[str, Any]]


class Moment(NamedTuple):
    """What a world shows at one moment, as JSON text."""

    seen: str
    progress: str
    tick: int


class Step(NamedTuple):
    """The outcome of one call, and what the world showed after it."""

    outcome: str
    moment: Moment


def moment_of(environment: Environment) -> Moment:
    """What a world shows now."""
    return Moment(
        seen=json.dumps(environment.observe().model_dump(mode="json"), sort_keys=True),
        progress=json.dumps(environment.progress().model_dump(mode="json"), sort_keys=True),
        tick=environment.tick,
    )


def drawn(
    environment: Environment, drawer: Drawer, names: Sequence[str], begin: Mapping[str, Any]
) -> tuple[list[Call], list[Step]]:
    """Draw calls while they are made, so that names which the world tells are used.

    Args:
        environment: which was reset.
        drawer: draws the calls.
        names: of the primitives that may be called.
        begin: seed and options of the reset, with which later episodes begin.
    """
    calls: list[Call] = []
    steps: list[Step] = []
    until = time.monotonic() + SECONDS
    episode = 1
    drawer.hear(environment.observe())
    for _ in range(CALLS):
        left = [name for name in names if f"bot.{name}" not in faults_of(environment).hung]
        if time.monotonic() > until or not left:
            break
        call = drawer.call(left)
        if call is None:
            continue
        calls.append(call)
        steps.append(lived_once(environment, call, hear=drawer.hear))
        if environment.observe().ended is not None or steps[-1].outcome.startswith(_ENDED):
            episode += 1
            calls.append((NEXT_EPISODE, {**begin, "number": episode}))
            steps.append(lived_once(environment, calls[-1]))
        drawer.hear(environment.observe())
    return calls, steps


def lived(
    environment: Environment, calls: Iterable[Call], between: Callable[[int], object] | None = None
) -> list[Step]:
    """Make these calls; `between` is called after each with its number."""
    steps = []
    for number, call in enumerate(calls):
        steps.append(lived_once(environment, call))
        if between is not None:
            between(number)
    return steps


def lived_once(environment: Environment, call: Call, *, hear: Callable[[Any], None] | None = None) -> Step:
    """Make one call; a fault of the world's code is `failed`, whatever its words, and noted."""
    name, arguments = call

    def called() -> Any:
        if name == NEXT_EPISODE and name not in environment.primitives:
            environment.begin_episode(**arguments)
            return None
        return environment.call_primitive(name, (), arguments)

    limited = (called,) if environment.ends_its_calls else (within, environment.spec.seconds_limit, called)
    try:
        result = without_exit(f"bot.{name}", *limited)
        outcome = json.dumps(result)
        if hear is not None:
            hear(result)
    except PrimitiveError as refusal:
        outcome = f"refused: {refusal}"
    except EpisodeEnded as ended:
        outcome = f"{_ENDED}{ended.end}"
    except Exception as error:
        faults_of(environment).note(f"bot.{name}", error)
        outcome = "failed"
    return Step(outcome, moment_of(environment))


def difference(calls: Sequence[Call], one: Sequence[Step], other: Sequence[Step]) -> str:
    """The first call after which two lives differ, and in what; empty where they do not."""
    for number, (call, first, second) in enumerate(zip(calls, one, other, strict=False), start=1):
        where = f"call {number}, {shown(call)}"
        if first.outcome != second.outcome:
            return f"{where}, gave {first.outcome[:_SHOWN]} and {second.outcome[:_SHOWN]}"
        if found := unlike(first.moment, second.moment):
            return f"after {where}, {found}"
    return ""


def unlike(one: Moment, other: Moment) -> str:
    """In what two moments differ; empty where they do not."""
    if one == other:
        return ""
    parts = [
        *_fields(one.seen, other.seen, "the observation's"),
        *_fields(one.progress, other.progress, "the progress's"),
    ]
    if one.tick != other.tick:
        parts.append(f"the tick was {one.tick} and {other.tick}")
    return "; ".join(parts)[: 3 * _SHOWN]


def shown(call: Call) -> str:
    """A call as it is written: `pick(count=2)`."""
    name, arguments = call
    return f"{name}({', '.join(f'{key}={value!r:.40}' for key, value in arguments.items())})"


def _fields(one: str, other: str, whose: str) -> Iterator[str]:
    if one == other:
        return
    left, right = json.loads(one), json.loads(other)
    for name in left:
        if left[name] != right.get(name):
            yield f"{whose} {name} was {left[name]!r:.{_SHOWN}} and {right.get(name)!r:.{_SHOWN}}"
