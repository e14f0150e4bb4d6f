"""An episode that ends in a program of the world's own language ends it as it does a Python program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from javascript_world import JavaScriptWorld
from sandbox_bench import open_for_test

from fieldcraft.envs import EpisodeEnd, EpisodeEnded, primitive
from fieldcraft.envs.programs import CallBack, ProgramReport, ProgramRequest
from fieldcraft.skills import Execution, Skill, SkillLibrary, parse_program
from fieldcraft.skills.sandbox import Sandbox

CURTAIN = EpisodeEnd(outcome="truncated", why="the curtain fell")
LANGUAGES = ("python", "javascript")
GREET = "async function greet(bot) {\n  bot.chat('a');\n  bot.chat('b');\n}"


class Theatre(JavaScriptWorld):
    """The curtain falls with the second word, whoever says it."""

    says_so_by_report = True

    @primitive
    def say(self, text: str) -> int:
        """Say something; how much was said."""
        self.heard.append(text)
        if len(self.heard) > 1:
            raise EpisodeEnded.by(CURTAIN)
        return len(self.heard)

    def run_program(self, request: ProgramRequest, call_back: CallBack) -> ProgramReport:
        """As the world of which it is one, with the end in the report or raised."""
        report = super().run_program(request, call_back)
        if len(self.heard) < 2:
            return report
        if not self.says_so_by_report:
            raise EpisodeEnded.by(CURTAIN)
        return report.model_copy(update={"ended": CURTAIN})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_for_test("landlock") as opened:
        yield opened


def run(sandbox: Sandbox, world: Theatre, library: SkillLibrary, source: str) -> Execution:
    program = parse_program(source, "python" if source.startswith("def") else "javascript")
    called = library.digests_of(program.names, languages=LANGUAGES)
    return sandbox.run(program, world, skills=library.bind(called))


def keep(library: SkillLibrary, source: str) -> None:
    program = parse_program(source, "python" if source.startswith("def") else "javascript")
    library.keep(
        Skill(
            name=program.entry,
            description=program.entry,
            source=source,
            entry=program.entry,
            language=program.language,
            dependencies=library.digests_of(program.names, languages=LANGUAGES),
        )
    )


def ended_well(execution: Execution) -> bool:
    return (execution.ended, execution.fault, execution.killed, execution.detail) == (
        CURTAIN,
        None,
        None,
        None,
    )


@pytest.mark.parametrize("by_report", [True, False])
def test_a_javascript_program(sandbox: Sandbox, tmp_path: Path, *, by_report: bool) -> None:
    world = Theatre()
    world.says_so_by_report = by_report
    execution = run(sandbox, world, SkillLibrary(tmp_path), GREET)
    assert ended_well(execution)
    assert execution.call_count == (2 if by_report else 0)


@pytest.mark.parametrize("by_report", [True, False])
def test_a_python_program_that_calls_a_javascript_skill(
    sandbox: Sandbox, tmp_path: Path, *, by_report: bool
) -> None:
    world, library = Theatre(), SkillLibrary(tmp_path)
    world.says_so_by_report = by_report
    keep(library, GREET)
    execution = run(sandbox, world, library, "def meet(bot):\n    greet(bot)\n    bot.say('after the end')\n")
    assert ended_well(execution)
    assert world.heard == ["a", "b"]


def test_a_javascript_program_that_calls_a_python_skill(sandbox: Sandbox, tmp_path: Path) -> None:
    world, library = Theatre(), SkillLibrary(tmp_path)
    keep(library, "def hush(bot):\n    bot.say('a')\n    bot.say('b')\n    bot.say('c')\n")
    execution = run(
        sandbox, world, library, "async function talk(bot) {\n  await hush(bot);\n  bot.chat('d');\n}"
    )
    assert ended_well(execution)
    assert world.heard == ["a", "b"]
