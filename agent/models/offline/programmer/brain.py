"""One answer to one prompt: the prompt's kind decides who answers it."""

from __future__ import annotations

from collections.abc import Callable

from .judge import judge
from .planner import make_plan, propose_task
from .programmer import write_program
from .questions import ask_questions
from .reading import Prompt
from .words import UNKNOWN, answer_question, describe

_ANSWERERS: dict[str, Callable[[Prompt], str]] = {
    "actor": write_program,
    "answer": answer_question,
    "critic": judge,
    "questions": ask_questions,
    "decompose": make_plan,
    "task": propose_task,
    "describe": describe,
}


def answer(messages: list[dict[str, object]]) -> str:
    """Answer a prompt, given as messages with `role` and `text`, from nothing but these messages."""
    prompt = Prompt(messages)
    answerer = _ANSWERERS.get(prompt.kind)
    return answerer(prompt) if answerer else UNKNOWN
