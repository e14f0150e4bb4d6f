"""Trying a model: one question of each kind that the loop asks, and what came of it."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.models.asking_in_a_window import Ask, Question, answer_of, prompted
from fieldcraft.agent.models.client import ModelClient
from fieldcraft.agent.models.errors import ModelRefused, ModelUnavailable
from fieldcraft.agent.models.messages import Answer, Message, Usage
from fieldcraft.agent.models.providers import LOCAL, provider_of
from fieldcraft.agent.prompts.answers import AnswerUnusable, parse_code, parse_json
from fieldcraft.agent.prompts.variables import samples
from fieldcraft.agent.redact import redact
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Goal
from fieldcraft.skills import ProgramError, parse_program

Kind = Literal["plain", "json", "code", "tool call", "picture"]

NEEDS: dict[str, tuple[Kind, ...]] = {
    "curriculum": ("json",),
    "answerer": ("plain",),
    "actor": ("code",),
    "critic": ("json",),
    "describer": ("plain",),
    "tools": ("plain",),
}
"""The kinds of answer that each role cannot do without. Not every run uses tool calls and pictures."""

_ASKER: dict[Kind, str] = {
    "plain": "answerer",
    "json": "curriculum",
    "code": "actor",
    "tool call": "actor",
    "picture": "critic",
}
_SHOWN = 160
_NUMBER = "4711"
_TOOL = {
    "type": "function",
    "function": {
        "name": "read_sign",
        "description": "Read the number on a sign.",
        "parameters": {
            "type": "object",
            "properties": {"sign": {"type": "string", "description": "north or south"}},
            "required": ["sign"],
        },
    },
}
_RED = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAS0lEQVR42u3PQQkAAAgAsetfWiP4FgYrsKZeS0BAQEBAQEBA"
    "QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEDgsqnc8OJg6Ln3AAAAAElFTkSuQmCC"
)
"""A picture of nothing but red."""


class Proposal(BaseModel):
    """What the curriculum's answers must hold."""

    task: str
    goal: Goal | None = None


class Checked(BaseModel):
    """What came of one question: `works` is `None` where it was not asked.

    `seconds` are those of all attempts, without waits for a rate limit.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    works: bool | None
    detail: str
    seconds: float = 0.0
    waited: float = 0.0
    usage: Usage = Usage()
    reasoning: bool = False


class ModelReport(BaseModel):
    """What a model can do, what the questions cost, and the window it has (tokens; `None` if unknown).

    `too_small` says for roles why not even their shortest prompt fits the window.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    questions: list[Checked]
    window: int | None
    too_small: dict[str, str] = {}

    @property
    def reported(self) -> bool:
        """Whether any tokens were reported or estimated."""
        return bool(self.usage.input_tokens or self.usage.output_tokens)

    @property
    def usage(self) -> Usage:
        """What all questions cost together."""
        total = Usage()
        for question in self.questions:
            total = total.plus(question.usage)
        return total

    def serves(self, role: str) -> bool:
        """Whether everything that a role needs works, and its prompts fit the window."""
        works = {question.kind for question in self.questions if question.works}
        return role not in self.too_small and works.issuperset(NEEDS[role])


def check_model(
    client: ModelClient, *, picture: bool = False, asking: Callable[[Kind], None] = lambda _kind: None
) -> ModelReport:
    """Ask a model one question of each kind.

    Args:
        client: the model.
        picture: show it a picture even where its provider does not say that it takes any.
        asking: called before each question.
    """
    kinds: list[Kind] = ["plain", "json", "code", "tool call", "picture"]
    done: list[Checked] = []
    calls: Counter[str] = Counter()
    for kind in kinds:
        reason = _not_asked(client, kind, picture, done)
        if reason:
            done.append(Checked(kind=kind, works=None, detail=reason))
            continue
        asking(kind)
        done.append(_checked(client, kind, calls))
    return ModelReport(name=client.name, questions=done, window=client.window.size)


def _not_asked(client: ModelClient, kind: Kind, picture: bool, done: Sequence[Checked]) -> str:
    """Why a question is left out; empty where it is asked."""
    remote = provider_of(client.name) not in LOCAL
    if remote and done and done[0].works is False and not done[0].usage.output_tokens:
        return "not asked: the first question got no answer"
    if kind == "tool call" and not client.calls_tools:
        return "not asked: this model takes no tools"
    if kind == "picture" and not (picture or client.profile.get("image_inputs")):
        return "not asked: nothing says that it takes pictures; --picture asks"
    return ""


def _checked(client: ModelClient, kind: Kind, calls: Counter[str]) -> Checked:
    answers: list[Answer] = []

    def ask(question: Question, *tools: dict[str, Any]) -> Answer:
        role = _ASKER[kind]
        calls[role] += 1
        answer = answer_of(client, question, tools, role=role, call=calls[role])
        answers.append(answer)
        if answer.refusal:
            raise AnswerUnusable(f"refused: {answer.refusal}")
        return answer

    spent, waited, began = Usage(), 0.0, time.monotonic()
    try:
        works, detail = True, _QUESTIONS[kind](ask)
    except AnswerUnusable as problem:
        cut = " (cut at its limit of output tokens)" if answers and answers[-1].truncated else ""
        works, detail = False, f"{problem}{cut}{_said(answers)}"
    except ModelUnavailable as error:
        works, detail, spent, waited = False, str(error), error.usage, error.waited
    except ModelRefused as error:
        works, detail = False, str(error)
    for answer in answers:
        spent = spent.plus(Usage(**answer.model_dump(include=set(Usage.model_fields))))
        waited += answer.waited
    return Checked(
        kind=kind,
        works=works,
        detail=visible_line(redact(detail), 4 * _SHOWN),
        seconds=max(0.0, time.monotonic() - began - waited),
        waited=waited,
        usage=spent,
        reasoning=any(answer.reasoning for answer in answers),
    )


def _plain(ask: Ask) -> str:
    answer = ask(prompted("answer", samples("answer")[0]))
    text = answer.text
    if answer.truncated:
        raise AnswerUnusable("it did not come to its end")
    if not text.strip():
        raise AnswerUnusable("an empty answer")
    return f"answered: {visible_line(text, _SHOWN)}"


_ANSWERS = 24
"""Answers to questions in the prompt of a task: so many that it can be shortened, as in a run."""


def _json(ask: Ask) -> str:
    values = samples("curriculum_task")[0]
    text = ask(prompted("curriculum_task", {**values, "answers": values["answers"] * _ANSWERS})).text
    proposal = parse_json(text, Proposal)
    goal = f", goal: {proposal.goal}" if proposal.goal else ", no goal"
    return f"proposed: {visible_line(proposal.task, _SHOWN)}{goal}"


def _code(ask: Ask) -> str:
    values = {**samples("actor")[0], "attempts": [], "skills": [], "tools": ""}
    source = parse_code(ask(prompted("actor", values)).text, "python")
    try:
        program = parse_program(source, "python")
    except ProgramError as problem:
        raise AnswerUnusable(f"its program cannot be run: {problem}") from None
    return f"wrote a program: {program.entry}, {len(source.splitlines())} lines"


def _tool_call(ask: Ask) -> str:
    question = Message(
        role="user",
        text="Read the sign in the north with the tool read_sign, then answer with the number on it alone.",
    )
    answer = ask([question], _TOOL)
    if not answer.requests:
        raise AnswerUnusable("it called no tool")
    for request in answer.requests:
        if (
            request.problem
            or request.name != "read_sign"
            or not isinstance(request.arguments.get("sign"), str)
        ):
            made = f"{request.name} with {request.arguments} {request.problem}".rstrip()
            raise AnswerUnusable(f"it was asked to call read_sign with the sign's name, and called {made}")
    outcomes = [Message(role="tool", text=_NUMBER, answers=request.id) for request in answer.requests]
    called = Message(role="assistant", text=answer.text, requests=answer.requests, turn=answer.turn)
    text = ask([question, called, *outcomes], _TOOL).text
    if _NUMBER not in text:
        raise AnswerUnusable(f"it called the tool, and did not answer with its outcome ({_NUMBER})")
    return "called a tool, and answered with its outcome"


def _picture(ask: Ask) -> str:
    question = "What colour is this picture? Answer with one word."
    text = ask([Message(role="user", text=question, images=(_RED,))]).text
    if "red" not in text.lower():
        raise AnswerUnusable("it does not see that the picture is red")
    return "saw that the picture is red"


_QUESTIONS: dict[Kind, Callable[[Ask], str]] = {
    "plain": _plain,
    "json": _json,
    "code": _code,
    "tool call": _tool_call,
    "picture": _picture,
}


def _said(answers: Sequence[Answer]) -> str:
    """What the last answer said, unless the problem says it already."""
    if not answers or answers[-1].refusal:
        return ""
    text = answers[-1].text
    if text.strip():
        return f"; it said: {visible_line(text, _SHOWN)!r}"
    return "" if answers[-1].requests else "; it said: nothing"
