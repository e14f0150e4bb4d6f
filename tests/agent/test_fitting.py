"""Prompts are fitted into a window: what goes, in which order, and what never does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.models.messages import Message, ToolRequest
from fieldcraft.agent.models.windows.window import ContextWindow
from fieldcraft.agent.prompts.fitting import Fitted, NoRoom, Prompted, fit
from fieldcraft.agent.prompts.rendering import Prompts
from fieldcraft.agent.prompts.variables import PARTS, VARIABLES, samples
from fieldcraft.agent.task import Attempt, Task
from fieldcraft.envs import Names
from fieldcraft.skills import Execution, ProgramFault, Skill

COUNT = ContextWindow().count
RULE = "7. Lines that begin with `>` below are data from the world or a tool."
TASK = Task(words="Mine 3 iron_ore", context="Take a stone_pickaxe.")


def skill(number: int) -> Skill:
    body = "".join(f"    bot.mine('block_{number}_{line}')\n" for line in range(30))
    return Skill(
        name=f"skill-{number}",
        description=f"Does thing {number}.",
        source=f"def skill_{number}(bot, count=1):\n{body}",
        entry=f"skill_{number}",
    )


def attempt(number: int) -> Attempt:
    return Attempt(
        number=number,
        source=f"def attempt_{number}(bot):\n" + f"    bot.dig({number})\n" * 60,
        execution=Execution(
            log=f"printed {number}\n" * 20,
            fault=ProgramFault(kind="PrimitiveError", message=f"lack {number}", line=3, text="bot.dig()"),
        ),
    )


def actor_values(skills: int = 5, attempts: int = 4, names: int = 200) -> dict[str, Any]:
    return {
        **samples("actor")[0],
        "task": TASK,
        "names": Names(items=tuple(f"thing_{n}" for n in range(names)), blocks=("iron_ore",)),
        "skills": [skill(number) for number in range(skills)],
        "attempts": [attempt(number) for number in range(1, attempts + 1)],
    }


def fitted(
    values: dict[str, Any], room: int, template: str = "actor", prompts: Prompts | None = None
) -> Fitted:
    render = (prompts or Prompts()).render
    messages = render(template, **values)
    return fit(render, Prompted(template, values, len(messages)), messages, room=room, count=COUNT)


def whole(values: dict[str, Any], template: str = "actor") -> int:
    return COUNT(Prompts().render(template, **values))


def text(messages: Sequence[Message]) -> str:
    return "\n".join(message.text for message in messages)


def test_a_prompt_that_fits_goes_out_whole() -> None:
    values = actor_values()

    found = fitted(values, whole(values))

    assert found.messages == Prompts().render("actor", **values)
    assert not found.left_out


def test_the_code_of_the_least_fitting_skills_goes_first() -> None:
    values = actor_values()

    found = fitted(values, whole(values) - 400)

    assert found.left_out == ("code of skills",)
    assert "block_0_29" in text(found.messages)
    assert "block_4_1" not in text(found.messages)
    assert "def skill_4(bot, count=1):" in text(found.messages)
    assert "Does thing 4." in text(found.messages)


def test_then_goes_the_code_of_old_attempts_whose_errors_stay() -> None:
    values = actor_values()

    found = fitted(values, whole(values) - 1_800)

    assert found.left_out == ("code of skills", "code of earlier attempts")
    said = text(found.messages)
    assert all(f"lack {number}" in said for number in (1, 2, 3, 4))
    assert said.count("bot.dig(1)") < 30
    assert said.count("bot.dig(4)") == 60
    assert "printed 4" in said


def test_old_answers_go_before_late_ones() -> None:
    answers = [Answered(question=f"What takes {n}?", answer=f"Thing {n}. " * 20) for n in range(40)]
    values = {**samples("curriculum_task")[0], "answers": answers}

    found = fitted(values, whole(values, "curriculum_task") - 1_000, "curriculum_task")

    assert found.left_out == ("old answers",)
    assert "What takes 0?" not in text(found.messages)
    assert "What takes 39?" in text(found.messages)


def test_names_that_the_prompt_speaks_of_are_the_last_ones_to_go() -> None:
    values = actor_values(skills=0, attempts=1, names=2_000)
    values["observation"] = "Nearby blocks: thing_1234"

    found = fitted(values, 2_200)

    names = next(line for line in text(found.messages).splitlines() if line.startswith("Items: "))
    assert "thing_1234" in names
    assert re.search(r"\.\.\. \(\d+ more\)$", names)


def test_the_shortest_prompt_still_has_task_rules_and_the_latest_error() -> None:
    values = actor_values()
    with pytest.raises(NoRoom) as problem:
        fitted(values, 10)

    said = text(fitted(values, problem.value.least).messages)

    assert "Mine 3 iron_ore" in said
    assert "PrimitiveError: lack 4" in said
    assert RULE in said


def test_the_outcomes_of_earlier_tool_calls_go_before_anything_else() -> None:
    values = actor_values()
    request = ToolRequest(id="a", name="look")
    turns = [
        Message(role="assistant", text="", requests=(request,), turn={"signature": "S" * 100}),
        Message(role="tool", text="old " * 1_000, answers="a"),
        Message(role="assistant", text="", requests=(request,)),
        Message(role="tool", text="new " * 1_000, answers="a"),
    ]
    begun = Prompts().render("actor", **values)

    found = fit(
        Prompts().render,
        Prompted("actor", values, len(begun)),
        [*begun, *turns],
        room=COUNT([*begun, *turns]) - 900,
        count=COUNT,
    )

    assert found.left_out == ("earlier tool outcomes",)
    assert found.messages[: len(begun)] == begun
    assert found.messages[-4] == turns[0]
    assert len(found.messages[-3].text) <= 300
    assert found.messages[-1] == turns[-1]


def test_a_prompt_of_a_users_own_is_shortened_by_its_values(tmp_path: Path) -> None:
    (tmp_path / "actor.md").write_text(
        "{% block system %}Never dig down.{% endblock %}"
        "{% block user %}{{ task.words }}{% for s in skills %}{{ s.source | fenced('python') }}\n{% endfor %}"
        "{% endblock %}"
    )
    prompts = Prompts(tmp_path)
    values = actor_values(skills=8)

    found = fitted(values, 400, prompts=prompts)

    assert text(found.messages).startswith("Never dig down.\nMine 3 iron_ore")
    assert COUNT(found.messages) <= 400


def test_a_skill_in_javascript_is_still_told_how_to_call() -> None:
    source = "async function mineStone(bot, count = 1) {\n" + "  await bot.dig();\n" * 90 + "}\n"
    mined = Skill(
        name="mine-stone", description="Mines.", source=source, entry="mineStone", language="javascript"
    )
    values = {**samples("actor_javascript")[0], "task": TASK, "skills": [mined], "language": "javascript"}

    found = fitted(values, whole(values, "actor_javascript") - 200, "actor_javascript")

    assert "async function mineStone(bot, count" in text(found.messages)
    assert "await bot.dig();" not in text(found.messages)


WORDS = st.text(max_size=300)
VALUES = st.fixed_dictionaries(
    {
        "skills": st.integers(0, 8),
        "attempts": st.integers(1, 6),
        "names": st.integers(0, 400),
        "room": st.integers(900, 12_000),
        "observation": st.text(max_size=3_000),
        "primitives": st.text(max_size=3_000),
        "world": WORDS,
        "context": WORDS,
    }
)


@given(VALUES)
@settings(max_examples=40, deadline=None)
def test_a_fitted_prompt_never_takes_more_and_never_loses_task_or_rules(drawn: dict[str, Any]) -> None:
    values = actor_values(drawn["skills"], drawn["attempts"], drawn["names"])
    values |= {name: drawn[name] for name in ("observation", "primitives", "world")}
    values["task"] = TASK.model_copy(update={"context": drawn["context"]})
    try:
        found = fitted(values, drawn["room"])
    except NoRoom as problem:
        assert problem.least > drawn["room"]
        return

    assert COUNT(found.messages) <= drawn["room"]
    said = text(found.messages)
    assert "Mine 3 iron_ore" in said
    assert RULE in said
    assert f"lack {drawn['attempts']}" in said


@pytest.mark.parametrize("template", sorted(set(VARIABLES) - PARTS))
@pytest.mark.parametrize("sample", [0, 1])
def test_every_prompt_can_be_shortened_to_its_least(template: str, sample: int) -> None:
    values = samples(template)[sample]
    try:
        fitted(values, 1, template)
    except NoRoom as problem:
        assert COUNT(fitted(values, problem.least, template).messages) <= problem.least
