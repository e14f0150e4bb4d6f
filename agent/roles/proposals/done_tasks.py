"""Tasks that were done: refused as proposals unless they ask for more, and summed up for the curriculum."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from fieldcraft.agent.journal.course.achieved import done_before
from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.prompts.answers import Insisted
from fieldcraft.common.text import visible_line
from fieldcraft.envs import AchieveGoal, Goal

GATHERED = 16
"""New entries of a list after which they stand with the others, so that a prompt begins as the one before."""

LATEST = 20
"""Tasks done last, which are shown in full, and up to `GATHERED` more."""

SUMMED = 5_000
"""Characters in which all earlier ones are summed up."""

_WORD, _KINDS = 48, 12


class DoneBefore(Insisted):
    """A proposal asks for nothing more than was done before."""


def refuse_done(words: str, goal: Goal | None, state: RunState, *, per_episode: bool = False) -> None:
    """Refuse a proposal that asks for nothing more than was done before.

    The task that an episode gives is another one in each, and so are achievements that count `per_episode`.

    Raises:
        DoneBefore: the message says how much was done.
    """
    given = state.observation.goal
    if goal is not None and given is not None and goal_key("", goal) == goal_key("", given):
        return
    if per_episode and isinstance(goal, AchieveGoal) and goal.achievement not in state.progress.found():
        return
    most = done_before(words, goal, state)
    if most:
        what = f"{goal} ({words})" if goal else words
        raise DoneBefore(
            f"task: {visible_line(what, 300)!r} was done before; set one for something new, or for more "
            f"than {most}. What a task needs on the way, its program gets itself"
        )


def summed_up(completed: list[str]) -> list[str]:
    """All tasks that were done, in about `SUMMED` characters and the latest `LATEST` or more in full.

    The earlier ones come first, one line for each first word: `Craft, 31 tasks: 3 chest, 1 furnace, ...`. Of
    those that do not fit, the oldest are counted only.
    """
    boundary = max(0, len(completed) - LATEST) // GATHERED * GATHERED
    return [*_by_first_word(tuple(completed[:boundary])), *completed[boundary:]]


@lru_cache(maxsize=4)
def _by_first_word(earlier: tuple[str, ...]) -> tuple[str, ...]:
    kinds: dict[str, list[str]] = {}
    for words in earlier:
        first, _, rest = words.partition(" ")
        kinds.setdefault(visible_line(first, _WORD), []).append(visible_line(rest, _WORD))
    oftenest = sorted(kinds, key=lambda kind: -len(kinds[kind]))
    lines: list[str] = []
    left = SUMMED
    for place, kind in reversed(list(enumerate(oftenest[:_KINDS], start=1))):
        text = _fitting(_most(kinds[kind]), left // place)
        left -= len(text)
        lines.insert(0, f"{kind}, {len(kinds[kind])} tasks: {text}")
    if others := sum(len(kinds[kind]) for kind in oftenest[_KINDS:]):
        lines.append(f"{others} tasks of other kinds")
    return tuple(lines)


def _most(asked: Iterable[str]) -> list[str]:
    """Each thing once, with the largest number that was asked for, the latest last."""
    most: dict[str, int] = {}
    for words in asked:
        number, _, name = words.partition(" ")
        count, thing = (int(number), name) if number.isdecimal() and name else (0, words)
        most[thing] = max(count, most.pop(thing, 0))
    return [f"{count} {thing}" if count else thing for thing, count in most.items() if thing]


def _fitting(things: list[str], characters: int) -> str:
    shown: list[str] = []
    left = characters
    for thing in reversed(things):
        left -= len(thing) + 2
        if left < 0:
            break
        shown.append(thing)
    dropped = len(things) - len(shown)
    return ", ".join([*([f"{dropped} older ones"] if dropped else []), *reversed(shown)])
