"""What of a run's memory a prompt shows: bounded in characters, and the same from call to call where it can.

A list that only grows is shown from a place that moves in strides, so that most calls begin as the one before
them did: providers keep the beginnings of prompts, and charge less for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.state import Answered, RunState
from fieldcraft.agent.roles.proposals.done_tasks import GATHERED, summed_up
from fieldcraft.agent.roles.questions import KnownNames, is_unknown, on_each
from fieldcraft.envs import ItemGoal

ANSWERS_SHOWN = 4_000
"""Characters of questions and their answers."""
SAID_SHOWN = 3_000
"""Characters of what the world said last."""
SAID_OF_HELD = 8
"""Messages on what is held now that the world gave longer ago."""

T = TypeVar("T")


def latest(entries: Sequence[T], room: int, size: Callable[[T], int]) -> Sequence[T]:
    """The end of a list, of at most `room` in size and at least half of that where there is so much.

    Its beginning moves only after the list has grown by half the room.
    """
    total = sum(map(size, entries))
    if total <= room:
        return entries
    stride = max(1, room // 2)
    gone = -(-(total - room) // stride) * stride
    for place, entry in enumerate(entries):
        if gone <= 0:
            return entries[place:]
        gone -= size(entry)
    return entries[len(entries) :]


def settled(entries: Sequence[T], room: int, size: Callable[[T], int]) -> int:
    """How many of the entries that `latest` shows are the same ones from call to call.

    The others are the newest; they are shown apart from these until they make half of the room.
    """
    stride = max(1, room // 2)
    left = sum(map(size, entries)) % stride
    shown = latest(entries, room, size)
    newest = 0
    while newest < len(shown) and left > 0:
        newest += 1
        left -= size(shown[-newest])
    return len(shown) - newest


def reached(recorder: Recorder) -> dict[str, Any]:
    """The items ever held, the oldest first, and all completed tasks; of both how many are not new.

    `achieved` is what was reached besides items, the oldest first. `most` says of which items more than one
    were held at once, or were the goal of a task that was done.
    """
    state = recorder.state
    items, completed = state.items_held(), summed_up(state.completed)
    held = frozenset(items)
    return {
        "items": items,
        "old_items": len(items) - len(items) % GATHERED,
        "most": [remark for item in items if (remark := _most(item, state))],
        "achieved": [name for name in state.found() if name not in held],
        "completed": completed,
        "old_completed": max(0, len(completed) - len(state.completed) % GATHERED),
    }


def _most(item: str, state: RunState) -> str:
    most = state.most_held.get(item, 1)
    done = goal_key("", ItemGoal(item=item)) in state.done
    remark = " ".join(filter(None, [str(most) if most > 1 else "", "done" if done else ""]))
    return f"{item} ({remark})" if remark else ""


def lately(recorder: Recorder) -> list[str]:
    """What the world said last, and earlier on what is held now, oldest first.

    What failed long ago because a thing was missing is worth another look once that is in hand. Nothing
    where no answers of the world are to be shown.
    """
    return list(remembered(recorder, lambda _: True)["said"])


def is_open(recorder: Recorder, names: KnownNames) -> Callable[[str], bool]:
    """Whether a message or a question is about anything but what was held for a while."""
    held = recorder.state.items_held()
    closed = {item.lower() for item in held[: len(held) - len(held) % GATHERED]}
    return lambda text: names.about(text) not in closed


def remembered(recorder: Recorder, open_yet: Callable[[str], bool]) -> dict[str, Any]:
    """The same as `said`, and as `old_said` how many of it are the same from call to call.

    Only of messages for which `open_yet` holds.
    """
    if not recorder.run.settings.evidence:
        return {"said": [], "old_said": 0}
    said = [line for line in recorder.state.evidence.values() if open_yet(line)]
    newest = latest(said, SAID_SHOWN, len)
    old = settled(said, SAID_SHOWN, len)
    earlier = said[: len(said) - len(newest)]
    of_held = set(on_each(recorder.state.observation.inventory, earlier, SAID_OF_HELD))
    shown = [*newest[:old], *(line for line in earlier if line in of_held), *newest[old:]]
    return {"said": shown, "old_said": old}


def known_answers(answers: Iterable[Answered], open_yet: Callable[[str], bool]) -> dict[str, Any]:
    """The latest answer to each question that says anything on what is open, the newest as there is room.

    They are `answers`; `old_answers` says how many of them are the same from call to call.
    """
    known = [
        entry
        for entry in once(answers)
        if not is_unknown(entry.answer) and any(map(open_yet, [entry.question, *entry.answer.splitlines()]))
    ]
    return {
        "answers": list(latest(known, ANSWERS_SHOWN, _size)),
        "old_answers": settled(known, ANSWERS_SHOWN, _size),
    }


def asked_before(answers: Iterable[Answered]) -> dict[str, Any]:
    """The same, as `asked`, with those that found no answer, which need not be asked again."""
    known = once(answers)
    return {
        "asked": list(latest(known, ANSWERS_SHOWN, _size)),
        "old_answers": settled(known, ANSWERS_SHOWN, _size),
    }


def once(answers: Iterable[Answered]) -> list[Answered]:
    """The latest answer to each question, where it was first given."""
    by_question: dict[str, Answered] = {}
    for entry in answers:
        before = by_question.get(entry.question)
        if before is None or before.answer != entry.answer:
            by_question.pop(entry.question, None)
            by_question[entry.question] = entry
    return list(by_question.values())


def _size(entry: Answered) -> int:
    return len(entry.question) + len(entry.answer) + 20
