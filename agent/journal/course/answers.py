"""Which answers about the world a run keeps: the newest, within a bound of characters."""

from __future__ import annotations

from fieldcraft.agent.journal.state import Answered, RunState

ANSWERS_KEPT = 60_000
"""Characters of questions and answers. Of what the offline model reuses, 96 of 100 lie in the newest half."""
_BESIDE = 20
"""Characters that an answer's key takes."""


def keep_answer(state: RunState, key: str, answered: Answered) -> None:
    """Put an answer last, and forget the oldest down to half the bound once they exceed it.

    They are forgotten in such strides because prompts show the end of the list, and should begin as the one
    before them did. An answer's age counts from when it was given: that it was used is no event.
    """
    answers = state.answers
    answers.pop(key, None)
    answers[key] = answered
    size = sum(map(_size, answers.values()))
    if size <= ANSWERS_KEPT:
        return
    for oldest in list(answers)[:-1]:
        if size <= ANSWERS_KEPT // 2:
            break
        size -= _size(answers.pop(oldest))


def _size(answered: Answered) -> int:
    return len(answered.question) + len(answered.answer) + _BESIDE
