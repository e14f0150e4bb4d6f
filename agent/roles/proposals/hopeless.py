"""Tasks that failed, and goals that failed too often in a row to be set again before something was gained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from fieldcraft.agent.journal.setbacks import asked_for, goal_key, plain_words
from fieldcraft.agent.journal.state import RunState, Setback
from fieldcraft.agent.prompts.answers import Insisted
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Goal, Names

_WORD = re.compile(r"(?:(?P<count>\d{1,9})\s+)?(?P<name>[^\W\d][\w:.\-]*)")
_LACKS_SHOWN = 6
_LONGEST_WORDS = 120

REFUSED = "Refused for now: "
"""What the entry begins with that names the tasks which may not be proposed."""

FAILED_SHOWN, REFUSED_SHOWN = 40, 4_000
"""Failed tasks that a model is shown, the latest, and characters of those that it may not propose."""


class Hopeless(Insisted):
    """A proposal asks for what failed too often in a row."""


def refuse_hopeless(
    words: str, goal: Goal | None, *, state: RunState, names: Names, settings: RunSettings
) -> None:
    """Refuse a proposal whose goal failed `hopeless_after` times in a row, unless it gained what it lacked.

    Raises:
        Hopeless: the message says what failed, how often, and what it lacked as far as that is known.
    """
    setback = hopeless(words, goal, state, names, settings)
    if setback is None:
        return
    lacks = lacked(setback, names)[:_LACKS_SHOWN] if settings.evidence else []
    since = (
        f"none of what it lacked was gained since: {', '.join(lacks)}"
        if lacks
        else "nothing was gained since"
    )
    what = f"{goal} ({words})" if goal else words
    raise Hopeless(
        f"task: {visible_line(what, 300)!r} failed {setback.failures} times in a row; {since}. "
        "Set another task first"
    )


def hopeless(
    words: str, goal: Goal | None, state: RunState, names: Names, settings: RunSettings
) -> Setback | None:
    """The failures for which a task is refused for now, if it is.

    A task for at most half of the least that was asked for in vain is another one: `Mine 2 oak_log` may
    succeed where `Mine 50 oak_log` did not.
    """
    if not settings.hopeless_after:
        return None
    setback = _setback(words, goal, state)
    if setback is None or not _is_hopeless(setback, settings.hopeless_after, names):
        return None
    return None if 2 * asked_for(words, goal, state.observation) <= setback.least else setback


def in_vain(state: RunState, names: Names, settings: RunSettings) -> list[str]:
    """What failed: in one entry all that is refused for now, then the latest tasks that may be set again."""
    limit = settings.hopeless_after
    found = [setback for setback in state.setbacks.values() if limit and _is_hopeless(setback, limit, names)]
    others = failures(state, {wording for setback in found for wording in setback.wordings})
    in_words = {plain_words(words): words for words in state.failed}
    refused: list[str] = []
    room = REFUSED_SHOWN
    for setback in reversed(found):
        words = visible_line(in_words.get(setback.wordings[0], setback.wordings[0]), _LONGEST_WORDS)
        room -= len(words) + 2
        if room < 0:
            break
        refused.insert(0, words)
    return [REFUSED + "; ".join(refused), *others] if refused else others


def failures(state: RunState, without: Collection[str] = ()) -> list[str]:
    """The latest tasks that failed and were never done since, each with how often and how long ago.

    The latest is the last. Those whose plain words are among `without` are left out.
    """
    finished = [words for words, _ in state.finished_tasks]
    counts, count = Counter(finished), len(finished)
    ago = {words: count - place for place, words in enumerate(finished)}
    failed = [words for words in state.failed if not without or plain_words(words) not in without]
    return [
        f"{words} ({counts[words]} times, {ago[words]} tasks ago)" if counts[words] else words
        for words in failed[-FAILED_SHOWN:]
    ]


def lacked(setback: Setback, names: Names) -> list[str]:
    """The items that the messages of a failure name and of which there were too few, in their order.

    The critic's words count where the world's messages name none.
    """
    return _too_few("\n".join(setback.said), setback, names) or _too_few(setback.critique, setback, names)


def _setback(words: str, goal: Goal | None, state: RunState) -> Setback | None:
    """The series of failures that a proposal would go on with, also where it leaves out the goal alone."""
    found = state.setbacks.get(goal_key(words, goal))
    if found is None and goal is None:
        plain = plain_words(words)
        found = next((setback for setback in state.setbacks.values() if plain in setback.wordings), None)
    return found


def _is_hopeless(setback: Setback, limit: int, names: Names) -> bool:
    if setback.failures < limit:
        return False
    lacks = lacked(setback, names)
    return set(lacks).isdisjoint(setback.gained) if lacks else not setback.anything_new


def _too_few(text: str, setback: Setback, names: Names) -> list[str]:
    listed, odd = _listed(names.items)
    held, here = setback.held, {*setback.gained, *setback.held}
    found: dict[str, None] = {}
    for word in _WORD.finditer(text):
        name = word["name"].rstrip(":.-")
        if (name in listed or name in here) and held.get(name, 0) < int(word["count"] or 1):
            found[name] = None
    several = [name for name in {*odd, *here} if _WORD.fullmatch(name) is None]
    found.update(dict.fromkeys(sorted(name for name in several if name in text and not held.get(name))))
    return list(found)


@lru_cache(maxsize=8)
def _listed(items: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """A world's items, and those of them that are no single word."""
    return frozenset(items), tuple(name for name in items if _WORD.fullmatch(name) is None)
