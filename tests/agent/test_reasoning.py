"""Reasoning that a model writes around its answer is kept apart, and never read as the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.models.reasoning import split_reasoning
from fieldcraft.agent.prompts.answers import AnswerUnusable, parse_code, parse_json
from fieldcraft.agent.settings import BudgetLimits

DRAFT = 'Good would be {"success": true}, but no.'
ANSWER = '{"success": false}'
BLOCK = "```python\ndef b(bot):\n    pass\n```"
PROGRAM = "def b(bot):\n    pass\n"


class Verdict(BaseModel):
    reasoning: str = ""
    success: bool
    critique: str = ""


class Questions(BaseModel):
    questions: list[str] = []


@pytest.mark.parametrize(
    "answer",
    [
        f"<think>{DRAFT}</think>\n{ANSWER}",
        f"<think>\n{DRAFT}\n</think>{ANSWER}",
        f"  <THINKING>{DRAFT}</THINKING>\n{ANSWER}",
        f"{DRAFT}\n</think>\n\n{ANSWER}",
        f"{ANSWER}\n<think>{DRAFT}",
        f"[THINK]{DRAFT}[/THINK]{ANSWER}",
        f"◁think▷{DRAFT}◁/think▷{ANSWER}",
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|>{ANSWER}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
        f"<think>a</think>\n<think>{DRAFT}</think>\n{ANSWER}",
        f'<think lang="en">{DRAFT}</think>{ANSWER}',
        f"<inner_monologue>{DRAFT}</inner_monologue>{ANSWER}",
        f"<think_start>{DRAFT}<think_end>{ANSWER}",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>\n<|begin_of_solution|>{ANSWER}<|end_of_solution|>",
        f"<|channel>thought\n{DRAFT}<channel|>{ANSWER}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|>{ANSWER}<|return|>",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final <|constrain|>json"
        f"<|message|>{ANSWER}<|return|>",
        f"<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary to=functions.look "
        f"<|constrain|>json<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
        f"<think>\na\n<think>\nb\n</think>\n{DRAFT}\n</think>\n{ANSWER}",
        f"<think>{DRAFT}</think>\n<|begin_of_box|>{ANSWER}<|end_of_box|></s>",
    ],
)
def test_a_draft_in_the_reasoning_is_no_answer(answer: str) -> None:
    text, reasoning = split_reasoning(answer)
    assert (text, DRAFT in reasoning) == (ANSWER, True)
    assert parse_json(answer, Verdict).success is False


@pytest.mark.parametrize("answer", [ANSWER, f"print it:\n{BLOCK}", 'x = "<think>"\n', ""])
def test_an_answer_without_reasoning_is_unchanged(answer: str) -> None:
    assert split_reasoning(answer) == (answer, "")


def test_a_program_may_write_the_tags_inside_a_line() -> None:
    source = 'def a(bot):\n    print("<think>")\n'
    assert parse_code(f"```python\n{source}```") == source


@pytest.mark.parametrize("tag", ["</think>", "<|end|>"])
def test_a_program_may_write_the_closing_tags_too(tag: str) -> None:
    source = f'def a(bot):\n    print("{tag}")\n'
    assert parse_code(f"```python\n{source}```") == source
    assert parse_code(f"<think>Hm.</think>\n```python\n{source}```") == source


@pytest.mark.parametrize("answer", [f'<think n="1">{DRAFT}', f"<|channel|>analysis<|message|>{DRAFT}"])
def test_a_draft_in_reasoning_without_end_is_no_answer(answer: str) -> None:
    with pytest.raises(AnswerUnusable, match="nothing but reasoning"):
        parse_json(answer, Verdict)


@pytest.mark.parametrize("answer", ["<think>on and on", "<think>x</think>", "<think>" * 5000])
def test_reasoning_alone_says_what_to_do(answer: str) -> None:
    with pytest.raises(AnswerUnusable, match="nothing but reasoning"):
        parse_json(answer, Verdict)


@pytest.mark.parametrize(
    "answer",
    [
        '```json\n{"success": true, "reasoning": "```python\\nbot.x()\\n``` did it"}\n```',
        '```json\n{"success": true}\n```\nand\n```python\nx = {}\n```',
        '{"success": true, "critique": null}',
        'With {braces} in prose: {"success": true} and {more}.',
        '{"success": false}\nNo, wait:\n{"success": true}',
        '{"success": true, "reasoning": "two\nlines"}',
        '{"success": true,}',
        '{"note": 1}\n{"success": true}\n{"other": 2}',
        '{"success": true}\n{"success": ',
        '```json\r\n{"success": true}\r\n```\r\n',
    ],
)
def test_the_last_object_of_the_wanted_shape_is_read(answer: str) -> None:
    assert parse_json(answer, Verdict).success is True


def test_an_object_of_other_keys_is_no_answer_though_every_key_may_be_left_out() -> None:
    with pytest.raises(AnswerUnusable, match="none of the keys questions"):
        parse_json('{"answer": 1}', Questions)


@pytest.mark.parametrize(
    "answer",
    [
        BLOCK.replace("\n", "\r\n"),
        "~~~python\n" + PROGRAM + "~~~",
        "````python\n" + PROGRAM + "````",
        '```python title="x.py"\n' + PROGRAM + "```",
        "``` python\n" + PROGRAM + "```",
        "```{.python}\n" + PROGRAM + "```",
        "```python\n" + PROGRAM.rstrip() + "```",
        f"<think>```python\nx\n```</think>\n{BLOCK}",
        f"It printed\n```text\nnothing\n```\nso:\n{BLOCK}",
    ],
)
def test_a_program_is_read_from_any_fence_of_markdown(answer: str) -> None:
    assert parse_code(answer) == PROGRAM


def test_a_longer_fence_holds_a_shorter_one() -> None:
    source = 'def a(bot):\n    """\n```\n    """\n'
    assert parse_code(f"````python\n{source}````") == source


@pytest.mark.parametrize("answer", [f"{BLOCK}\n{BLOCK}", "```\nx = 1\n```\n```\ny = 2\n```"])
def test_two_programs_go_back(answer: str) -> None:
    with pytest.raises(AnswerUnusable, match="2 code blocks"):
        parse_code(answer)


def test_a_thinking_models_run_keeps_its_reasoning_in_the_journal(
    toy_settings: Callable[..., RunSettings], tmp_path: Path
) -> None:
    task = {"task": "Chop 1 wood", "goal": {"kind": "item", "item": "wood"}}
    path = tmp_path / "thinking.json"
    answers = {
        "curriculum": [f"<think>{json.dumps({'task': 'Fly'})}</think>{json.dumps(task)}"],
        "answerer": ["<think>Hm.</think>Chop."],
        "actor": ["<think>```python\nx\n```</think>\n```python\ndef chop_one(bot):\n    bot.chop()\n```"],
        "describer": ["<think>What does it do?</think>Chops wood once."],
    }
    path.write_text(json.dumps(answers))
    events: list[e.Event] = []
    settings = toy_settings(model=f"scripted:{path}", budget=BudgetLimits(iterations=1))
    with new_session(settings, runs=tmp_path / "runs", listeners=(events.append,)) as session:
        state = session.explorer.explore()
        assert session.library.get("chop-one").description == "Chops wood once."
    assert state.completed == ["Chop 1 wood"]
    answered = [event for event in events if isinstance(event, e.ModelAnswered)]
    assert all(event.reasoning for event in answered)
    assert not any("think" in event.text for event in answered)
