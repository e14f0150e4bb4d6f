"""A model that refuses, or is cut short, gives an answer: named, billed once, and no end of a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "models"))

from servers import PROTOCOLS, Asked, Call, OpenAIServer, ProtocolServer, Refused, Said
from tool_workshop import WOOD, live, program

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.models import Message, ModelClient, ModelSettings
from fieldcraft.agent.models.endings import refusal_in_words
from fieldcraft.agent.settings import BudgetLimits

WORDS = "I cannot help with hunting animals."
REFUSES = Said(extra={"refusal": WORDS, "content": None})
Script = Callable[[Asked], Said]
Settings = Callable[..., RunSettings]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(variable, "loopback-0123456789")


@pytest.fixture
def started() -> Iterator[Callable[[type[ProtocolServer], Script], ProtocolServer]]:
    servers: list[ProtocolServer] = []

    def start(kind: type[ProtocolServer], script: Script) -> ProtocolServer:
        servers.append(kind(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize(
    ("protocol", "said", "words"),
    [
        ("openai", REFUSES, WORDS),
        ("openai", Said("", finish="content_filter"), "filter withheld the answer (content_filter)"),
        ("anthropic", Said("", finish="refusal"), "the model declined to answer"),
        ("gemini", Said("", finish="SAFETY"), "filter withheld the answer (safety)"),
        ("gemini", Said("", finish="PROHIBITED_CONTENT"), "(prohibited_content)"),
        ("openai", Refused("Content Exists Risk"), "filter stopped the prompt"),
        ("openai", Refused("Input data may contain inappropriate content: DataInspectionFailed"), "stopped"),
        ("anthropic", Refused("Output blocked by content filtering policy"), "filter stopped the prompt"),
    ],
)
def test_a_refusal_is_an_answer_that_is_asked_for_once(
    started: Callable[..., ProtocolServer], protocol: str, said: Said | Refused, words: str
) -> None:
    def script(_: Asked) -> Said:
        if isinstance(said, Refused):
            raise said
        return said

    server = started(PROTOCOLS[protocol], script)
    settings = ModelSettings(base_url=server.url, timeout=30, retries=3, backoff=0.01)
    answer = ModelClient(server.name, settings).ask(
        [Message(role="user", text="Hunt.")], role="actor", call=1
    )
    assert words in answer.refusal
    assert (answer.text, answer.attempts, len(server.bodies)) == ("", 1, 1)


def run(
    server: ProtocolServer, toy_settings: Settings, tmp_path: Path, **options: Any
) -> tuple[Any, list[Any]]:
    settings = toy_settings(
        model=server.name,
        model_options={"base_url": server.url, "timeout": 30.0, "retries": 0},
        keep_skills=False,
        **{"critic": "none", "questions": 0, "budget": BudgetLimits(iterations=2), **options},
    )
    return live(settings, tmp_path / "runs")


def test_a_refused_program_is_a_failed_attempt_that_the_next_one_is_shown(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    asked: list[str] = []

    def script(now: Asked) -> Said:
        if "```python" not in now.text:
            return Said(json.dumps(WOOD))
        asked.append(now.text)
        return REFUSES if len(asked) == 1 else Said(program("pass"))

    state, events = run(started(OpenAIServer, script), toy_settings, tmp_path)
    [refused] = [event for event in events if isinstance(event, e.AnswerRefused)]
    assert WORDS in refused.problem
    assert WORDS in asked[1]
    assert state.spent.iterations == 2


def test_a_refused_proposal_is_named_to_the_curriculum_and_another_one_is_taken(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    asked: list[str] = []

    def script(now: Asked) -> Said:
        if "```python" in now.text:
            return Said(program("pass"))
        if '"goal"' not in now.text:
            return Said("Unknown.")
        asked.append(now.text)
        return REFUSES if len(asked) == 1 else Said(json.dumps(WOOD))

    _, events = run(started(OpenAIServer, script), toy_settings, tmp_path, budget=BudgetLimits(iterations=1))
    assert [event.problem for event in events if isinstance(event, e.ProposalRefused)] == [
        f"the model refused to answer: {WORDS}"
    ]
    assert f"> the model refused to answer: {WORDS}" in asked[1] and WORDS not in asked[0]


def test_a_model_that_only_refuses_stops_the_run_with_its_words(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    server = started(OpenAIServer, lambda _: REFUSES)
    _, events = run(server, toy_settings, tmp_path, model_failures=3)
    [paused] = [event for event in events if isinstance(event, e.RunPaused)]
    assert paused.reason == f"the model of the curriculum refused 3 times in a row to answer: {WORDS}"
    assert len(server.bodies) == 3


def test_an_actor_that_only_refuses_stops_the_run_though_others_answer(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    server = started(OpenAIServer, lambda now: REFUSES if "```python" in now.text else Said(json.dumps(WOOD)))
    options = {"model_failures": 3, "attempts": 2, "budget": BudgetLimits(iterations=9)}
    _, events = run(server, toy_settings, tmp_path, **options)
    [paused] = [event for event in events if isinstance(event, e.RunPaused)]
    assert paused.reason == f"the model of the actor refused 3 times in a row to answer: {WORDS}"


def test_tool_calls_on_the_way_do_not_hide_that_an_actor_only_refuses(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    def script(now: Asked) -> Said:
        if "```python" not in now.text:
            return Said(json.dumps(WOOD))
        if now.outcomes:
            return REFUSES
        return Said(calls=(Call("calculator", {"expression": "1"}, id=f"call_{now.number}"),))

    server = started(OpenAIServer, script)
    options = {"model_failures": 3, "attempts": 2, "budget": BudgetLimits(iterations=9)}
    _, events = run(server, toy_settings, tmp_path, tools=("calculator",), **options)
    [paused] = [event for event in events if isinstance(event, e.RunPaused)]
    assert paused.reason == f"the model of the actor refused 3 times in a row to answer: {WORDS}"


@pytest.mark.parametrize(
    "words", ["I'm sorry, but I can't help with that.", "I\u2019m unable to write this code."]
)
def test_an_actor_that_refuses_in_plain_words_stops_the_run_with_them(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path, words: str
) -> None:
    server = started(
        OpenAIServer, lambda now: Said(words) if "```python" in now.text else Said(json.dumps(WOOD))
    )
    options = {"model_failures": 2, "budget": BudgetLimits(iterations=9)}
    _, events = run(server, toy_settings, tmp_path, **options)
    [paused] = [event for event in events if isinstance(event, e.RunPaused)]
    assert paused.reason == f"the model of the actor refused 2 times in a row to answer: {words}"


@pytest.mark.parametrize(
    "words",
    ["Sorry, wrong name: `x`. {}", "GIVE UP: I cannot write this", "Take wood. I'm sorry for the mess.", ""],
)
def test_other_words_are_no_refusal(words: str) -> None:
    assert not refusal_in_words(words)


def test_a_verdict_in_reasoning_that_was_cut_is_not_believed(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    asked: list[str] = []

    def script(now: Asked) -> Said:
        if "```python" in now.text:
            return Said(program("pass"))
        if '"success"' not in now.text:
            return Said(json.dumps({"task": "Chop 4 wood"}))
        asked.append(now.text)
        return Said('Well, {"success": true} would be wrong, since', finish="length")

    _, events = run(
        started(OpenAIServer, script),
        toy_settings,
        tmp_path,
        critic="model",
        budget=BudgetLimits(iterations=1),
    )
    [judged] = [event for event in events if isinstance(event, e.Judged)]
    assert not judged.verdict.success and "raise model_options.max_output_tokens" in judged.verdict.reasoning
    assert "much shorter" in asked[1] and len(asked) == 2


def test_an_actor_that_only_calls_tools_is_told_so(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    def script(now: Asked) -> Said:
        if "```python" not in now.text:
            return Said(json.dumps(WOOD))
        return Said(calls=(Call("calculator", {"expression": "1"}, id=f"call_{now.number}"),))

    _, events = run(
        started(OpenAIServer, script),
        toy_settings,
        tmp_path,
        tools=("calculator",),
        tool_steps=2,
        budget=BudgetLimits(iterations=1),
    )
    [refused] = [event for event in events if isinstance(event, e.AnswerRefused)]
    assert refused.problem.startswith("it holds nothing but tool calls")


@pytest.mark.parametrize("text", ["", "Plan.\n```python\ndef chop(bot):\n    bot.ch"])
def test_a_program_that_was_cut_is_asked_for_once_more_and_shorter(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path, text: str
) -> None:
    asked: list[str] = []

    def script(now: Asked) -> Said:
        if "```python" not in now.text:
            return Said(json.dumps(WOOD))
        asked.append(now.text)
        return Said(text, finish="length") if len(asked) == 1 else Said(program("pass"))

    _, events = run(started(OpenAIServer, script), toy_settings, tmp_path, budget=BudgetLimits(iterations=1))
    assert "much shorter" in asked[1]
    assert not [event for event in events if isinstance(event, e.AnswerRefused)]


def test_a_text_that_was_cut_is_asked_for_once_more_and_shorter(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    def script(now: Asked) -> Said:
        if "```python" in now.text:
            return Said(program("pass"))
        if '"goal"' in now.text:
            return Said(json.dumps(WOOD))
        return Said("Chop it.") if "much shorter" in now.text else Said("So, the user asks", finish="length")

    _, events = run(
        started(OpenAIServer, script), toy_settings, tmp_path, evidence=0, budget=BudgetLimits(iterations=1)
    )
    assert {event.answer for event in events if isinstance(event, e.QuestionAnswered)} == {"Chop it."}


def test_two_programs_go_back_once_with_the_reason(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    asked: list[str] = []

    def script(now: Asked) -> Said:
        if "```python" not in now.text:
            return Said(json.dumps(WOOD))
        asked.append(now.text)
        two = f"{program('pass')}\n\nOr:\n{program('pass')}"
        return Said(two if len(asked) <= 3 else program("pass"))

    _, events = run(started(OpenAIServer, script), toy_settings, tmp_path)
    [refused] = [event for event in events if isinstance(event, e.AnswerRefused)]
    assert "it holds 2 code blocks" in refused.problem
    assert "Your answer could not be used: it holds 2 code blocks" in asked[1]
    assert "Your answer could not be used" not in asked[2] and "it holds 2 code blocks" in asked[2]


def test_one_that_is_cut_again_is_a_problem_that_names_the_setting(
    started: Callable[..., ProtocolServer], toy_settings: Settings, tmp_path: Path
) -> None:
    def script(now: Asked) -> Said:
        if "```python" not in now.text:
            return Said(json.dumps(WOOD))
        return Said("Plan.", finish="length")

    server = started(OpenAIServer, script)
    _, events = run(server, toy_settings, tmp_path, budget=BudgetLimits(iterations=1))
    [refused] = [event for event in events if isinstance(event, e.AnswerRefused)]
    assert "raise model_options.max_output_tokens" in refused.problem
    assert sum(isinstance(event, e.ModelAnswered) and event.role == "actor" for event in events) == 2
