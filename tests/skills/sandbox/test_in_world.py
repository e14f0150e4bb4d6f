"""Python and JavaScript together: programs in either language call skills in the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from javascript_world import JavaScriptWorld
from machine import PATIENCE
from sandbox_bench import Bench, open_for_test

from fieldcraft.skills import Execution, KillReason, Skill, SkillLibrary, parse_program
from fieldcraft.skills.library.skill import folder_name
from fieldcraft.skills.sandbox import ProgramLimits, Sandbox, SandboxUnavailable


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_for_test("landlock") as opened:
        yield opened


@pytest.fixture
def world() -> JavaScriptWorld:
    return JavaScriptWorld()


@pytest.fixture
def library(tmp_path: Path) -> SkillLibrary:
    return SkillLibrary(tmp_path / "library")


def keep(library: SkillLibrary, source: str) -> Skill:
    language = "python" if source.startswith("def") else "javascript"
    program = parse_program(source, language)
    called = library.digests_of(program.names, languages=("python", "javascript"))
    skill = Skill(
        name=folder_name(program.entry),
        description=program.entry,
        source=source,
        entry=program.entry,
        language=language,
        dependencies=called,
    )
    return library.keep(skill).skill


def run(sandbox, world, library, source, **options) -> Execution:
    program = parse_program(source, "python" if source.startswith("def") else "javascript")
    called = library.digests_of(program.names, languages=("python", "javascript"))
    return sandbox.run(program, world, skills=library.bind(called), **options)


def test_a_javascript_program_runs_in_the_world(sandbox, world, library):
    execution = run(
        sandbox,
        world,
        library,
        "async function greet(bot, name = 'you') {\n"
        "  bot.chat(name);\n  console.log('said', name);\n  return [name];\n}",
        arguments={"name": "Ada"},
    )
    assert execution.ok
    assert (execution.result, execution.log, world.heard) == (["Ada"], "said Ada\n", ["Ada"])
    assert [call.name for call in execution.calls] == ["chat"]
    assert execution.ticks == 1


def test_an_error_is_told_with_the_programs_line(sandbox, world, library):
    execution = run(
        sandbox, world, library, "async function fall(bot) {\n  const hole = null;\n  hole.deep();\n}"
    )
    assert execution.fault is not None
    assert (execution.fault.kind, execution.fault.line, execution.fault.text) == (
        "TypeError",
        3,
        "hole.deep();",
    )


def test_python_calls_javascript_which_calls_python_and_a_helper_of_another_skill(sandbox, world, library):
    keep(
        library,
        "def whisper(bot, text='hush', times=1):\n"
        "    for _ in range(times):\n        bot.say(text)\n    return times\n",
    )
    keep(
        library,
        "function twice(text) { return text + text; }\n"
        "async function shout(bot, text) { bot.chat(twice(text)); }",
    )
    source = (
        "async function talk(bot, first, second = 'b') {\n"
        "  await shout(bot, first);\n  return (await whisper(bot, second, 2)) + 1;\n}"
    )
    keep(library, source)
    execution = run(
        sandbox,
        world,
        library,
        "def meet(bot):\n    bot.say('hello')\n    return talk(bot, 'a', second='c')\n",
    )
    assert execution.ok, execution.error_text()
    assert execution.result == 3
    assert world.heard == ["hello", "c", "c", "aa"]
    assert execution.skills_called == {"talk": 1, "shout": 1, "whisper": 1}
    assert [call.name for call in execution.calls] == ["say", "say", "say", "chat", "talk"]


def test_a_name_may_be_bound_to_a_helper_inside_another_skill(sandbox, world, library):
    keeper = keep(
        library,
        "function twice(text) { return text + text; }\nasync function shout(bot) { bot.chat(twice('x')); }",
    )
    program = parse_program("async function echo(bot) { return twice('y'); }", "javascript")
    skills = library.bind(["shout"])
    bound = skills.model_copy(update={"roots": {"twice": keeper.digest}})
    assert sandbox.run(program, world, skills=bound).result == "yy"


def test_what_goes_wrong_in_the_other_language_is_an_error_of_the_call(sandbox, world, library):
    keep(library, "async function trip(bot) {\n  throw new RangeError('too far');\n}")
    keep(library, "def mumble(bot, text=''):\n    bot.say(text)\n")
    execution = run(
        sandbox,
        world,
        library,
        "def go(bot):\n    try:\n        trip(bot)\n    except PrimitiveError as error:\n"
        "        print(error)\n    trip(bot, 3)\n",
    )
    assert "RangeError: too far at line 2 of trip" in execution.log
    assert execution.fault is not None
    assert execution.fault.line == 6
    execution = run(sandbox, world, library, "async function go(bot) { await mumble(bot); }")
    assert execution.fault is not None
    assert "nothing to say" in execution.fault.message
    assert execution.failed_calls == ["nothing to say"]


def test_a_python_program_must_hand_on_the_bot(sandbox, world, library):
    keep(library, "async function wave(bot) { bot.chat('hi'); }")
    execution = run(sandbox, world, library, "def go(bot):\n    wave()\n")
    assert execution.fault is not None
    assert "wave(bot, ...)" in execution.fault.message


def test_a_world_process_that_dies_ends_the_program_as_crashed(sandbox, world, library, later):
    forever = "async function stay(bot) { for (;;) {} }"
    later(0.5, lambda: world.process and world.process.kill())
    assert run(sandbox, world, library, forever).killed is KillReason.CRASHED
    later(0.5, sandbox.cancel)
    assert run(sandbox, world, library, forever).killed is KillReason.CANCELLED
    keep(library, forever)
    later(0.5, sandbox.cancel)
    assert run(sandbox, world, library, "def go(bot):\n    stay(bot)\n").killed is KillReason.CANCELLED


def test_a_world_that_speaks_no_javascript_says_so(sandbox, library):
    with pytest.raises(SandboxUnavailable, match="bench-v1 runs no javascript programs; it runs python"):
        run(sandbox, Bench(), library, "async function f(bot) {}")
    keep(library, "async function wave(bot) { bot.chat('hi'); }")
    execution = run(sandbox, Bench(), library, "def go(bot):\n    wave(bot)\n")
    assert execution.fault is not None
    assert "wave is javascript, which bench-v1 does not run" in execution.fault.message


def test_a_skill_that_is_called_back_has_what_is_left_of_the_programs_time(sandbox, world, library):
    keep(library, "def forever(bot):\n    while True:\n        pass\n")
    began = time.monotonic()
    execution = run(
        sandbox,
        world,
        library,
        "async function go(bot) {\n"
        "  for (let n = 0; n < 50; n++)\n"
        "    try { await forever(bot); } catch (error) { console.log(error.message); }\n}",
        limits=ProgramLimits(seconds=2),
    )
    assert time.monotonic() - began < PATIENCE
    assert execution.log.count("no time or no calls left") == 49
