"""Goals that fail over and over, and what was gained since: part of the run's state, kept by its reducer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fieldcraft.agent.journal.state import RunState, Setback
from fieldcraft.agent.task import Task
from fieldcraft.common.text import cut_text
from fieldcraft.envs import (
    AchieveGoal,
    GainGoal,
    Goal,
    ItemGoal,
    KillGoal,
    MineGoal,
    Observation,
    OwnGoal,
    PlaceGoal,
    Progress,
    ReachGoal,
    RoomGoal,
    ScoreGoal,
)
from fieldcraft.skills import Execution

_SETBACKS, _MESSAGES, _MESSAGE, _WORDINGS = 200, 8, 240, 4
_COUNT = re.compile(r"\d+(?=\s+[^\W\d])")
"""A number of things, as in `Mine 3 oak_log`; the numbers of a position are none."""


def goal_key(words: str, goal: Goal | None) -> str:
    """By what a task is the same as another: its kind and its item, block, mob or place, whatever count.

    A model that insists varies the count before it varies the thing. A task without a goal goes by its words.
    """
    match goal:
        case ItemGoal() | GainGoal():
            return f"item {goal.item}"
        case MineGoal() | PlaceGoal():
            return f"{goal.kind} {goal.block}"
        case KillGoal():
            return f"kill {goal.mob}"
        case ReachGoal():
            return f"reach {goal.position.block()}"
    what = f" {goal}" if isinstance(goal, AchieveGoal | ScoreGoal | OwnGoal) else ""
    return f"words {plain_words(words)}" if goal is None else f"{goal.kind}{what}"


def plain_words(words: str) -> str:
    """The words of a task in small letters, without counts and punctuation."""
    return " ".join(re.findall(r"[\w-]+", _COUNT.sub("", words.casefold())))


def asked_for(words: str, goal: Goal | None, now: Observation) -> int:
    """How many things a task asks for beyond those that are held."""
    match goal:
        case ItemGoal():
            return max(1, goal.count - now.inventory.get(goal.item, 0))
        case GainGoal() | MineGoal() | PlaceGoal() | KillGoal():
            return goal.count
        case ReachGoal() | RoomGoal() | AchieveGoal() | ScoreGoal() | OwnGoal():
            return 1
    number = _COUNT.search(words)
    return max(1, int(number[0][:9])) if number else 1


def begin_task(state: RunState, task: Task) -> None:
    """Note what the task asks for; what is said from here on is about it."""
    state.asked, state.said, state.critique = asked_for(task.words, task.goal, state.observation), [], ""


def note_messages(state: RunState, execution: Execution) -> None:
    """Keep the latest of what the world said about the task in progress, each once."""
    told = [*execution.failed_calls, *filter(None, [execution.fault.message if execution.fault else ""])]
    for message in (cut_text(text, _MESSAGE) for text in told[-_MESSAGES:]):
        state.said = [*(said for said in state.said if said != message), message][-_MESSAGES:]


def note_critique(state: RunState, critique: str) -> None:
    """Keep what the critic asked to change in the latest attempt."""
    state.critique = cut_text(critique, 2 * _MESSAGE)


def note_gains(state: RunState, before: Observation, reached: Progress) -> None:
    """Note for each goal that failed what of the things named then was gained since.

    Args:
        state: with the world as it is now.
        before: the world as it was seen before.
        reached: what had been reached by then.
    """
    if not state.setbacks:
        return
    had, has = before.holdings(), state.observation.holdings()
    gained = [name for name, count in has.items() if count > had.get(name, 0)]
    found, known = state.progress.found(), reached.found()
    gained += [name for name in found if name not in known and name not in has]
    new = len(found) > len(known) or bool(has.keys() - had.keys())
    new = new or len(state.progress.milestones) > len(reached.milestones)
    _forget_gained(state, {name: has.get(name, 1) for name in gained})
    for setback in state.setbacks.values() if gained or new else ():
        setback.anything_new = setback.anything_new or new
        setback.gained = sorted({*setback.gained, *_named(gained, setback)})


def _forget_gained(state: RunState, held: Mapping[str, int]) -> None:
    """What another task brought along is no failure any more."""
    for name, count in held.items():
        setback = state.setbacks.get(goal_key("", ItemGoal(item=name)))
        if setback is not None and count >= setback.least:
            del state.setbacks[goal_key("", ItemGoal(item=name))]
            state.failed = [words for words in state.failed if plain_words(words) not in setback.wordings]


def finish_task(state: RunState, task: Task, *, success: bool, given_up: str) -> None:
    """Count a failure of the task's goal; a success ends the series."""
    key = goal_key(task.words, task.goal)
    before = state.setbacks.pop(key, None)
    if success:
        return
    earlier = before or Setback(least=state.asked)
    setback = Setback(
        failures=earlier.failures + 1,
        least=min(earlier.least, state.asked),
        wordings=list(dict.fromkeys([plain_words(task.words), *earlier.wordings]))[:_WORDINGS],
        said=state.said or earlier.said,
        critique=" ".join(filter(None, [state.critique, cut_text(given_up, _MESSAGE)])) or earlier.critique,
    )
    holdings = state.observation.holdings()
    setback.held = {name: holdings[name] for name in _named(holdings, setback)}
    state.setbacks[key] = setback
    while len(state.setbacks) > _SETBACKS:
        del state.setbacks[next(iter(state.setbacks))]


def give_another_chance(state: RunState) -> None:
    """Let the goals that failed too often be proposed again: a run that finds nothing new has to try them."""
    for setback in state.setbacks.values():
        setback.failures = 0


def _named(names: Iterable[str], setback: Setback) -> list[str]:
    """Those names that may stand in what was said; whole words are looked for where it matters."""
    text = "\n".join([*setback.said, setback.critique])
    return [name for name in names if name in text]
