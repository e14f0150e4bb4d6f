"""Answers of models that are nearly what was asked for are read where there is one way to read them."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from fieldcraft.agent.prompts.answers import AnswerUnusable, leading_object, parse_code, parse_json
from fieldcraft.agent.roles.critic import ModelVerdict
from fieldcraft.agent.roles.curriculum import Proposal
from fieldcraft.agent.roles.planning import Plan

PROGRAM = "def b(bot):\n    pass\n"


@pytest.mark.parametrize(
    ("answer", "critique"),
    [
        ("{'success': true, 'critique': 'go on'}", "go on"),
        ("{'success': True, 'critique': None}", ""),
        ('{"success": True, "critique": None}', ""),
        ("{'success': true, 'critique': 'it\\'s not'}", "it's not"),
        ("{'success': true, 'critique': 'say \"go\"'}", 'say "go"'),
        ('{success: true, critique: "go on"}', "go on"),
        ('{“success”: true, “critique”: “go "on"”}', 'go "on"'),
        ('{"success": true, "critique": "say “hi”"}', "say “hi”"),
        (
            '{\n  // done\n  "success": true, # yes\n  /* or */ "critique": "see http://a.b/#c"\n}',
            "see http://a.b/#c",
        ),
        ('{"success": true, /* why */ "critique": "x", // end\n}', "x"),
        ('{\u00a0"success":\u00a0true}', ""),
        ('\ufeff{"success": true}', ""),
        ('{"success": "yes", "critique": "a\tb"}', "a\tb"),
        ('{"success": true, "critique": "don\\\'t use a\\_b"}', "don't use a\\_b"),
        ('{"success": true, "critique": "\x1b[0m"}', "\x1b[0m"),
        ('[{"success": true}]', ""),
        ('{"result": {"success": true, "critique": "x"}}', "x"),
        ('{"ModelVerdict": {"success": true}}', ""),
        ('<answer>{"success": true}</answer>', ""),
        ("{\"success\": true}\nor {'success': True}", ""),
        ('{{"success": true, "critique": "x"}}', "x"),
        (
            '<tool_call>\n{"name": "judge", "arguments": {"success": true, "critique": "x"}}\n</tool_call>',
            "x",
        ),
    ],
)
def test_an_object_that_is_nearly_json_is_read(answer: str, critique: str) -> None:
    found = parse_json(answer, ModelVerdict)

    assert (found.success, found.critique) == (True, critique)


@pytest.mark.parametrize(
    "answer",
    [
        "{\"success\": true}\nOn reflection: {'success': False}",
        '{"success": false}\nWith more wood I would say {success: true}.',
        "{'success': False}\n{'success': True}",
        '{"success": false}\n{"result": {"success": true}}',
    ],
)
def test_objects_that_differ_go_back_where_one_is_no_proper_json(answer: str) -> None:
    with pytest.raises(AnswerUnusable, match="objects that differ"):
        parse_json(answer, ModelVerdict)


def test_proper_json_at_the_end_is_the_answer_whatever_came_before() -> None:
    assert parse_json('{success: true}\n{"success": false}', ModelVerdict).success is False


@pytest.mark.parametrize(
    "answer",
    [
        '{"draft": {"success": true}}',
        '{"draft": {"success": true}, "final": {"success": false}}',
        "{'success': true, 'critique': 'it's'}",
        '{"success": true, "critique": "he said "no""}',
        '{"success": true "critique": ""}',
        '{"success": true, "critique": "never clo',
        '{"success": perhaps}',
        "success: true\n",
        '{"success": true}\nOn reflection:\n{"success": "in part"}',
    ],
)
def test_what_could_be_misread_goes_back(answer: str) -> None:
    with pytest.raises(AnswerUnusable):
        parse_json(answer, ModelVerdict)


@pytest.mark.parametrize("goal", ['"count": null', '"count": "1"', '"count": 1, "mob": null', '"count": 1.0'])
def test_fields_of_a_goal_that_say_nothing_or_are_words_are_read(goal: str) -> None:
    answer = f'{{"task": "Get wood", "goal": {{"kind": "item", "item": "wood", {goal}}}}}'

    assert str(parse_json(answer, Proposal).goal) == str(
        parse_json('{"task": "Get wood", "goal": {"kind": "item", "item": "wood"}}', Proposal).goal
    )


def test_nulls_of_steps_are_left_out() -> None:
    plan = parse_json('{"reasoning": null, "steps": [{"task": "Get wood", "goal": null}]}', Plan)

    assert plan.steps[0].goal is None


class Wrapped(BaseModel):
    result: dict[str, bool] = {}


def test_a_key_that_was_asked_for_is_no_wrapper() -> None:
    assert parse_json('{"result": {"success": true}}', Wrapped).result == {"success": True}


@pytest.mark.parametrize(
    "answer",
    [
        "1. The program:\n   ```python\n   def b(bot):\n       pass\n   ```",
        f"\ufeff```python\n{PROGRAM}```",
        f"```\n```\n```python\n{PROGRAM}```",
        f"```py3\n{PROGRAM}```\n```bash\nrun\n```",
        f"```python\n{PROGRAM}```".replace("\n", "\r"),
        "  ```python\ndef b(bot):\n    pass\n  ```",
        PROGRAM,
        f"<think>Hm.</think>\n\n{PROGRAM}",
        f"```bash\npip\n```\n```python:skills/b.py\n{PROGRAM}```",
        f"```text\nfirst\n```\n```{{.python}}\n{PROGRAM}```",
        f"<answer>```python\n{PROGRAM}```</answer>",
        f"Here is it: ```python\n{PROGRAM}```<|im_end|>",
        f"Here is it in ```python\n\n```python\n{PROGRAM}```",
        f"<|begin_of_box|>```python\n{PROGRAM}```<|end_of_box|>",
        f"```markdown\nSo:\n```python\n{PROGRAM}```\n```",
        "- ```python\n  def b(bot):\n      pass\n  ```",
    ],
)
def test_a_program_is_read_from_an_odd_fence(answer: str) -> None:
    assert parse_code(answer) == PROGRAM


def test_a_fence_within_the_program_ends_no_block() -> None:
    source = 'def b(bot):\n    """Mine.\n\n    ```\n    b(bot)\n    ```\n    """\n    pass\n'

    assert parse_code(f"```python\n{source}```") == source


@pytest.mark.parametrize("answer", ["from the chest take wood", "defer(it)", "Here:\n\n" + PROGRAM])
def test_words_without_a_fence_are_no_program(answer: str) -> None:
    with pytest.raises(AnswerUnusable, match="no code block"):
        parse_code(answer)


@pytest.mark.parametrize("before", ["", "```json\n", "\n ", "<think>{}</think>\n"])
def test_of_an_answer_that_was_cut_the_object_that_it_begins_with_counts(before: str) -> None:
    assert leading_object(before + '{"success": true}\nFor the') == '{"success": true}'


@pytest.mark.parametrize(
    "answer", ['Good would be {"success": true}, but', '{"success": tr', '[{"success": true}']
)
def test_of_an_answer_that_was_cut_no_other_object_does(answer: str) -> None:
    with pytest.raises(AnswerUnusable, match="does not begin with a whole JSON object"):
        leading_object(answer)
