"""Answers to parked calls in words, for people, programs and the author of programs."""

from __future__ import annotations

from collections.abc import Iterable

from fieldcraft.agent.task import Task
from fieldcraft.common.text import cut_text, visible_line

AWAITS = "it awaits a person's approval; this task is set aside until somebody answers"
"""Why a call is not made in a world that cannot go back to before its program."""

_REMARK = "This task was set aside while calls waited for a person."
_LONGEST_REMARK = 4_000
_LONGEST_CALL = 400


def in_words(text: str, by: str) -> str:
    """An answer in words: `refused by anna: not at night`."""
    word, _, reason = (part.strip() for part in text.partition(":"))
    said = {"yes": "allowed", "always": "allowed for all calls", "never": "refused for all calls"}
    whom = f" by {visible_line(by, 100)}" if by else ""
    if word == "late":
        return visible_line(reason, 500)
    return f"{said.get(word, 'refused')}{whom}" + (f": {visible_line(reason, 500)}" if reason else "")


def as_answer(text: str) -> str | None:
    """What a person said, as an answer: `yes`, `no`, `always` or `never`; `None` if it is none of these.

    Words may follow a `yes` or `no` after a colon.
    """
    word, _, more = (part.strip() for part in text.partition(":"))
    short = {"y": "yes", "n": "no", "a": "always", "v": "never"}
    word = short.get(word.lower(), word.lower())
    if word in ("yes", "no") and more:
        return f"{word}: {visible_line(more, 500)}"
    return word if word in short.values() and not more else None


def as_recorded(text: str) -> str:
    """An answer as a journal holds it; what is none there allows nothing."""
    return text if text.startswith("late:") else as_answer(text) or "no: the record of the answer is damaged"


def with_remark(task: Task, answers: Iterable[str], made: Iterable[str]) -> Task:
    """The task as it is set again, with what became of its calls in its context."""
    lines = [_REMARK, *(f"- {visible_line(line, 2 * _LONGEST_CALL)}" for line in answers)]
    if done := [f"- {visible_line(line, _LONGEST_CALL)}" for line in made]:
        lines += ["Made then; the same calls give these results once more, and are not made again:", *done]
    remark = cut_text("\n".join(lines), _LONGEST_REMARK)
    context = f"{task.context}\n\n{remark}" if task.context else remark
    return task.model_copy(update={"context": context, "questions": ()})


def without_remark(task: Task) -> Task:
    """The task as it was when it was first set."""
    context, remark, _ = task.context.partition(_REMARK)
    return task.model_copy(update={"context": context.rstrip()}) if remark else task
