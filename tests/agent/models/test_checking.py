"""One question of each kind, put to a model behind LangChain's real class and a loopback server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from openai_server import Handler, fails, hangs, says, sends

from fieldcraft.agent.models import ModelClient, ModelSettings
from fieldcraft.agent.models.checking import NEEDS, Kind, ModelReport, check_model

PROGRAM = "Plan.\n```python\ndef chop(bot):\n    bot.chop()\n```"
TASK = (
    'Surely: {"reasoning": "r", "task": "Chop 1 wood", "goal": {"kind": "item", "item": "wood", "count": 1}}'
)


def answering(**changes: Any) -> Callable[[Handler], None]:
    """A model that does everything, told apart by what it is asked; `changes` replace answers."""
    answers: dict[str, Any] = {
        "plain": "Wood.",
        "json": TASK,
        "code": PROGRAM,
        "seen": "Red.",
        "sign": "4711",
    }
    answers.update(changes)

    def reply(handler: Handler) -> None:
        asked = json.dumps(handler.server.requests[-1][2]["messages"])
        if "image_url" in asked:
            kind = "seen"
        elif '"tool_call_id"' in asked:
            kind = "sign"
        elif "read_sign" in asked:
            kind = "call"
        elif "# How to choose" in asked:
            kind = "json"
        else:
            kind = "code" if "# Primitives" in asked else "plain"
        answer = answers.get(kind) or call("read_sign", '{"sign": "north"}')
        (says(answer) if isinstance(answer, str) else answer)(handler)

    return reply


def call(name: str, arguments: str) -> Callable[[Handler], None]:
    wanted = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [wanted]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice]}
    return sends(200, json.dumps(body).encode())


@pytest.fixture
def check(serve: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModelReport]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    def checked(reply: Any, **options: Any) -> ModelReport:
        settings = ModelSettings(base_url=serve(reply).url, retries=0, timeout=5, backoff=0.01, **options)
        return check_model(ModelClient("openai:tiny", settings), picture=True)

    return checked


def works(report: ModelReport) -> dict[Kind, bool | None]:
    return {question.kind: question.works for question in report.questions}


def test_a_model_that_does_everything_can_serve_in_every_role(check: Any) -> None:
    report = check(answering(), context=9_000)
    assert all(works(report).values()), report.questions
    assert all(report.serves(role) for role in NEEDS)
    assert report.window == 9_000
    assert not report.usage.priced and report.usage.input_tokens >= 55


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"json": "Let us chop wood."}, "json", "it holds no JSON object; it said: 'Let us chop wood.'"),
        ({"code": "I would chop."}, "code", "it holds no code block"),
        ({"code": "```python\ndef chop(bot:\n```"}, "code", "its program cannot be run"),
        ({"call": "I would read the sign."}, "tool call", "it called no tool"),
        ({"call": call("read_sing", "{}")}, "tool call", "and called read_sing with {}"),
        ({"sign": "I cannot tell."}, "tool call", "did not answer with its outcome"),
        ({"seen": "Blue."}, "picture", "does not see"),
    ],
    ids=["prose", "no code", "no program", "no call", "another tool", "no outcome", "blind"],
)
def test_what_came_instead_is_said_in_one_line(check: Any, changes: Any, kind: Kind, said: str) -> None:
    report = check(answering(**changes))
    assert [found for found, does in works(report).items() if not does] == [kind]
    detail = next(question.detail for question in report.questions if question.kind == kind)
    assert said in detail and "\n" not in detail


def test_a_key_that_is_refused_is_asked_with_once(check: Any) -> None:
    report = check(fails(401, "wrong key"))
    assert works(report) == {"plain": False, "json": None, "code": None, "tool call": None, "picture": None}
    assert "OPENAI_API_KEY" in report.questions[0].detail
    assert not any(report.serves(role) for role in NEEDS)


def test_reasoning_is_said_to_be_set_aside(check: Any) -> None:
    report = check(answering(json=f'<think>{{"task": "no"}}</think>{TASK}'))
    assert all(works(report).values())
    assert [question.kind for question in report.questions if question.reasoning] == ["json"]


def test_usage_that_is_not_reported_is_estimated(check: Any) -> None:
    report = check(answering(plain=says("Wood.", tokens=None)))
    assert report.usage.estimated and report.usage.output_tokens > 0


@pytest.mark.slow
def test_a_server_that_hangs_is_not_waited_for(check: Any) -> None:
    report = check(hangs, context=300)
    assert "no answer within 5 s" in report.questions[0].detail


def test_a_window_that_a_refusal_names_is_shown_and_kept_to(check: Any) -> None:
    able = answering()
    lengths: list[int] = []

    def reply(handler: Handler) -> None:
        asked = json.dumps(handler.server.requests[-1][2]["messages"])
        if "# How to choose" in asked:
            lengths.append(len(asked))
        if "# How to choose" in asked and len(lengths) == 1:
            words = "This model's maximum context length is 1700 tokens."
            fails(400, words, "context_length_exceeded")(handler)
        else:
            able(handler)

    report = check(reply)
    assert report.window == 1700
    assert all(works(report).values()), report.questions
    assert lengths[1] < lengths[0]


def test_a_failure_has_its_seconds_and_no_tokens(check: Any) -> None:
    report = check(hangs_for(0.5))
    assert report.questions[0].seconds >= 0.5
    assert not report.reported


def hangs_for(seconds: float) -> Callable[[Handler], None]:
    def reply(handler: Handler) -> None:
        time.sleep(seconds)
        fails(500, "no")(handler)

    return reply


def test_an_answer_that_was_cut_does_not_count(check: Any) -> None:
    report = check(answering(plain=says("Wood is", finish="length")))
    assert not report.questions[0].works
    assert "did not come to its end (cut at its limit of output tokens)" in report.questions[0].detail
