"""JavaScript programs beside the bot: Voyager's primitives, lines of errors, a fresh process after each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from minecraft_server import FixtureServer

from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.envs.programs import CallBack, ProgramReport, ProgramRequest
from fieldcraft.skills.program.javascript import LANGUAGE, WORLD

FORBIDDEN = {
    "process": "return process.env",
    "process, by another name": "return globalThis['pro' + 'cess'].env",
    "require": "require('child_process')",
    "the network": "return fetch('http://127.0.0.1')",
    "eval": "return eval('1')",
    "a prototype": "bot.__proto__.dig = null",
    "a prototype, by its getter": "return Object.getPrototypeOf(bot)",
    "a constructor, by another name": "const c = 'const' + 'ructor'; return bot[c]",
    "a compiler through a shared object": (
        "const c = 'const' + 'ructor'; return bot.entity[c][c]('return process')()"
    ),
    "a compiler through a function": "const c = 'const' + 'ructor'; return bot.dig[c]('return process')()",
    "a function of the bot": "bot.dig = null",
    "an import": "return import('node:fs')",
}


def no_host(digest: str, arguments: Sequence[object]) -> object:
    raise AssertionError(f"nobody asked for {digest}{arguments}")


def run(world: MinecraftWorld, body: str, call_back: CallBack = no_host, **more: object) -> ProgramReport:
    source = f"async function main(bot, x) {{\n{body}\n}}"
    request = {"source": source, "entry": "main", "seconds": 30, **more}
    return world.run_program(ProgramRequest.model_validate(request), call_back)


def module(source: str, entry: str, **dependencies: str) -> dict[str, object]:
    return {
        "name": entry,
        "digest": entry,
        "entry": entry,
        "language": "javascript",
        "source": source,
        "dependencies": dependencies,
    }


def test_voyagers_primitives_change_the_world(world: MinecraftWorld, server: FixtureServer) -> None:
    report = run(
        world,
        'await mineBlock(bot, "oak_log", 2)\n'
        'await craftItem(bot, "oak_planks", 1)\n'
        'bot.chat("I have " + bot.inventory.count(mcData.itemsByName.oak_planks.id))',
    )
    assert report.failure is None
    assert report.log == "I have 4\n"
    assert [call.name for call in report.calls] == ["mineBlock", "craftItem"]
    assert world.observe().inventory == {"oak_log": 1, "oak_planks": 4}
    assert server.inventory("Tester") == {"oak_log": 1, "oak_planks": 4}


def test_modules_have_a_scope_each_and_call_one_another(world: MinecraftWorld) -> None:
    twice = module("const factor = 2\nasync function twice(bot, x) { return factor * x }", "twice")
    more = module(
        "const factor = 3\nasync function more(bot, x) { return factor + (await twice(bot, x)) }",
        "more",
        twice="twice",
    )
    report = run(
        world,
        "return { found: await more(bot, x) }",
        arguments=(21,),
        roots={"more": "more"},
        modules={"twice": twice, "more": more},
    )
    assert report.result == {"found": 45}
    assert report.skills_called == {"more": 1, "twice": 1}


def test_an_error_in_a_module_has_its_line(world: MinecraftWorld) -> None:
    broken = module("async function broken(bot) {\n  null.foo\n}", "broken")
    failure = run(world, "await broken(bot)", roots={"broken": "broken"}, modules={"broken": broken}).failure
    assert failure is not None
    assert (failure.module, failure.line) == ("broken", 2)


def test_a_python_skill_is_a_promise_and_uses_the_world(world: MinecraftWorld, server: FixtureServer) -> None:
    gather = {"name": "gather", "digest": "d1", "entry": "gather", "language": "python"}
    report = run(
        world,
        'return 1 + await gather(bot, "oak_log")',
        lambda digest, arguments: world.mine(*arguments) if digest == "d1" else None,
        roots={"gather": "d1"},
        modules={"d1": gather},
    )
    assert report.result == 2
    assert server.inventory("Tester") == {"oak_log": 1}


def test_python_skills_that_are_called_at_once_run_one_after_the_other(world: MinecraftWorld) -> None:
    skill = {"name": "rest", "digest": "d1", "entry": "rest", "language": "python"}
    under_way: list[object] = []

    def rest(digest: str, arguments: Sequence[object]) -> int:
        under_way.append(digest)
        world.wait(1)
        assert len(under_way) == 1
        under_way.pop()
        return len(arguments)

    report = run(
        world,
        "return (await Promise.all(Array.from({ length: 60 }, () => rest(bot, 1)))).length",
        rest,
        roots={"rest": "d1"},
        modules={"d1": skill},
    )
    assert report.result == 60


@pytest.mark.parametrize(
    ("limit", "body", "stopped"),
    [
        ({"output": 1024}, "for (;;) console.log('x'.repeat(100))", "output"),
        ({"calls": 3}, "for (;;) await mineBlock(bot, 'dirt', 0)", "calls"),
        ({}, "for (;;) try { await mineBlock(bot, 'no', 1) } catch {}", "failures"),
        ({"seconds": 2}, "while (true) {}", "deadline"),
        ({"seconds": 2}, "await new Promise(() => {})", "deadline"),
    ],
)
def test_a_limit_ends_a_program(
    world: MinecraftWorld, limit: dict[str, object], body: str, stopped: str
) -> None:
    assert run(world, body, **limit).stopped == stopped
    assert world.observe().health == 20


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("const nothing = null\nnothing.foo", 3, "Cannot read properties of null"),
        ("\n\nawait mineBlock(bot, 'oak_lgo', 1)", 4, "did you mean oak_log?"),
        ("const y = ;", 2, "Unexpected token"),
        ("await bot.pathfinder.goto(new GoalBlock(0, 90, 0))", 2, "no way to it"),
        ("await main2(bot)\n}\nasync function main2(bot) {\n  throw new Error('here')", 5, "here"),
    ],
)
def test_an_error_has_the_programs_line(world: MinecraftWorld, body: str, line: int, words: str) -> None:
    failure = run(world, body).failure
    assert failure is not None
    assert (failure.module, failure.line) == (None, line)
    assert words in failure.message


@pytest.mark.parametrize("body", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_a_program_may_not_reach_is_said(world: MinecraftWorld, body: str) -> None:
    failure = run(world, body).failure
    assert failure is not None
    assert failure.message.startswith("a program may not")
    assert "\n" not in failure.message
    assert failure.line == 2


def test_what_a_program_leaves_behind_does_not_reach_the_next(world: MinecraftWorld) -> None:
    before = world.link.pid
    run(world, "globalThis.mark = 1; setInterval(() => { bot.setControlState('jump', true) }, 10)")
    assert world.link.pid != before
    assert run(world, "return typeof mark").result == "undefined"


def test_a_program_is_given_the_names_that_a_library_is_checked_against(world: MinecraftWorld) -> None:
    own = run(world, "return Object.keys(globalThis)").result
    assert isinstance(own, list)
    assert set(own) - LANGUAGE == WORLD
    asked = ", ".join(f"{name}: typeof {name}" for name in sorted(LANGUAGE - {"undefined"} | WORLD))
    told = run(world, f"return {{ {asked} }}")
    assert told.failure is None
    assert isinstance(told.result, dict)
    assert [name for name, kind in told.result.items() if kind == "undefined"] == []
