"""What becomes of programs that did their task, and which skills the author of the next one is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tool_workshop import Settings, live, prompt, script, wants

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.cli.views.lines import lines
from fieldcraft.skills import Skill, SkillLibrary, Verified


def wood(count: int) -> dict[str, Any]:
    return {"task": f"Chop {count} wood", "goal": {"kind": "item", "item": "wood", "count": count}}


def code(name: str, *body: str, before: str = "") -> str:
    return f"{before}\n```python\ndef {name}(bot):\n" + "".join(f"    {line}\n" for line in body) + "```"


CHOPS = ("got = 0", "while got < 40:", "    got += bot.chop()")
KEPT = code("chop_much", *CHOPS)
RAISES = code("chop_much", *CHOPS, "raise ValueError('no more trees')")
MORE = code("chop_more", "chop_much(bot)", "print(3)")
STOPPED = code("chop_on", *CHOPS, "while True:", "    tuple(map(print, range(1000)))")


def run(
    toy_settings: Settings, tmp_path: Path, actor: list[Any], *, tasks: int | None = None, **changes: Any
) -> list[Any]:
    count = tasks or len(actor)
    curriculum = [wood(30 + 40 * number) for number in range(count)]
    model = script(tmp_path, curriculum=curriculum, actor=actor, describer=["Chops."] * count)
    budget = BudgetLimits(iterations=count)
    settings = toy_settings(model=model, keep_prompts=True, attempts=1, budget=budget, **changes)
    _, events = live(settings, tmp_path / "runs")
    return events


def only(events: list[Any], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def said(events: list[Any]) -> list[str]:
    view, words = Overview(), []
    for event in events:
        if view.take(event):
            words += [f"{line.words}: {line.detail}" for line in lines(event, view)]
    return words


def library(tmp_path: Path) -> SkillLibrary:
    return SkillLibrary(tmp_path / "library")


def test_a_program_that_raised_after_its_task_is_kept_as_partial(
    toy_settings: Settings, tmp_path: Path
) -> None:
    events = run(toy_settings, tmp_path, [RAISES, code("chop_more", *CHOPS, "print(1)")])
    skill = library(tmp_path).get("chop-much")
    assert skill.verified is Verified.PARTIAL
    assert "When it was kept it raised ValueError: no more trees" in skill.description
    assert skill.provenance.gave["wood"] >= 20
    assert "kept as partial" in prompt(tmp_path / "runs", "actor-00002")
    assert any("kept the skill chop-much: verified: partial; kept as" in line for line in said(events))


def test_one_that_was_stopped_after_its_task_is_not_and_everybody_is_told(
    toy_settings: Settings, tmp_path: Path
) -> None:
    events = run(toy_settings, tmp_path, [STOPPED, KEPT])
    (refused,) = only(events, e.SkillRefused)
    assert refused.entry == "chop_on"
    assert "did not end by itself: stopped: too much output" in refused.reason
    assert "chop_on was not kept as a skill: it did its task" in prompt(tmp_path / "runs", "actor-00002")
    assert any("not kept: it did its task, but did not end by itself" in line for line in said(events))


def test_why_a_program_was_not_kept_is_shown_until_the_next_has_run(
    toy_settings: Settings, tmp_path: Path
) -> None:
    then = code("chop_again", "chop_much(bot)", "print(2)")
    run(toy_settings, tmp_path, [STOPPED, KEPT, then])
    assert "was not kept" not in prompt(tmp_path / "runs", "actor-00001")
    assert "was not kept" in prompt(tmp_path / "runs", "actor-00002")
    assert "was not kept" not in prompt(tmp_path / "runs", "actor-00003")


def test_a_program_that_raised_does_not_replace_one_that_works(
    toy_settings: Settings, tmp_path: Path
) -> None:
    events = run(toy_settings, tmp_path, [KEPT, RAISES])
    assert library(tmp_path).get("chop-much").verified is Verified.FULL
    assert "which works, stays" in only(events, e.SkillRefused)[0].reason


def test_a_skill_is_replaced_by_the_one_that_improves_it(toy_settings: Settings, tmp_path: Path) -> None:
    calls = code("chop_twice", "chop_much(bot)", "bot.chop()")
    better = code("chop_a_lot", *CHOPS, "for _ in range(30):", "    bot.chop()", before="improves: chop_much")
    run(toy_settings, tmp_path, [KEPT, calls, better])
    found = library(tmp_path)
    assert found.names() == ["chop-much", "chop-twice"]
    assert "range(30)" in found.get("chop-much").source
    assert found.get("chop-much").source.startswith("def chop_much(bot):")
    old = found.dependency(found.get("chop-twice"), "chop_much")
    assert "range(30)" not in old.source


@pytest.mark.parametrize(
    ("name", "first", "why"),
    [("chop_less", "bot.chop()", "is no skill"), ("chop_much", "chop_much(bot)", "it calls that one")],
)
def test_one_that_cannot_take_the_place_is_kept_beside(
    toy_settings: Settings, tmp_path: Path, name: str, first: str, why: str
) -> None:
    better = code("chop_a_lot", first, *CHOPS, "print(5)", before=f"**Improves:** `{name}`")
    events = run(toy_settings, tmp_path, [KEPT, better])
    assert library(tmp_path).names() == ["chop-a-lot", "chop-much"]
    assert why in only(events, e.SkillKept)[1].note


def test_code_is_shown_to_an_author_who_asks_for_it_in_words(toy_settings: Settings, tmp_path: Path) -> None:
    asks = "READ SKILL: `chop_much`, chop_mch"
    events = run(toy_settings, tmp_path, [KEPT, asks, MORE], tasks=2)
    told = prompt(tmp_path / "runs", "actor-00003").rpartition("<!-- user -->")[2]
    assert "```python\ndef chop_much(bot):" in told
    assert "there is no skill 'chop_mch'; did you mean 'chop_much'?" in told
    assert not only(events, e.AnswerRefused)


def test_an_author_who_only_asks_is_told_to_write(toy_settings: Settings, tmp_path: Path) -> None:
    asks = "READ SKILL: chop_much"
    events = run(toy_settings, tmp_path, [KEPT, asks, asks, asks], tasks=2)
    assert "write the program with what was shown" in only(events, e.AnswerRefused)[0].problem


def test_code_is_shown_to_an_author_who_calls_the_tool_for_it(toy_settings: Settings, tmp_path: Path) -> None:
    asks = wants(("read_skill", {"names": ["chop_much", "nothing"]}), ("read_skill", {"names": 3}))
    run(toy_settings, tmp_path, [KEPT, asks, MORE], tasks=2)
    told = prompt(tmp_path / "runs", "actor-00003")
    assert "> def chop_much(bot):" in told
    assert "> there is no skill 'nothing'" in told
    assert "> read_skill was not called: give it a list of names of skills" in told


def fill(tmp_path: Path, count: int) -> SkillLibrary:
    found = library(tmp_path)
    with found.writing():
        for number in range(count):
            entry = f"saw_board_{number}"
            source = f'def {entry}(bot, count={number}):\n    """Saw."""\n    bot.saw({number})\n'
            found.keep(Skill(name=f"saw-board-{number}", entry=entry, description="Saws.", source=source))
    return found


def test_a_skill_that_was_called_lately_is_shown_whatever_the_task_is(
    toy_settings: Settings, tmp_path: Path
) -> None:
    fill(tmp_path, 30)
    others = [code(f"chop_some_{number}", *CHOPS, f"print({number})") for number in range(9)]
    run(toy_settings, tmp_path, [KEPT, MORE, *others], retrieved=1)
    runs = tmp_path / "runs"
    headings = [line for line in prompt(runs, "actor-00011").splitlines() if line.startswith("## ")]
    assert "## chop_much" in headings


def test_a_routine_that_many_skills_call_is_shown_to_a_new_run(
    toy_settings: Settings, tmp_path: Path
) -> None:
    found = fill(tmp_path, 12)
    stroll = 'def stroll(bot):\n    """Walk about."""\n    print("about")\n'
    found.keep(Skill(name="stroll", entry="stroll", description="Walks.", source=stroll))
    for number in range(4):
        entry = f"walk_{number}"
        source = f"def {entry}(bot):\n    stroll(bot)\n    print({number})\n"
        bound = {"stroll": found.get("stroll").digest}
        name = f"walk-{number}"
        found.keep(Skill(name=name, entry=entry, description="W.", source=source, dependencies=bound))
    run(toy_settings, tmp_path, [KEPT], retrieved=1)
    told = prompt(tmp_path / "runs", "actor-00001")
    assert "## stroll\n`stroll(bot)`\n> Walk about." in told
    assert told.count("\ndef ") <= 3
    assert "- saw_board_3(bot, count=3)" in told


def test_what_an_attempt_lacked_comes_after_what_the_first_one_was_shown(
    toy_settings: Settings, tmp_path: Path
) -> None:
    found = fill(tmp_path, 3)
    for entry, purpose in (("chop_wood_well", "Chop wood."), ("tie_purple_ribbon", "Tie a purple ribbon.")):
        source = f'def {entry}(bot):\n    """{purpose}"""\n    print("{entry}")\n'
        name = entry.replace("_", "-")
        found.keep(Skill(name=name, entry=entry, description=purpose, source=source))
    lacking = code("chop_much", "raise ValueError('tie a purple ribbon, purple ribbon')")
    model = script(tmp_path, curriculum=[wood(30)], actor=[lacking, KEPT], describer=["Chops."])
    changes: dict[str, Any] = {"keep_prompts": True, "attempts": 2, "retrieved": 1}
    budget = BudgetLimits(iterations=2)
    live(toy_settings(model=model, budget=budget, **changes), tmp_path / "runs")
    first, second = (prompt(tmp_path / "runs", f"actor-0000{number}") for number in (1, 2))
    assert "\n## tie_purple_ribbon\n" not in first
    assert second.startswith(first[: first.index("None: this is the first attempt.")].rstrip())
    assert "\n## tie_purple_ribbon\n" in second[second.index("# More skills") :]
